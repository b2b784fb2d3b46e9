"""What keeps a cluster from having identities, found before the first `pulumi up`."""
