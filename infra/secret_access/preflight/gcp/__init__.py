"""Whether a project of Google Cloud is ready, asked with the caller's own credentials."""
