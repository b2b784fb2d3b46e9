"""AWS on the laptop: MiniStack, restricted where it is more open than AWS; and the account as its root sees it."""
