"""Azure: a namespace's identity at Entra, and what it may do in Key Vault."""
