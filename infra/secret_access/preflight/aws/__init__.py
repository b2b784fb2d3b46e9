"""Whether an AWS account is ready, asked with the caller's own credentials."""
