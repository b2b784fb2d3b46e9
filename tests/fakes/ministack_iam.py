"""MiniStack with what AWS's IAM has and MiniStack lacks, for `python -m tests.fakes.ministack_iam`.

- Policy variables: `${aws:PrincipalTag/kubernetes-namespace}` is the tag of the session that asks (IAM User Guide, "IAM
  policy elements: Variables and tags"). One without a value matches nothing.
- `aws:SourceAccount` and `aws:SourceArn`: for whom a service asks. The fake EKS says it in headers; only the account's
  root, as which MiniStack's own services call, is believed.
- `aws:PrincipalArn` of a role's session is the role's ARN.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

SOURCE_ACCOUNT, SOURCE_ARN = "x-fake-source-account", "x-fake-source-arn"
_VARIABLE = re.compile(r"\$\{([^}*?]+)\}")
_SESSION = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.*")
_source: ContextVar[Mapping[str, str]] = ContextVar("source", default=MappingProxyType({}))


def main() -> None:
    """Serve, with the settings that MiniStack takes from the environment."""
    import ministack.app as ministack  # reads its settings when imported
    from ministack.core import iam_evaluator
    from ministack.services import sts

    _know_sources(iam_evaluator, sts)
    _know_variables(iam_evaluator)
    sys.argv = ["ministack"]
    ministack.main()


def _know_sources(evaluator: Any, sts: Any) -> None:
    resolve, identify = evaluator._resolve_condition_key, sts._caller_identity  # its version is pinned

    def caller_identity(headers: Mapping[str, str], *rest: Any) -> Any:
        caller = identify(headers, *rest)
        is_service = isinstance(caller, dict) and str(caller["userArn"]).endswith(":root")
        said = {"aws:sourceaccount": SOURCE_ACCOUNT, "aws:sourcearn": SOURCE_ARN}
        _source.set({key: headers[name] for key, name in said.items() if is_service and name in headers})
        return caller

    def resolve_condition_key(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn":
            return _SESSION.sub(r"arn:\1:iam::\2:role/\3", context.principal_arn)
        return _source.get().get(key.lower()) or resolve(key, context)

    sts._caller_identity = caller_identity
    evaluator._resolve_condition_key = resolve_condition_key


def _know_variables(evaluator: Any) -> None:
    first_match = evaluator._first_match

    def filled_in(text: str, context: Any) -> str:
        def value(variable: re.Match[str]) -> str:
            found = evaluator._resolve_condition_key(variable[1], context)
            return found if isinstance(found, str) else variable[0]

        return _VARIABLE.sub(value, text)

    def match(context: Any, statements: list[Any], effect: str) -> Any:
        known = [
            dataclasses.replace(
                statement,
                resources=[filled_in(text, context) for text in statement.resources],
                not_resources=[filled_in(text, context) for text in statement.not_resources],
            )
            for statement in statements
        ]
        return first_match(context, known, effect)

    evaluator._first_match = match


if __name__ == "__main__":
    main()
