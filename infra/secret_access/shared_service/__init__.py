"""A service for pods that cannot have a sidecar; it has no identity of its own."""
