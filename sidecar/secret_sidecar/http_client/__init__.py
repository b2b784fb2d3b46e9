"""How a vault is asked: HTTP, proxies, TLS, and trying again."""
