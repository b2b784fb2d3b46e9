"""The vaults: what each needs is in its own package, what they share beside them."""
