"""Identities on Google Cloud: principals of workload identity pools and service accounts, for Secret Manager."""
