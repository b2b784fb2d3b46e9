"""What PodEgress lets pods reach, and what it refuses."""

import ipaddress
from typing import Any, cast

import pytest

from secret_access import InvalidArgument, PodEgress, PodEgressArgs
from secret_access.pods.network_policy import METADATA
from tests.infra.components import Program
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
DELAYS = [lambda value: value, Later]


def egress(**changed: Any) -> Program:
    """A program that makes a PodEgress."""
    args = {"namespace": "test", **changed}
    return lambda: PodEgress("test", cast("PodEgressArgs", outputs_in(args)))


def spec(**changed: Any) -> dict[str, Any]:
    """The spec of its policy."""
    found: dict[str, Any] = run(egress(**changed)).one(POLICY).inputs["spec"]
    return found


def reaches(policy: dict[str, Any], address: str, port: int, protocol: str = "TCP") -> bool:
    """Whether a policy lets a pod reach an address outside the cluster (Kubernetes API, "NetworkPolicyEgressRule")."""
    asked = ipaddress.ip_address(address)

    def allowed(block: dict[str, Any]) -> bool:
        within = [asked in ipaddress.ip_network(one) for one in (block["cidr"], *block.get("except", []))]
        return within[0] and not any(within[1:])

    return any(
        ("ports" not in rule or {"protocol": protocol, "port": port} in rule["ports"])
        and ("to" not in rule or any(allowed(to["ipBlock"]) for to in rule["to"] if "ipBlock" in to))
        for rule in policy["egress"]
    )


@pytest.mark.parametrize("delay", DELAYS)
def test_pods_reach_the_vault_and_dns_and_no_metadata_server(delay: Any) -> None:
    """On any address by default, because a NetworkPolicy knows no host names."""
    world = run(egress(namespace=delay("test")))
    policy = world.one(POLICY).inputs
    assert policy["metadata"] == {"name": "secret-access-egress", "namespace": "test"}
    assert world.outputs["test"] == {"namespace": "test", "policyName": "secret-access-egress"}
    assert policy["spec"]["podSelector"] == {}
    assert policy["spec"]["policyTypes"] == ["Egress"]
    for vault in ("3.5.7.9", "2600:1f18::1"):
        assert reaches(policy["spec"], vault, 443)
        assert not reaches(policy["spec"], vault, 80)
        assert not reaches(policy["spec"], vault, 443, "UDP")
    assert reaches(policy["spec"], "10.0.0.10", 53, "UDP")
    for metadata in ("169.254.169.254", "169.254.170.23", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"):
        for port in (80, 443):
            assert not reaches(policy["spec"], metadata, port), metadata


def test_each_argument_changes_what_is_reached() -> None:
    """Ranges and ports of one's own; DNS and the agent of EKS Pod Identity by name; further rules as they are."""
    own = spec(cidrs=["10.20.0.0/24"], ports=[8200.0], dns=False, pod_labels={"app": "shop"})
    assert own["podSelector"] == {"matchLabels": {"app": "shop"}}
    assert reaches(own, "10.20.0.5", 8200)
    assert not reaches(own, "10.20.1.5", 8200)
    assert not reaches(own, "10.20.0.5", 443)
    assert not reaches(own, "10.0.0.10", 53, "UDP")
    agent = spec(pod_identity_agent=True)
    assert reaches(agent, "169.254.170.23", 80)
    assert reaches(agent, "fd00:ec2::23", 80)
    assert not reaches(agent, "169.254.169.254", 80)
    further = {"to": [{"podSelector": {"matchLabels": {"app": "database"}}}], "ports": [{"port": 5432}]}
    assert further in spec(further=[further])["egress"]


def test_exceptions_are_within_their_range() -> None:
    """Else the API server refuses the policy."""
    for cidr in ("0.0.0.0/0", "::/0", "169.254.0.0/16", "168.0.0.0/8", "10.0.0.0/8"):
        (rule, *_) = spec(cidrs=[cidr])["egress"]
        (block,) = (to["ipBlock"] for to in rule["to"])
        whole = ipaddress.ip_network(cidr)
        for inside in block.get("except", []):
            assert inside in METADATA
            assert ipaddress.ip_network(inside).subnet_of(cast("Any", whole))
            assert inside != cidr


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"cidrs": ["secretsmanager.us-east-1.amazonaws.com"]},
            ["cidrs: given 'secretsmanager", "knows no host names"],
        ),
        ({"cidrs": ["10.20.0.1/24"]}, ["cidrs: given '10.20.0.1/24'", "write 10.20.0.0/24"]),
        ({"cidrs": ["10.20.0.1"]}, ["cidrs: given '10.20.0.1'", "write 10.20.0.1/32"]),
        ({"cidrs": []}, ["cidrs: given []", "any address"]),
        ({"cidrs": "0.0.0.0/0"}, ["cidrs", "write ['0.0.0.0/0']"]),
        ({"cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}, ["cidrs: given '10.0.0.0/8'", "once"]),
        ({"namespace": "*"}, ["namespace: given '*'"]),
        ({"ports": []}, ["ports: given []", "leave it out for 443"]),
        ({"ports": ["443"]}, ["ports: given '443'", "1 to 65535"]),
        ({"ports": [0]}, ["ports: given 0", "1 to 65535"]),
        ({"ports": 443}, ["ports: given 443", "a list"]),
        ({"dns": "no"}, ["dns: given 'no'"]),
        ({"pod_labels": {"app": 1}}, ["pod_labels of 'app'", "texts by name"]),
        ({"pod_labels": {"-app": "shop"}}, ["pod_labels: given '-app'", "the name of a label"]),
        ({"pod_labels": {"app": "a shop"}}, ["pod_labels of app: given 'a shop'", "the value of a label"]),
        ({"pod_identity_agent": "no"}, ["pod_identity_agent: given 'no'"]),
        ({"further": {"to": []}}, ["further: given {'to': []}", "put it into a list"]),
        ({"further": [["to"]]}, ["further: given ['to']", "a rule such as"]),
        ({"further": [{}]}, ["further holds a rule without to", "every address"]),
        ({"further": [{"ports": [{"port": 5432}]}]}, ["further holds a rule without to"]),
        ({"further": [{"from": []}]}, ["further: given {'from': []}"]),
        ({"policy_name": "A"}, ["policy_name: given 'A'"]),
        ({"port": 443}, ["port is unknown", "did you mean ports?"]),
    ],
)
def test_a_mistake_is_named_and_nothing_is_made(changed: dict[str, Any], message: list[str], delay: Any) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(egress(**{name: delay(value) for name, value in changed.items()}), world)
    assert_all_in(["PodEgress 'test'", *message], error)
    assert world.of(POLICY) == []
