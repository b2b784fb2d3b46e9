"""AWS's documents as sets of strings: whose tokens a role trusts, which secrets a session may use."""
