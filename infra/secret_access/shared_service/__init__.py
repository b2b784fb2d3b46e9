"""One service for pods that cannot have a sidecar; it holds no identity."""
