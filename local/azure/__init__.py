"""Azure on the laptop: a fake of Entra, Azure Resource Manager and Key Vault, and the account as its owner sees it.

Each verifies what the real one verifies, and Azure's own clients accept them; nothing that can be had verifies more.
"""
