"""Azure Key Vault, through workload identity."""
