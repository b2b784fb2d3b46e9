"""The sidecar that AwsSecretAccess gives to pods: its settings, its container, its health port."""

import pytest

from secret_access import InvalidArgument
from tests.infra.aws.component import ROLE_ARN
from tests.infra.components import aws_access, environment
from tests.infra.engine import Later, run


def test_the_sidecar_is_told_whose_secrets_it_serves() -> None:
    """The environment is the sidecar's contract; without names and endpoint those are left out."""
    assert environment(run(aws_access())) == {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": "test",
        "SECRETS_PREFIX": "test/",
        "SECRETS_PORT": "8080",
        "SECRETS_HEALTH_PORT": "8081",
        "AWS_REGION": "us-east-1",
        "AWS_ROLE_ARN": ROLE_ARN,
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/secret-access/aws/token",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SECRETS_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
    }


def test_names_endpoint_port_and_lifetime_reach_the_pod() -> None:
    """What the caller says of the sidecar is in its environment, its volume and its address."""
    world = run(
        aws_access(
            secrets=["database-password", Later("test/api-key")],
            endpoint_url="http://10.78.0.1:4566",
            port=8200.0,
            token_expiration_seconds=600.0,
            app_containers=["web", "worker"],
        )
    )
    told, outputs = environment(world), world.outputs["test"]
    assert told["SECRETS_NAMES"] == "database-password,test/api-key"
    assert told["AWS_ENDPOINT_URL"] == "http://10.78.0.1:4566"
    assert (told["SECRETS_PORT"], outputs["url"]) == ("8200", "http://localhost:8200")
    assert outputs["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 600
    assert outputs["podAnnotations"] == {"eks.amazonaws.com/skip-containers": "web,worker,secrets"}


def test_the_sidecar_is_a_restricted_native_sidecar_with_probes_on_the_health_port() -> None:
    """It restarts by itself, runs as nobody, writes nowhere, and is probed beside its API."""
    sidecar = run(aws_access()).outputs["test"]["sidecar"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert sidecar["ports"] == [{"name": "health", "containerPort": 8081}]
    probes = {name: sidecar[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {
        "startupProbe": {"path": "/healthz", "port": "health"},
        "livenessProbe": {"path": "/healthz", "port": "health"},
        "readinessProbe": {"path": "/readyz", "port": "health"},
    }
    assert sidecar["resources"] == {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    assert sidecar["volumeMounts"] == [
        {"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access/aws", "readOnly": True}
    ]


def test_the_sidecars_own_settings_can_be_given() -> None:
    """Cache, time-out, events, proxies and FIPS are its variables; they stand beside those that are set for it."""
    given = {
        "SECRETS_CACHE_TTL": "10",
        "SECRETS_STALE_IF_ERROR": "60",
        "SECRETS_TIMEOUT": "2",
        "SECRETS_EVENTS_INTERVAL": "60",
        "SECRETS_TOKEN_FILE": "/etc/token/token",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }
    files = {"/etc/token": {"csi": {"driver": "tokens.example"}}}
    told = environment(run(aws_access(sidecar_env=given, sidecar_files=files)))
    assert {name: told[name] for name in given} == given
    assert told["SECRETS_NAMESPACE"] == "test"


def test_the_sidecars_resources_user_and_files_can_be_given() -> None:
    """A platform may leave the user to itself, as OpenShift wants it; files are mounted to be read."""
    resources = {"limits": {"memory": "1Gi"}}
    source = {"configMap": {"name": "ca"}}
    world = run(aws_access(sidecar_resources=resources, sidecar_user=1000, sidecar_files={"/etc/ca": source}))
    outputs = world.outputs["test"]
    assert outputs["sidecar"]["resources"] == resources
    assert outputs["sidecar"]["securityContext"]["runAsUser"] == 1000
    assert outputs["sidecar"]["volumeMounts"][1] == {
        "name": "secret-access-files-0",
        "mountPath": "/etc/ca",
        "readOnly": True,
    }
    assert outputs["volumes"][1] == {"name": "secret-access-files-0", **source}
    left = run(aws_access(sidecar_user="platform")).outputs["test"]["sidecar"]["securityContext"]
    assert not {"runAsUser", "runAsGroup"} & set(left)
    assert left["runAsNonRoot"] is True


def test_why_the_sidecar_ended_is_where_people_look() -> None:
    """`kubectl describe pod` shows the last lines of its log as the message of a termination."""
    assert run(aws_access()).outputs["test"]["sidecar"]["terminationMessagePolicy"] == "FallbackToLogsOnError"


POLICY_OF_NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def test_the_health_port_is_open_to_those_who_collect_metrics_alone_where_asked() -> None:
    """Every other port of the pods stays as open as it was, and without asking there is no policy at all."""
    assert run(aws_access()).of(POLICY_OF_NETWORK) == []
    world = run(aws_access(metrics_namespaces=["monitoring"], labels={"team": "a"}))
    policy = world.one(POLICY_OF_NETWORK)
    assert policy.inputs["metadata"] == {"name": "secret-access-health", "namespace": "test"}
    assert world.outputs["test"]["podLabels"] == {"team": "a", "secret-access/sidecar": "secret-access"}
    spec = policy.inputs["spec"]
    assert spec["podSelector"] == {"matchLabels": {"secret-access/sidecar": "secret-access"}}
    everything, metrics = spec["ingress"]
    assert "from" not in everything
    assert [(port["protocol"], port["port"], port["endPort"]) for port in everything["ports"]] == [
        ("TCP", 1, 8080),
        ("TCP", 8082, 65535),
        ("UDP", 1, 65535),
        ("SCTP", 1, 65535),
    ]
    assert metrics["ports"] == [{"port": 8081, "protocol": "TCP"}]
    (source,) = metrics["from"]
    assert source["namespaceSelector"]["matchExpressions"][0]["values"] == ["monitoring"]


def test_an_output_that_is_nothing_closes_no_health_port() -> None:
    """By then it is decided that there is a policy, which would keep out those who collect metrics."""
    with pytest.raises(InvalidArgument, match="metrics_namespaces: given None, expected a list"):
        run(aws_access(metrics_namespaces=Later(None)))


def test_the_health_port_may_be_open_to_nobody() -> None:
    """The kubelet, which probes from the node, is let in by every network plugin that is to work with probes."""
    spec = run(aws_access(metrics_namespaces=[])).one(POLICY_OF_NETWORK).inputs["spec"]
    assert len(spec["ingress"]) == 1
