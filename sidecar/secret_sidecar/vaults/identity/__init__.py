"""What the vaults' identities share: credentials, renewed ahead of their end."""
