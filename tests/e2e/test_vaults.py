"""Every vault of the laptop: who may read what, and who decided; and that a right widened by hand shows, and goes."""

import json

from local import clouds, config
from local.isolation import wrong
from tests.e2e.conftest import Environment

EXPECTED = {
    (asker, name): 200 if name.startswith(f"{asker}/") else 403
    for asker in config.ENVIRONMENTS
    for name in ("test/database-password", "prod/database-password")
}


def test_every_cell_is_right(environment: Environment) -> None:
    """Two reads and two refusals in each vault, each decided by that vault and found in its own trail."""
    assert wrong(environment.cells) == []
    seen: dict[str, dict[tuple[str, str], int | None]] = {cloud: {} for cloud in clouds.ALL}
    for cell in environment.cells:
        seen[cell.question.vault][cell.question.asker, cell.question.name] = cell.status
    assert seen == dict.fromkeys(clouds.ALL, EXPECTED)


def test_the_matrix_says_which_vault_decided(environment: Environment) -> None:
    """`vault` of a cell is the one that was asked, and `decided_by` the same where it decided."""
    cells = json.loads(config.ISOLATION.read_text())
    assert len(cells) == len(environment.cells) == len(EXPECTED) * len(clouds.ALL)
    assert [(cell["vault"], cell["decided_by"]) for cell in cells] == [
        (name, name) for name in clouds.ALL for _ in EXPECTED
    ]
