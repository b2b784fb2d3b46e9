"""Google Cloud's Secret Manager, through workload identity."""
