"""The parts of a pod: the sidecar, the ServiceAccount, and workloads that use both."""
