"""Identities in HashiCorp Vault and OpenBao: roles of JWT auth, and secrets in a KV engine of version 2."""
