"""Google Cloud's documents as sets of strings: whose tokens a binding is for, and which secrets it holds for."""
