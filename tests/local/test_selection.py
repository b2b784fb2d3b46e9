"""Which clouds a command works on."""

from pathlib import Path

import pytest

from local import __main__ as commands
from local import clouds, plugins, selection
from local.selection import CloudError


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No CLOUD, and no machine."""
    monkeypatch.delenv("CLOUD", raising=False)
    monkeypatch.setattr(selection, "STARTED_WITH", tmp_path / "clouds")


def test_without_cloud_it_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value is none: `export CLOUD=` of the Makefile."""
    assert selection.wanted() == selection.named(selection.DEFAULT)
    monkeypatch.setenv("CLOUD", "")
    assert selection.wanted() == selection.named(selection.DEFAULT)


def test_all_is_every_cloud_that_there_is() -> None:
    """Each of them has a plugin, and a description by the same name."""
    assert set(clouds.ALL) <= set(plugins.OF_CLOUD)
    assert selection.named("all") == tuple(clouds.ALL)
    assert [cloud.name for cloud in clouds.ALL.values()] == list(clouds.ALL)


def test_another_cloud_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the names, and nothing is built or started."""
    monkeypatch.setenv("CLOUD", "aws,gcp")
    monkeypatch.setattr("sys.argv", ["local", "up"])
    monkeypatch.setattr(commands, "tools_folder", lambda: pytest.fail("the tools were asked for"))
    assert commands.main() == 1
    expected = ", ".join((*selection.NAMES, "all"))
    assert f"CLOUD: given 'aws,gcp', expected one of {expected}" in capsys.readouterr().err


def test_what_the_machine_was_started_with_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make matrix` and `make ask` need no CLOUD; with one they look at a part of it."""
    monkeypatch.setattr(selection, "NAMES", ("aws", "one", "other"))
    selection.remember(("one", "other"))
    assert selection.wanted() == ("one", "other")
    selection.check_is_up()
    monkeypatch.setenv("CLOUD", "other")
    assert selection.wanted() == ("other",)
    selection.check_is_up()


def test_a_cloud_that_the_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its services start with the machine, so the message says how to start it anew."""
    monkeypatch.setattr(selection, "NAMES", ("aws", "one", "other"))
    selection.remember(("aws", "one"))
    monkeypatch.setenv("CLOUD", "all")
    with pytest.raises(CloudError) as refused:
        selection.check_is_up()
    assert str(refused.value) == (
        "CLOUD: given 'all', but the laptop environment is up without other, expected one of aws, one; "
        "`make down up CLOUD=all` starts it anew"
    )
