"""Checks of what the components of every cloud take."""

import pytest

import secret_names
from secret_access import InvalidArgument, checks
from secret_names import vaults
from tests.infra.messages import assert_whole


@pytest.mark.parametrize("value", [3, None, ["test"]])
def test_names_that_are_no_text_are_named(value: object) -> None:
    """A value of another type gets the same kind of message."""
    with pytest.raises(InvalidArgument, match=r"namespace: given .*, expected a text"):
        checks.namespace(value)


@pytest.mark.parametrize(
    ("argument", "given", "said"),
    [
        ("namespace", "a--b", "namespace has no default prefix, for the prefix of namespace 'a' would cover it"),
        ("caller_namespaces", "a--b", "caller_namespaces: namespace has no default prefix"),
        ("namespace", "*", "namespace: given '*', expected one Kubernetes namespace"),
    ],
)
def test_a_name_is_refused_by_its_argument_with_the_fix(argument: str, given: str, said: str) -> None:
    """In the form of all messages: what, the value given, the value expected and the fix."""
    with pytest.raises(InvalidArgument) as error:
        checks.named(secret_names.default_prefix, argument, given)
    assert str(error.value).startswith(said)
    assert_whole(error.value)


def test_a_name_that_a_prefix_completes_is_shown_as_given_and_in_full() -> None:
    """What was given is found in the program, and what is wrong in the whole."""
    with pytest.raises(InvalidArgument) as error:
        checks.declared_secrets(vaults.VAULT, ["a" * 128], "test/")
    assert f"secrets, in full 'test/{'a' * 128}': secret name is too long: given '{'a' * 128}'" in str(error.value)
    assert str(error.value).endswith("; shorten it")
