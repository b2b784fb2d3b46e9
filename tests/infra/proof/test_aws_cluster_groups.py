"""Roles of pods that are users of a cluster, by an access entry's groups or by aws-auth: RBAC decides what they may."""

import json
from typing import Any

import pytest

from secret_access.proof.aws import nodes, stack
from secret_access.proof.aws.cluster_access import NATIVE_ENTRY
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import arns, namespaces, policy, resource, role, role_policy
from .outcomes import outcome

OF_TEST = "arn:aws:iam::111122223333:role/secret-access-test"
OF_NODES = "arn:aws:iam::111122223333:role/secret-access-nodes"
OF_PEOPLE = "arn:aws:iam::111122223333:role/people"
BOOTSTRAP = ["system:bootstrappers", "system:nodes"]


def entry(kind: str, **inputs: Any) -> Resource:
    return resource(kind, "entry", **{"principalArn": OF_TEST, **inputs})


@pytest.mark.parametrize("kind", [nodes.ACCESS_ENTRY, NATIVE_ENTRY])
@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"kubernetesGroups": ["ops"]}, "undecided"),
        ({"kubernetesGroups": UNKNOWN}, "undecided"),
        ({"kubernetesGroups": ["ops"], "principalArn": OF_PEOPLE}, "isolated"),
        ({"kubernetesGroups": []}, "isolated"),
        ({}, "isolated"),
    ],
)
def test_an_access_entry_with_groups_for_a_role_of_pods_is_undecided(
    kind: str, inputs: dict[str, Any], expected: str
) -> None:
    assert outcome([*namespaces("test", "prod"), entry(kind, **inputs)]) == expected


@pytest.mark.parametrize(("kind", "key"), [(nodes.ACCESS_ENTRY, "userName"), (NATIVE_ENTRY, "username")])
def test_an_access_entry_with_a_users_name_of_its_own_is_undecided(kind: str, key: str) -> None:
    assert outcome([*namespaces("test", "prod"), entry(kind, **{key: "ops"})]) == "undecided"


def in_yaml(*users: tuple[str, list[str]]) -> str:
    """As PyYAML prints it: keys in their order."""
    return "".join(
        "- groups:\n" + "".join(f"  - {group}\n" for group in groups) + f"  rolearn: {arn}\n  username: it\n"
        for arn, groups in users
    )


def by_hand(*users: tuple[str, list[str]]) -> str:
    """As the EKS User Guide has it, and lists in one line."""
    return "".join(
        f"  - rolearn: {arn}\n    username: it\n    groups: [{', '.join(groups)}]\n" for arn, groups in users
    )


def in_one_line(*users: tuple[str, list[str]]) -> str:
    return f"[{', '.join(f'{{rolearn: {arn}, groups: [{chr(44).join(groups)}]}}' for arn, groups in users)}]"


def with_comments(*users: tuple[str, list[str]]) -> str:
    return (
        in_yaml(*users)
        .replace("groups:", "groups: # as agreed")
        .replace("- system:masters", "- system:masters  # for now")
    )


def in_json(*users: tuple[str, list[str]]) -> str:
    return json.dumps([{"rolearn": arn, "username": "it", "groups": groups} for arn, groups in users])


def with_anchors(*users: tuple[str, list[str]]) -> str:
    """Groups that are said once, and meant by every later user of the same."""
    seen: dict[str, str] = {}
    lines = []
    for arn, groups in users:
        text = f"[{', '.join(groups)}]"
        said = f"*{seen[text]}" if text in seen else f"&of-{len(seen)} {text}"
        seen.setdefault(text, f"of-{len(seen)}")
        lines.append(f"- {{rolearn: {arn}, groups: {said}}}\n")
    return "".join(lines)


def in_other_case(*users: tuple[str, list[str]]) -> str:
    """As Go reads it too."""
    return in_yaml(*users).replace("rolearn:", "roleARN:").replace("groups:", "Groups:")


FORMS = [in_yaml, by_hand, in_one_line, with_comments, with_anchors, in_other_case, in_json]


def aws_auth(text: object, kind: str = "core/v1:ConfigMap", *sources: str, name: str = "aws-auth") -> Resource:
    given = {"metadata": {"name": name, "namespace": "kube-system"}, "data": {"mapRoles": text}}
    urn = "urn:pulumi:test::secret-access::map::map"
    return Resource(urn, f"kubernetes:{kind}", given, {"data": sources} if sources else {})


CLUSTER = [
    role(
        "nodes",
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
        },
        description=None,
    ),
    role_policy("nodes", policy(arns("shared-image-pull"), action="ecr:GetAuthorizationToken")),
    resource(nodes.NODE_GROUP, "group", nodeRoleArn=OF_NODES),
    *namespaces("test", "prod"),
]
USERS: dict[str, tuple[list[tuple[str, list[str]]], str]] = {
    "nodes and people": ([(OF_NODES, BOOTSTRAP), (OF_PEOPLE, ["system:masters"])], "isolated"),
    "a role of pods among the masters": ([(OF_NODES, BOOTSTRAP), (OF_TEST, ["system:masters"])], "breach"),
    "a role of pods in a group": ([(OF_PEOPLE, ["system:masters"]), (OF_TEST, ["ops", "dev"])], "undecided"),
    "a role of pods as a node": ([(OF_TEST, BOOTSTRAP)], "undecided"),
    "the nodes among the masters": ([(OF_NODES, [*BOOTSTRAP, "system:masters"])], "breach"),
    "the nodes in a group": ([(OF_NODES, [*BOOTSTRAP, "ops"])], "undecided"),
}


@pytest.mark.parametrize("kind", ["core/v1:ConfigMap", "core/v1:ConfigMapPatch"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", USERS)
def test_a_role_of_pods_in_aws_auth_is_judged_by_its_groups(case: str, form: Any, kind: str) -> None:
    users, expected = USERS[case]
    assert outcome([*CLUSTER, aws_auth(form(*users), kind)]) == expected


def test_users_who_share_a_list_of_groups_are_told_apart() -> None:
    """An alias gives the second the groups of the first."""
    text = with_anchors((OF_PEOPLE, ["system:masters"]), (OF_TEST, ["system:masters"]))
    assert "*of-0" in text
    assert outcome([*CLUSTER, aws_auth(text)]) == "breach"


@pytest.mark.parametrize(
    "text",
    [
        "- rolearn: {arn}\n  groups: [system:masters",
        "- rolearn: {arn}\n  groups: system:masters\n",
        "rolearn: {arn}\ngroups: [system:masters]\n",
        "- {arn}\n",
        "- !!python/object:os.system {arn}\n",
        "[" * 5000 + "{arn}",
    ],
    ids=["no YAML", "groups as text", "no list", "no users", "a tag", "nested too deep"],
)
def test_a_text_that_nobody_can_read_is_undecided_where_it_names_a_role_of_pods(text: str) -> None:
    assert outcome([*CLUSTER, aws_auth(text.replace("{arn}", OF_TEST))]) == "undecided"
    assert outcome([*CLUSTER, aws_auth(text.replace("{arn}", OF_PEOPLE))]) == "isolated"


def test_an_aws_auth_that_is_known_later_is_undecided_where_it_comes_from_a_role_of_pods() -> None:
    of_nodes, of_test = (f"urn:pulumi:test::secret-access::{stack.ROLE}::{name}-role" for name in ("nodes", "test"))
    assert outcome([*CLUSTER, aws_auth(UNKNOWN, "core/v1:ConfigMap", of_nodes)]) == "isolated"
    assert outcome([*CLUSTER, aws_auth(UNKNOWN, "core/v1:ConfigMap", of_nodes, of_test)]) == "undecided"


def test_another_config_map_raises_nothing() -> None:
    text = in_yaml((OF_TEST, ["system:masters"]))
    assert outcome([*CLUSTER, aws_auth(text, name="another")]) == "isolated"


def test_the_user_and_its_groups_are_said() -> None:
    (verdict,) = evaluate([*CLUSTER, aws_auth(in_yaml((OF_TEST, ["ops", "dev"])))], {}, ())
    (said,) = verdict.undecided
    assert said.startswith("role secret-access-test of pods is a user of a cluster by aws-auth in map, with dev, ops: ")
    found, *_ = evaluate([*CLUSTER, aws_auth(in_yaml((OF_TEST, ["system:masters"])))], {}, ())[0].breaches
    assert found.statements[-1] == "aws-auth in map makes it one of system:masters: it makes pods of every namespace"
