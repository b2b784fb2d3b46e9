"""Identities on AWS: IAM roles for ServiceAccounts, and secrets in AWS Secrets Manager."""
