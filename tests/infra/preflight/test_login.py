"""A token of the cloud's own command: what goes wrong is told, and never what it printed."""

import pytest

from secret_access.preflight.login import NotSignedIn, printed


def test_a_token_is_what_the_command_prints() -> None:
    """Without the line's end."""
    assert printed("echo", "ya29.hunter2") == "ya29.hunter2"


def test_a_command_that_fails_or_is_missing_is_told() -> None:
    """With its complaint, and without its output."""
    with pytest.raises(NotSignedIn, match=r"sh -c .*: Please sign in") as raised:
        printed("sh", "-c", 'printf "%s" "hun""ter2"; echo Please sign in >&2; exit 1')
    assert "hunter2" not in str(raised.value)
    with pytest.raises(NotSignedIn, match="no-such-command: No such file or directory"):
        printed("no-such-command")
    with pytest.raises(NotSignedIn, match="exit code 3"):
        printed("sh", "-c", "exit 3")
