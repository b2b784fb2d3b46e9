"""Who can read what, decided from the documents that a stack is about to create: the command `secret-access evaluate`.

strings.py and emptiness.py are the prover: sets of strings, and whether one is empty. aws/ turns AWS's documents into
such sets, gcp/, azure/ and vault/ do so with Google's, Azure's and Vault's, and isolation.py asks them for
each namespace and each namespace's names.
"""
