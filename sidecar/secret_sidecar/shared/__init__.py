"""The shared mode: one service for many callers, with no identity of its own."""
