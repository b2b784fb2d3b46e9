"""What stands in a pod: the sidecar, the ServiceAccount, and workloads made of both."""
