"""Vault's documents as sets of strings: whose tokens log in to a role, which paths its policies allow."""
