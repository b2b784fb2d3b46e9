"""The rules of the policy pack `infra/policy`: pure functions over resources as a program asks for them.

catalogue.py lists the rules. Each other module is about one kind of mistake, or reads documents for those that are.
"""
