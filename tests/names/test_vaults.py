"""Names as each vault spells them: no two for one secret, none of another's, and what was there before can be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import secret_names as names
from secret_names.vaults import AWS, AZURE, EXACT, GOOGLE, PASS, VAULT, Spelling
from tests.names.test_names import namespaces, portable_names, prefixes

ALL = pytest.mark.parametrize("vault", [AWS, GOOGLE, AZURE, VAULT, PASS], ids=lambda vault: vault.vault)
some_prefix = st.sampled_from(["", "test/"]) | prefixes
few = st.text("aAb1-_./!:@ ", min_size=1, max_size=6)
wild = few | st.text(min_size=1, max_size=20) | portable_names | portable_names.map(names.dashed)
any_name = wild | wild.map(lambda name: EXACT + name) | portable_names


def accepted(vault: Spelling, name: str, prefix: str) -> str:
    """Return the full name of a name that the vault takes; give the others up."""
    try:
        return vault.full_name(name, prefix)
    except names.InvalidName:
        assume(False)
        raise


@ALL
@given(data=st.data(), one=any_name, prefix=some_prefix)
def test_no_two_full_names_are_one_secret(vault: Spelling, data: st.DataObject, one: str, prefix: str) -> None:
    """Whichever way they were asked for: what is kept, counted or refused under one name is so under the other."""
    first = accepted(vault, one, prefix)
    spelled = vault.spelled(first)
    same = st.sampled_from([one, spelled, EXACT + spelled, EXACT + spelled.upper(), EXACT + spelled.replace("/", "--")])
    second = accepted(vault, data.draw(same | any_name), prefix)
    seen = [vault.spelled(full).lower() if vault is AZURE else vault.spelled(full) for full in (first, second)]
    assert (seen[0] == seen[1]) == (first == second)


@ALL
@given(name=portable_names, prefix=some_prefix)
def test_a_portable_name_asked_for_exactly_is_itself(vault: Spelling, name: str, prefix: str) -> None:
    """Where it is one in full: with a slash in it, or without a prefix."""
    full = vault.full_name(name, prefix)
    exact = vault.full_name(EXACT + vault.spelled(full), prefix)
    assert exact == full
    assert vault.spelled(vault.full_name(EXACT + vault.spelled(name), prefix)) == vault.spelled(name)


@ALL
@given(name=any_name, prefix=some_prefix)
def test_a_full_name_is_its_own_full_name(vault: Spelling, name: str, prefix: str) -> None:
    """So what an answer calls a secret asks for it again."""
    full = accepted(vault, name, prefix)
    assert vault.full_name(full, prefix) == full


@ALL
@given(own=wild, prefix=some_prefix)
def test_after_exact_comes_what_the_vault_is_asked_for(vault: Spelling, own: str, prefix: str) -> None:
    """No prefix is put before it, and nothing in it is changed: but for Key Vault's case, which is none."""
    spelled = vault.spelled(accepted(vault, EXACT + own, prefix))
    assert spelled == (own.lower() if vault is AZURE else own)


@ALL
@given(one=namespaces, other=namespaces, name=any_name)
def test_a_secret_is_under_the_prefix_of_one_namespace_at_most(
    vault: Spelling, one: str, other: str, name: str
) -> None:
    """A policy on a prefix covers no name of another's, whatever the vault allows in names."""
    assume(one != other)
    assume("--" not in one + other)
    full = vault.spelled(accepted(vault, name, names.default_prefix(one)))
    first, second = (vault.spelled(names.default_prefix(namespace)) for namespace in (one, other))
    assert not (full.startswith(first) and full.startswith(second))


@pytest.mark.parametrize(
    ("vault", "name"),
    [
        (AWS, "rds!cluster-2f9b1c3e-0000-4000-8000-000000000000"),
        (AWS, "MyDbSecret"),
        (AWS, "Prod_1/Db.Password@eu+=x"),
        (GOOGLE, "Prod_DB_Password"),
        (GOOGLE, "a---b"),
        (GOOGLE, "x" * 255),
        (AZURE, "a--b--"),
        (VAULT, "Team_A/db.password"),
        (VAULT, "My App/v1.2/key=x?y#z:~'\"<>*"),
        (VAULT, "a/..b/.c/..."),
        (PASS, "Email/me@example.com"),
        (PASS, "My Bank/pin"),
    ],
)
def test_names_that_were_there_before_can_be_asked_for(vault: Spelling, name: str) -> None:
    full = vault.full_name(f"exact:{name}", "test/")
    assert vault.spelled(full) == name


@ALL
@pytest.mark.parametrize(
    "own", ["", "a,b", "ä", "a\n", "a%2Fb", "a\\b", "\x00", "x" * 513, "a/../b", "a//b", "/a", "a/"]
)
def test_what_the_vault_does_not_take_is_refused_with_its_form(vault: Spelling, own: str) -> None:
    """AWS alone takes slashes wherever they are, and two dots."""
    if vault is AWS and re.fullmatch(r"[ab/.]+", own):
        assert vault.spelled(vault.full_name(EXACT + own, "test/")) == own
        return
    with pytest.raises(names.InvalidName, match=f"expected after 'exact:' a name of {vault.vault}") as refusal:
        vault.full_name(EXACT + own, "test/")
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("own", [".", "..", "a/.", "../a", "a/..", " a", "a ", "a/ b", "a /b"])
def test_no_segment_of_a_path_leads_elsewhere(own: str) -> None:
    for vault in (VAULT, PASS):
        with pytest.raises(names.InvalidName):
            vault.full_name(EXACT + own, "test/")


@pytest.mark.parametrize("own", [".git/config", ".gpg-id", "-c", "a/-x", "a/.b", "--clip"])
def test_no_name_is_an_option_of_the_command_or_a_hidden_file(own: str) -> None:
    with pytest.raises(names.InvalidName, match="beginning with"):
        PASS.full_name(EXACT + own, "test/")


@pytest.mark.parametrize("name", ["exact", "Exact:a", "exact:exact:a", "exact/a", "native:a"])
def test_only_the_word_itself_says_so(name: str) -> None:
    """Google takes no colon, so that nothing else is one."""
    if name.startswith(("Exact", "exact:", "native")):
        with pytest.raises(names.InvalidName):
            GOOGLE.full_name(name, "test/")
    else:
        assert not GOOGLE.full_name(name, "test/").startswith(EXACT)


def test_portable_names_stay_the_default() -> None:
    """Without the word, what only some vault can spell is refused."""
    for vault in (GOOGLE, AZURE, VAULT, PASS):
        with pytest.raises(names.InvalidName, match="expected lowercase letters"):
            vault.full_name("test/DB_Password", "test/")
    assert AWS.full_name("test/DB_Password", "test/") == "test/DB_Password"
    assert AWS.full_name("rds!cluster-1", "") == "rds!cluster-1"
