"""What Google Cloud's documents do not tell is said to be undecided."""

import pytest

from secret_access.proof.gcp.stack import evaluate

from .gcp_undecided import UNDECIDED
from .ways import expect_undecided


@pytest.mark.parametrize("way", UNDECIDED)
def test_what_the_documents_do_not_tell_is_undecided(way: str) -> None:
    expect_undecided(evaluate, UNDECIDED[way])
