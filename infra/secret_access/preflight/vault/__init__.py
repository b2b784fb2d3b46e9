"""Whether a Vault is ready, asked with the caller's own token."""
