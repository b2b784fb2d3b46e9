"""Whether an AWS account is ready, asked with the credentials of whoever runs the check."""
