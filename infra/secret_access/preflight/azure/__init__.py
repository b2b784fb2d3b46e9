"""Whether a subscription of Azure is ready, asked with the caller's own credentials."""
