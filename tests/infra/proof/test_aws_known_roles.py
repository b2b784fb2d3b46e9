"""Trust in roles of the stack that no pod gets: these are no strangers, and what is not known of them is said."""

from typing import Any

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource

from .documents import arns, namespaces, policy, resource, role, role_policy
from .outcomes import outcome

ACCOUNT = "arn:aws:iam::111122223333:"
PIPELINES = "token.actions.githubusercontent.com"
OF_PIPELINES = {"Federated": f"{ACCOUNT}oidc-provider/{PIPELINES}"}
SUBJECT = {"StringEquals": {f"{PIPELINES}:sub": "repo:shop/platform:ref:refs/heads/main"}}
ROLE = f"{ACCOUNT}role/secret-access-"


def trusting(principal: dict[str, str], **more: Any) -> dict[str, Any]:
    action = "sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole"
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": principal, "Action": action, **more},
    }


def made(name: str, principal: dict[str, str], **more: Any) -> Resource:
    return role(name, trusting(principal, **more), description=None)


def deploying(github: list[Resource], trusts: str = f"{ROLE}github") -> list[Resource]:
    """A deployer with every right, which trusts the role of pipelines."""
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    attached = resource(stack.ATTACHMENT, "att", role="secret-access-deployer", policyArn=administrator)
    return [*namespaces("test", "prod"), *github, made("deployer", {"AWS": trusts}), attached]


GITHUB = [made("github", OF_PIPELINES, Condition=SUBJECT)]
LOOKS = role_policy("github", policy("*", action="ec2:DescribeInstances"))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (deploying(GITHUB), "isolated"),
        (deploying([*GITHUB, LOOKS]), "isolated"),
        (deploying([made("github", {"Service": "codebuild.amazonaws.com"})]), "isolated"),
        (deploying([made("github", {"AWS": f"{ROLE}first"}), made("first", OF_PIPELINES)]), "isolated"),
        (deploying([made("github", {"AWS": f"{ACCOUNT}role/elsewhere"})]), "undecided"),
        (deploying([made("github", {"AWS": f"{ACCOUNT}role/elsewhere"}), LOOKS]), "undecided"),
        (deploying([made("github", {"AWS": "arn:aws:iam::444455556666:root"}), LOOKS]), "undecided"),
        (deploying([made("github", {"Federated": "cognito-identity.amazonaws.com"})]), "undecided"),
        (deploying(GITHUB, f"{ACCOUNT}role/elsewhere"), "undecided"),
        (deploying(GITHUB, "arn:aws:iam::444455556666:role/secret-access-github"), "undecided"),
        (deploying(GITHUB, f"{ACCOUNT}root"), "undecided"),
        (deploying([]), "undecided"),
        (deploying([made("github", {"AWS": f"{ROLE}test"})]), "breach"),
    ],
)
def test_a_role_that_a_role_of_the_stack_may_become_is_judged_by_that_ones_trust(
    resources: list[Resource], expected: str
) -> None:
    assert outcome(resources) == expected


def test_a_role_of_instances_that_may_become_another_is_in_doubt() -> None:
    """Pods may run on these."""
    of_instances = [made("github", {"Service": "ec2.amazonaws.com"})]
    may_become = role_policy("github", policy(f"{ROLE}deployer", action="sts:AssumeRole"))
    (verdict,) = evaluate(deploying([*of_instances, may_become]), {}, ())
    (said,) = verdict.undecided
    assert said.startswith("role secret-access-github is for EC2 instances and may use ")


def test_a_role_that_trusts_itself_alone_is_still_said() -> None:
    own = [made("reader", {"AWS": f"{ROLE}reader"}), role_policy("reader", policy(arns("prod/*")))]
    assert outcome([*namespaces("test", "prod"), *own]) == "undecided"
