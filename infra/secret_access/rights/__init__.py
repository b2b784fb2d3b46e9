"""Rights in the cluster: what a namespace's developers may do, and who alone may use its identity."""
