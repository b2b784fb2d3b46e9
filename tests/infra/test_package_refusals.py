"""What a program in another language is told of a wrong argument: our message alone, spelled as it spells things."""

import pytest
from pulumi.errors import InputPropertiesError

from secret_access import InvalidArgument
from tests.infra.argument_values import PACKAGE


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "AwsSecretAccess 'a': service_account_name: given 'role_name', expected a name",
            "AwsSecretAccess 'a': serviceAccountName: given 'role_name', expected a name",
        ),
        ("the namespace's role_name and the pods' role_path", "the namespace's roleName and the pods' rolePath"),
        ("given {'role_name': 'role_path'}, expected a text", "given {'roleName': 'role_path'}, expected a text"),
        ('a value such as {"vault": {"role_name": "x"}}', 'a value such as {"vault": {"roleName": "x"}}'),
        ("given ['role_name', 'role_path']; remove one", "given ['role_name', 'role_path']; remove one"),
        ("access: given 'write', expected read or read_write", "access: given 'write', expected read or read_write"),
        (r"given 'it\'s role_name', expected role_path", r"given 'it\'s role_name', expected rolePath"),
        ("sidecar_env: SECRETS_MODE is set", "sidecarEnv: SECRETS_MODE is set"),
    ],
)
def test_arguments_are_named_as_the_schema_does_and_values_stay_as_given(message: str, told: str) -> None:
    """A value between single quotes is the program's own, a name is not."""
    assert PACKAGE.refusal(InvalidArgument(message)).message == told


def test_no_property_is_named_beside_the_message() -> None:
    """The engine would show that property's value, also where the message keeps it to itself for a password in it."""
    refused = PACKAGE.refusal(InvalidArgument("address: given a value that is not shown"))
    assert isinstance(refused, InputPropertiesError)
    assert refused.errors == []


def test_no_word_of_an_enumeration_is_spelled_as_an_argument() -> None:
    """`read_write` is a value, and stays so."""
    words = [word for kind in PACKAGE._type_defs.values() for word in kind.enum or []]
    assert words
    for word in words:
        assert PACKAGE.refusal(InvalidArgument(f"expected {word.value}")).message == f"expected {word.value}"
