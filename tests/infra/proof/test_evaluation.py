"""Which namespaces a verdict is about: those whose identities stand in the documents, and no others."""

from collections.abc import Callable, Sequence

import pytest

from secret_access.proof.errors import DocumentError
from secret_access.proof.evaluation import evaluate, without_identities
from secret_access.proof.isolation import Verdict
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof import azure_documents, documents, test_gcp, test_vault
from tests.infra.proof.test_declared import component, deployment

CLOUDS: dict[str, Callable[..., list[Resource]]] = {
    "aws": documents.namespaces,
    "gcp": test_gcp.namespaces,
    "azure": azure_documents.with_own_vaults,
    "vault": test_vault.namespaces,
}


def verdict(made: Sequence[Resource], **prefixes: str) -> Verdict:
    (found,) = evaluate(made, prefixes, ())
    return found


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_namespace_whose_identity_is_in_no_document_is_not_judged(cloud: str) -> None:
    """Its pods or its component say that it has one; what that may use, no document tells."""
    isolated = CLOUDS[cloud]("test", "prod")
    assert without_identities(isolated, [verdict(isolated)]) == [verdict(isolated)]
    kind = f"{cloud.title()}SecretAccess"
    pods = deployment("shop", SECRETS_BACKEND=cloud, SECRETS_PREFIX="shop/")
    other = test_gcp.namespaces("test") if cloud == "aws" else documents.namespaces("test")
    for made in (pods, component(kind, namespace="shop")):
        for whole in ([*isolated, made], [*other, made]):
            verdicts = evaluate(whole, {}, ())
            (found,) = [each for each in without_identities(whole, verdicts) if each.cloud == cloud]
            assert found.undecided == ("namespace shop has no identity among the documents that may use a secret",)
            assert "shop" not in found.judged


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_prefix_alone_makes_no_namespace_that_is_counted(cloud: str) -> None:
    """It is one more prefix that the others are asked for."""
    found = verdict(CLOUDS[cloud]("test", "prod"), shop="team-a/shop/")
    assert (found.judged, found.cells, found.undecided) == (("prod", "test"), 6, ())
    assert found.unreadable == ("shop",)


def test_a_prefix_is_of_the_cloud_that_has_the_namespace() -> None:
    """In a program for two, the other one has nothing to say of it."""
    made = [*documents.namespaces("shop"), *test_vault.namespaces("pay")]
    found = evaluate(made, {"shop": "shop/"}, ())
    assert [(each.cloud, each.judged, each.unreadable) for each in found] == [
        ("aws", ("shop",), ()),
        ("vault", ("pay",), ()),
    ]


def test_pods_of_a_namespace_with_several_prefixes_leave_it_undecided() -> None:
    """One of them is its own, and the proof is about that; who deploys pods does not choose."""
    pods = [deployment("test", SECRETS_BACKEND="vault", SECRETS_PREFIX=prefix) for prefix in ("prod/", "test/")]
    made = [*test_vault.namespaces("test"), *pods]
    assert verdict(made).undecided == (
        "the pods of namespace test have several prefixes, prod/, test/: give the one that is its own",
    )
    assert verdict(made, test="test/").undecided == ()
    assert verdict([*test_vault.namespaces("test"), *pods[1:]]).undecided == ()
    assert verdict([*made, component("VaultSecretAccess", namespace="test")]).undecided == ()


@pytest.mark.parametrize("prefix", ["", "shop", "*"])
def test_a_prefix_that_ends_in_no_slash_is_refused(prefix: str) -> None:
    """With the empty one every name would be the namespace's own, or everybody's."""
    made = documents.namespaces("test")
    for prefixes, shared in (({"test": prefix}, ()), ({}, (prefix,))):
        with pytest.raises(DocumentError, match="expected one such as team-a/shop/"):
            evaluate(made, prefixes, shared)


UNREAD: dict[str, tuple[str, Resource]] = {
    "a template of CloudFormation": (
        "aws",
        documents.resource("aws:cloudformation/stack:Stack", "it", templateBody='{"Type": "AWS::IAM::Role"}'),
    ),
    "a provider of Terraform's registry": ("aws", documents.resource("aws:index/iamRole:IamRole", "it")),
    "an operator's object": ("gcp", documents.resource("kubernetes:iam.cnrm.cloud.google.com/v1beta1:IAMPolicy", "it")),
    "a template of Azure's": (
        "azure",
        documents.resource("azure-native:resources:Deployment", "it", properties='{"Microsoft.Authorization/role": 1}'),
    ),
    "a template of Azure's for a subscription": (
        "azure",
        documents.resource(
            "azure-native:resources:DeploymentAtSubscriptionScope",
            "it",
            properties='{"Microsoft.Authorization/role": 1}',
        ),
    ),
    "a template of Azure's from elsewhere": (
        "azure",
        documents.resource(
            "azure-native:resources:Deployment", "it", properties='{"templateLink": {"uri": "https://a"}}'
        ),
    ),
    "a template of Azure's that is known later": (
        "azure",
        documents.resource("azure-native:resources:Deployment", "it", properties=f'{{"template": "{UNKNOWN}"}}'),
    ),
    "an endpoint of Vault's that is known later": (
        "vault",
        documents.resource("vault:generic/endpoint:Endpoint", "it", path=UNKNOWN),
    ),
    "an endpoint of Vault's": ("vault", documents.resource("vault:generic/endpoint:Endpoint", "it", path="auth/jwt/a")),
    "a secret of Vault's that is none": (
        "vault",
        documents.resource("vault:generic/secret:Secret", "it", path="sys/policies/acl/a"),
    ),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_may_decide_and_is_read_by_nothing_leaves_its_cloud_undecided(case: str) -> None:
    """The others of the same program are proven as before."""
    decides, made = UNREAD[case]
    for cloud, namespaces in CLOUDS.items():
        found = verdict([*namespaces("test", "prod"), made])
        assert found.breaches == ()
        assert [each.startswith("it ") for each in found.undecided] == [True] * (cloud == decides)
