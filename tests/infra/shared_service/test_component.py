"""What SharedSecretService asks of Kubernetes."""

from typing import Any

import pytest

from secret_access import SharedSecretServiceArgs
from secret_access.pods import caller, sidecar_container
from tests.infra.components import ROLES, shared_args, shared_service
from tests.infra.engine import Later, World, run

KINDS = {
    "account": "kubernetes:core/v1:ServiceAccount",
    "policy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "budget": "kubernetes:policy/v1:PodDisruptionBudget",
    "service": "kubernetes:core/v1:Service",
    "deployment": "kubernetes:apps/v1:Deployment",
}
LABELS = {"app.kubernetes.io/name": "secrets"}


def world(**changed: Any) -> World:
    return run(shared_service(**changed))


def inputs(kind: str, **changed: Any) -> dict[str, Any]:
    return world(**changed).one(KINDS[kind]).inputs


def pod(**changed: Any) -> dict[str, Any]:
    spec: dict[str, Any] = inputs("deployment", **changed)["spec"]["template"]["spec"]
    return spec


def env(**changed: Any) -> dict[str, str]:
    (container,) = pod(**changed)["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}


def test_it_makes_five_things_of_one_name() -> None:
    """All are children of the component, named and labelled alike, in the service's namespace."""
    made = world()
    for kind in KINDS.values():
        asked = made.one(kind)
        assert asked.parent == "secrets"
        assert asked.inputs["metadata"] == {"name": "secrets", "namespace": "platform", "labels": LABELS}
    assert made.outputs["secrets"] == {
        "namespace": "platform",
        "serviceName": "secrets",
        "url": "https://secrets.platform.svc:8080",
        "audience": "sts.amazonaws.com",
        "hosts": ["secrets.platform.svc", "secrets.platform.svc.cluster.local", "secrets.platform"],
        "callerAccess": caller.access("https://secrets.platform.svc:8080", "sts.amazonaws.com", 3600, None),
    }
    assert inputs("service", service_name="vault-reader")["metadata"]["name"] == "vault-reader"


def test_it_holds_no_identity() -> None:
    """The ServiceAccount has no annotation of any cloud, and no token is in the pod, whoever would put it there."""
    account = inputs("account")
    assert "annotations" not in account["metadata"]
    assert account["automountServiceAccountToken"] is False
    template = pod()
    assert template["serviceAccountName"] == "secrets"
    assert template["automountServiceAccountToken"] is False
    assert [sorted(volume) for volume in template["volumes"]] == [["name", "secret"]]
    assert not [name for name in env() if "TOKEN" in name or "ACCESS_KEY" in name or name == "AWS_ROLE_ARN"]


def test_its_pods_are_told_of_the_vault_and_of_each_callers_role() -> None:
    """The variables are those of the sidecar's shared mode."""
    folder = "/var/run/secrets/secret-access/certificate"
    assert env(sidecar_env={"SECRETS_CACHE_TTL": "10"}) == {
        "SECRETS_MODE": "shared",
        "SECRETS_BACKEND": "aws",
        "SECRETS_PORT": "8080",
        "SECRETS_HEALTH_PORT": "8081",
        "SECRETS_TLS_CERT_FILE": f"{folder}/tls.crt",
        "SECRETS_TLS_KEY_FILE": f"{folder}/tls.key",
        "SECRETS_SHARED_HOSTS": "secrets.platform.svc,secrets.platform.svc.cluster.local,secrets.platform",
        "AWS_REGION": "us-east-1",
        "SECRETS_SHARED_ROLE_ARN": ROLES,
        "SECRETS_CACHE_TTL": "10",
    }


def test_its_pods_are_as_strict_as_a_sidecar() -> None:
    """Fit for the Pod Security Standard `restricted`; probes and container are the sidecar's."""
    template = pod()
    assert template["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (container,) = template["containers"]
    assert container["securityContext"] == sidecar_container.security_context(65532)
    assert {name: container[name] for name in sidecar_container.probes()} == sidecar_container.probes()
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert set(container["resources"]["limits"]) == {"memory"}
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert template["enableServiceLinks"] is False


def test_there_is_always_one_to_ask() -> None:
    """Two pods on two nodes where there are two; a new one before an old one ends; drains take one at a time."""
    deployment = inputs("deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    template = deployment["template"]["spec"]
    (spread,) = template["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["labelSelector"]) == ("kubernetes.io/hostname", {"matchLabels": LABELS})
    assert spread["matchLabelKeys"] == ["pod-template-hash"]
    (wish,) = template["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    zone = {"labelSelector": {"matchLabels": LABELS}, "topologyKey": "topology.kubernetes.io/zone"}
    assert wish["podAffinityTerm"] == zone
    budget = inputs("budget")["spec"]
    assert (budget["maxUnavailable"], budget["selector"]) == (1, {"matchLabels": LABELS})


def test_the_number_of_pods_may_be_left_to_an_autoscaler() -> None:
    """A number in the Deployment would undo the autoscaler's at each `up`."""
    for word in ("autoscaled", Later("autoscaled")):
        assert "replicas" not in inputs("deployment", replicas=word)["spec"]


@pytest.mark.parametrize(
    ("timeout", "delay", "grace"),
    [(None, None, 30), ("19.5", None, 30), ("20.5", None, 31), ("60", None, 70), ("60", "60", 125), (None, "30", 40)],
)
def test_a_pod_that_ends_has_the_time_to_answer(timeout: str | None, delay: str | None, grace: int) -> None:
    """As long as it is still routed to, and as its longest read may take after that, with seconds to spare."""
    given = {"SECRETS_TIMEOUT": timeout, "SECRETS_SHARED_SHUTDOWN_DELAY": delay}
    settings = {name: value for name, value in given.items() if value is not None}
    assert pod(sidecar_env=settings)["terminationGracePeriodSeconds"] == grace


def test_writes_are_a_choice() -> None:
    """Read alone, unless the platform says otherwise; the caller's own identity decides in either case."""
    assert "SECRETS_ACCESS" not in env()
    assert env(access="read_write")["SECRETS_ACCESS"] == "read_write"


def test_the_image_may_come_from_a_private_registry() -> None:
    """The ServiceAccount has the credentials' name, and the pods the policy."""
    account = inputs("account", image_pull_secrets=["registry"])
    assert account["imagePullSecrets"] == [{"name": "registry"}]
    assert pod(image_pull_policy="Always")["containers"][0]["imagePullPolicy"] == "Always"


def test_the_service_leads_to_the_api_alone() -> None:
    """Health and metrics are no part of the Service; its port is the one that `url` names."""
    service = inputs("service")["spec"]
    assert service["selector"] == LABELS
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(8080, "api")]
    ports = {port["name"]: port["containerPort"] for port in pod()["containers"][0]["ports"]}
    assert ports == {"api": 8080, "health": 8081}


def namespaces(rule: dict[str, Any]) -> list[str]:
    (source,) = rule["from"]
    (named,) = source["namespaceSelector"]["matchExpressions"]
    assert (named["key"], named["operator"]) == ("kubernetes.io/metadata.name", "In")
    values: list[str] = named["values"]
    return values


def test_only_the_namespaces_given_get_in() -> None:
    """Callers' namespaces to the API, those that collect metrics to the health port, nobody else."""
    (rule,) = inputs("policy")["spec"]["ingress"]
    assert (namespaces(rule), [port["port"] for port in rule["ports"]]) == (["prod", "test"], [8080])
    policy = inputs("policy", metrics_namespaces=["monitoring"])["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert policy["podSelector"] == {"matchLabels": LABELS}
    _, metrics = policy["ingress"]
    assert (namespaces(metrics), [port["port"] for port in metrics["ports"]]) == (["monitoring"], [8081])


def test_no_pod_starts_before_the_network_policy_is_there() -> None:
    """The Deployment waits for the policy and the ServiceAccount."""
    waits = world().one(KINDS["deployment"]).waits_for
    assert {"secrets-network-policy", "secrets-service-account"} <= waits


def test_a_certificate_may_come_from_a_csi_driver() -> None:
    """Then its key is in no Secret."""
    source = {"csi": {"driver": "csi.cert-manager.io", "readOnly": True}}
    assert pod(certificate=source)["volumes"] == [{"name": "certificate", **source}]


def test_outputs_as_arguments_ask_for_the_same() -> None:
    """Every argument may be known later."""
    args = shared_args(
        service_name="secrets",
        access="read_write",
        replicas=3,
        ca_config_map="secrets-ca",
        token_expiration_seconds=600,
        metrics_namespaces=["monitoring"],
        sidecar_env={"SECRETS_CACHE_TTL": "10"},
        sidecar_files={"/etc/ca": {"configMap": {"name": "ca"}}},
        sidecar_resources={"limits": {"memory": "1Gi"}},
        sidecar_user=1000,
        image_pull_policy="Always",
        image_pull_secrets=["registry"],
    )
    assert set(args) == set(SharedSecretServiceArgs.__annotations__)
    aws = args["backend"]["aws"]
    for backend in (
        Later(args["backend"]),
        {"aws": Later(aws)},
        {"aws": {key: Later(value) for key, value in aws.items()}},
    ):
        later = {key: Later(value) for key, value in args.items()} | {"backend": backend}
        for kind in KINDS:
            assert inputs(kind, **later) == inputs(kind, **args)


@pytest.mark.parametrize("number", [2, 3.0])
def test_numbers_of_other_languages_are_whole(number: float) -> None:
    """They arrive as floats."""
    assert inputs("deployment", replicas=number)["spec"]["replicas"] == int(number)


def test_the_user_may_be_left_to_the_platform() -> None:
    """OpenShift gives each namespace users of its own."""
    for word in ("platform", Later("platform")):
        context = pod(sidecar_user=word)["containers"][0]["securityContext"]
        assert not {"runAsUser", "runAsGroup"} & set(context)
    assert pod(sidecar_user=1000)["containers"][0]["securityContext"]["runAsUser"] == 1000
