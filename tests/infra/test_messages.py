"""What the tests of all components find in a refusal, beside what each looks for."""

import pytest

from secret_access import InvalidArgument
from tests.infra.engine import run


@pytest.mark.parametrize(
    ("message", "lacks"),
    [
        ("Some 'a': namespace '*': expected one Kubernetes namespace", "no value given, value expected and fix"),
        ("Some 'a': namespace: expected one; name one", "no value given, value expected and fix"),
        ("Some 'a': namespace: given '*', name one", "no value given, value expected and fix"),
        ("Some 'a': namespace: given '*', expected one", "no value given, value expected and fix"),
        ("Some 'a': namespace: given '*', expected one; ", "no value given, value expected and fix"),
        ("Some 'a': namespace: namespace: given '*', expected one; name one", "says a word twice"),
    ],
)
def test_a_refusal_without_one_of_its_parts_fails_any_test(message: str, lacks: str) -> None:
    """docs/components.md promises each: the argument, the value given, the value expected and the fix."""

    def program() -> None:
        raise InvalidArgument(message)

    with pytest.raises(AssertionError, match=lacks):
        run(program)


@pytest.mark.parametrize(
    "message",
    [
        "Some 'a': namespace: given '*', expected one; name one",
        "Some 'a': b is unknown: expected one of c, d; remove it",
    ],
)
def test_a_whole_refusal_is_as_it_is(message: str) -> None:
    def program() -> None:
        raise InvalidArgument(message)

    with pytest.raises(InvalidArgument, match="Some 'a'"):
        run(program)
