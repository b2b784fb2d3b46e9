"""Fakes: small servers in the place of clouds that no test reaches. Each says what it verifies and what not."""
