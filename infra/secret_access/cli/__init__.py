"""The command `secret-access`: a module for each subcommand."""
