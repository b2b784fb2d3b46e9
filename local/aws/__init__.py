"""AWS on the laptop: MiniStack, closed where it is more open than AWS; and the account as its root sees it."""
