"""AWS Secrets Manager, through IAM roles."""
