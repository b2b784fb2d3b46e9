"""What a vault needs to exchange a caller's token for that caller's credentials: the shared mode's half of a vault."""
