"""Checks of what the components of every cloud take."""

import pytest

from secret_access import InvalidArgument, checks


@pytest.mark.parametrize("value", [3, None, ["test"]])
def test_names_that_are_no_text_are_named(value: object) -> None:
    """A value of another type gets the same kind of message."""
    with pytest.raises(InvalidArgument, match=r"namespace: given .*, expected a text"):
        checks.namespace(value)
