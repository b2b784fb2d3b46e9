"""Azure's documents as sets of strings: whose tokens become an identity, and which secrets its roles let it use."""
