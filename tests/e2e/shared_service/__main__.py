"""The shared service in front of the laptop environment's AWS, and what the pods that call it need.

It makes no roles: `test` and `prod` have theirs from the local stacks, under the names that the template expects. Nor
does it make test's ServiceAccount, as which the workload's pods call.
"""

import pulumi
import pulumi_kubernetes as k8s

from secret_access import SecretWorkload, SharedSecretService

config = pulumi.Config()
cluster = k8s.Provider(
    "kubernetes", cluster_identifier="local", context="local", kubeconfig=config.require("kubeconfig")
)
roles = f"arn:aws:iam::{config.require('account')}:role/secret-access-local-{{namespace}}"
shared = SharedSecretService(
    "secrets",
    {
        "namespace": "platform",
        "sidecar_image": "localhost/secret-sidecar:dev",
        "backend": {
            "aws": {
                "role_arn": roles,
                "region": config.require("region"),
                "endpoint_url": config.require("endpoint"),
            }
        },
        "certificate": {"secret": {"secretName": "secrets-tls"}},
        "caller_namespaces": ["test", "prod", "stranger"],
        "ca_config_map": "secrets-ca",
    },
    pulumi.ResourceOptions(providers=[cluster]),
)
waiting = {"name": "app", "command": ["python3", "-c", "import signal; signal.sigwait({signal.SIGTERM})"]}
SecretWorkload(
    "caller",
    {
        "access": {
            "namespace": "test",
            "service_account_name": "secret-access",
            "pod_labels": {},
            "pod_annotations": {},
            # what a caller does without
            "sidecar": {},
            "volumes": [],
            "url": "",
        },
        "caller": shared.caller_access,
        "image": "localhost/secret-access-app:dev",
        "pod": {
            "spec": {
                "terminationGracePeriodSeconds": 1,
                **config.require_object("caller_pod"),
                "containers": [waiting],
            }
        },
    },
    pulumi.ResourceOptions(providers=[cluster]),
)
pulumi.export("caller", shared.caller_access)
pulumi.export("hosts", shared.hosts)
