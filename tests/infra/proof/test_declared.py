"""What the pods of a stack are told of their secrets."""

from typing import Any

from secret_access.proof.declared import prefixes
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import namespaces, permissions, role, role_policy


def deployment(namespace: str, **settings: Any) -> Resource:
    env = [{"name": name, "value": value} for name, value in settings.items()]
    spec = {"template": {"spec": {"initContainers": [{"name": "secret-sidecar", "env": env}]}}}
    inputs = {"metadata": {"namespace": namespace}, "spec": spec}
    return Resource("urn", "kubernetes:apps/v1:Deployment", inputs, {})


def test_a_sidecars_prefix_is_its_namespaces() -> None:
    """For the vault that it reads."""
    made = [deployment("shop", SECRETS_BACKEND="vault", SECRETS_PREFIX="team-a/shop/")]
    assert prefixes(made, "vault") == {"shop": "team-a/shop/"}
    assert prefixes(made, "aws") == {}


def component(kind: str, **inputs: Any) -> Resource:
    return Resource(f"urn::{kind}", f"secret-access:index:{kind}", inputs, {})


def test_a_packaged_component_says_its_prefix() -> None:
    """It prevails over pods, which say what somebody gave them; one that is known later says nothing."""
    made = [component("VaultSecretAccess", namespace="shop", secretPrefix="team-a/shop/")]
    assert prefixes(made, "vault") == {"shop": "team-a/shop/"}
    assert prefixes(made, "gcp") == {}
    assert prefixes([component("GcpSecretAccess", namespace="shop")], "gcp") == {"shop": "shop/"}
    assert prefixes([component("GcpSecretAccess", namespace="shop", secretPrefix=UNKNOWN)], "gcp") == {}
    pods = deployment("shop", SECRETS_BACKEND="vault", SECRETS_PREFIX="prod/")
    assert prefixes([*made, pods], "vault") == {"shop": "team-a/shop/"}


def test_containers_without_a_prefix_say_nothing() -> None:
    """Nor do manifests without a namespace, or with what is not known yet."""
    unknown = Resource("urn", "kubernetes:apps/v1:Deployment", {"metadata": "04da6b54"}, {})
    assert prefixes([deployment("shop", A="b"), unknown], "aws") == {}
    assert prefixes([deployment(UNKNOWN, SECRETS_BACKEND="aws", SECRETS_PREFIX="shop/")], "aws") == {}


def test_a_prefix_that_ends_in_no_slash_declares_nothing() -> None:
    """With the empty one every name would be the namespace's own, and nothing a breach."""
    for prefix in ("", "shop", "*"):
        assert prefixes([deployment("shop", SECRETS_BACKEND="aws", SECRETS_PREFIX=prefix)], "aws") == {}


def test_a_roles_description_prevails_over_its_sidecars_settings() -> None:
    settings = [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": "live/"}]
    pods = Resource(
        "urn:pulumi:test::secret-access::kubernetes:apps/v1:Deployment::app",
        "kubernetes:apps/v1:Deployment",
        {"metadata": {"namespace": "test"}, "spec": {"containers": [{"env": settings}]}},
        {},
    )
    widened = [role("test"), role_policy("test", permissions("live/")), *namespaces("prod"), pods]
    assert [each.name for each in evaluate(widened, {}, ())[0].breaches] != []
