"""Fakes: small servers in place of clouds that no test reaches. Each says what it verifies and what it does not."""
