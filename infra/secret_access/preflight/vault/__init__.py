"""Whether a Vault is ready, asked with the token of whoever runs the check."""
