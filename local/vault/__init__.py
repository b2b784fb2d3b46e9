"""Vault on the laptop: an OpenBao server, a real one, and the account as its root sees it."""
