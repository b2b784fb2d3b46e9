"""The laptop environment: a real Kubernetes node and an AWS that decides, on one machine, without a cloud."""
