"""Where everything of the laptop environment is: folders, addresses, names. One environment per machine."""

from __future__ import annotations

import os
from pathlib import Path

import local

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""
STATE = ROOT / ".local"
"""Everything the environment writes in the checkout; ``make down`` leaves the logs, the images and the last matrix."""
MACHINE = STATE / "machine"
"""What the machine writes: keys, etcd's data, container layers."""
DIED = MACHINE / "died.json"
"""Which service ended by itself, and its exit code."""
PRIVATE = ("/run", "/var/lib", "/var/log")
"""Where containerd, the kubelet and the network plugins write at fixed paths: the machine has its own there."""
LOGS = STATE / "logs"
KUBECONFIG = STATE / "kubeconfig"
KUBECTL_CACHE = STATE / "kubectl-cache"
PKI = MACHINE / "pki"
IMAGES = STATE / "images"
PULUMI_BACKEND = STATE / "pulumi"
ISOLATION = STATE / "isolation.json"
TRAIL = LOGS / "aws-trail.jsonl"
"""One line per AWS call, as CloudTrail would have it."""

RUN = Path("/run/secret-access")
"""Which checkout has the machine, and what to restore when it ends."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secret-access"

HOST_LINK = "secret-access"
"""The host's end of the network link to the machine (an interface name: at most 15 characters)."""
HOST_ADDRESS = "10.78.0.254"
ADDRESS = local.ADDRESS
"""The machine's address: the API server, the clouds and the kubelet listen there, and nowhere else."""
POD_NETWORK = "10.77.0.0/24"
SERVICE_NETWORK = "10.96.0.0/24"
NODE = "local-node"
CGROUP = "secret-access"

ISSUER = f"https://{ADDRESS}"
"""The API server's own URL. Without a port, as IAM asks of an OIDC provider."""
AWS_URL = f"http://{ADDRESS}:4566"
AZURE_URL = f"https://{ADDRESS}:4571"
"""Entra and Azure Resource Manager; vaults have ports of their own, from the next one on."""
GOOGLE_URL = f"http://{ADDRESS}:4570"
VAULT_URL = f"http://{ADDRESS}:8200"
REGION = "us-east-1"
ACCOUNT = "111122223333"
ENVIRONMENTS = ("test", "prod")
"""Each has a stack and a namespace in each cloud."""
