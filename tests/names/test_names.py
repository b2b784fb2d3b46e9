"""The spelling of names: what is accepted, what is refused with which message, and the two promises of the grammar."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import secret_names as names

segments = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
portable_names = st.lists(segments, min_size=1, max_size=3).map("/".join)
prefixes = st.lists(segments, min_size=1, max_size=2).map(lambda parts: "/".join(parts) + "/")
namespaces = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
aws_alphabet = "ABCXYZabcxyz0189/_+=.@!-"


def test_a_name_without_slash_belongs_to_the_prefix() -> None:
    """The same code reads its own secret in every environment."""
    assert names.qualify("database-password", "test/") == "test/database-password"
    assert names.qualify("database-password", "") == "database-password"


def test_a_name_with_slash_is_taken_whole() -> None:
    """Another namespace's secret may be asked for, and is the cloud's to refuse."""
    assert names.qualify("prod/database-password", "test/") == "prod/database-password"


@given(segments, segments, prefixes)
def test_qualify_never_maps_two_own_names_to_one(one: str, other: str, prefix: str) -> None:
    """Within a prefix, different names stay different."""
    assume(one != other)
    assert names.qualify(one, prefix) != names.qualify(other, prefix)


@given(portable_names, portable_names)
def test_the_spelling_without_slashes_is_injective(one: str, other: str) -> None:
    """Two portable names never become one name in a vault that takes no slash."""
    assert (names.dashed(names.check_name(one)) == names.dashed(names.check_name(other))) == (one == other)


@given(portable_names)
def test_google_and_azure_take_the_spelling_without_slashes(name: str) -> None:
    """`test/database-password` is `test--database-password` there, a prefix `test--`."""
    assert re.fullmatch(r"[0-9a-z-]{1,127}", names.dashed(names.check_name(name)))
    assert names.dashed("test/database-password") == "test--database-password"
    assert names.dashed("test/") == "test--"


@given(prefixes, prefixes, portable_names)
def test_a_prefix_covers_its_own_names_only(one: str, other: str, name: str) -> None:
    """A name under one prefix is covered by another only if that other one is a parent of it."""
    assume(not one.startswith(other))
    full = names.check_prefix(other) + name
    assume(not full.startswith(names.check_prefix(one)))
    assert not names.dashed(full).startswith(names.dashed(one))


@given(namespaces, namespaces, portable_names)
def test_a_default_prefix_never_covers_another_namespace(one: str, other: str, name: str) -> None:
    """`test/` never covers `test-eu/`, nor `test--` `test-eu--`."""
    assume(one != other)
    assume("--" not in one + other)
    full = names.default_prefix(other) + name
    assert not full.startswith(names.default_prefix(one))
    assert not names.dashed(full).startswith(names.dashed(names.default_prefix(one)))


def test_a_namespace_that_another_prefix_would_cover_has_no_default_prefix() -> None:
    """`a--b` is a namespace to Kubernetes, but `a--` covers it."""
    assert names.check_namespace("a--b") == "a--b"
    with pytest.raises(names.InvalidName, match=r"'a--b'.*'a'.*such as 'a-b/'"):
        names.default_prefix("a--b")


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "/a", "a/", "A", "a_b", "a.b", "a--b", "-a", "a-", "ä", "a b", "a\n", "x" * 128]
)
def test_what_some_vault_cannot_spell_is_no_portable_name(name: str) -> None:
    """The portable grammar is the intersection of four vaults."""
    with pytest.raises(names.InvalidName, match="secret name"):
        names.check_name(name)


@given(st.text(aws_alphabet, min_size=1, max_size=512))
def test_aws_takes_its_own_looser_spelling(name: str) -> None:
    """Every name of the AWS page's alphabet and length passes on AWS."""
    assert names.check_aws_name(name) == name


@given(st.text(min_size=1, max_size=20))
def test_nothing_outside_the_alphabet_passes_on_aws(name: str) -> None:
    """One foreign character is enough for a refusal."""
    assume(any(not (c.isascii() and c.isalnum()) and c not in "/_+=.@!-" for c in name))
    with pytest.raises(names.InvalidName, match="expected 1 to 512 ASCII letters"):
        names.check_aws_name(name)


@pytest.mark.parametrize("name", ["", "x" * 513, "a\n", "a:b", "a%2Fb", "é"])
def test_the_edges_of_the_aws_alphabet(name: str) -> None:
    """Empty, too long, a trailing newline, an ARN and an escaped slash are no names."""
    with pytest.raises(names.InvalidName):
        names.check_aws_name(name)


@given(portable_names)
def test_a_portable_name_passes_on_aws(name: str) -> None:
    """The portable grammar is the narrower one."""
    assert names.check_aws_name(names.check_name(name)) == name


@given(st.from_regex(r"[a-z0-9]{1,10}-[a-z0-9]{6}", fullmatch=True))
def test_a_name_may_end_like_an_arn(name: str) -> None:
    """AWS ends ARNs in a hyphen and six characters; a name that does is read by name, which is safe."""
    assert names.check_aws_name(names.check_name(f"test/{name}")) == f"test/{name}"


@pytest.mark.parametrize("check", [names.check_prefix, names.check_aws_prefix])
def test_a_prefix_without_its_closing_slash_is_refused_with_the_fix(check: object) -> None:
    """The message shows a neighbour that would be covered, and the prefix that is meant."""
    assert callable(check)
    with pytest.raises(names.InvalidName, match=r"'test' also covers 'test-other': expected 'test/'"):
        check("test")


@pytest.mark.parametrize("prefix", ["", "/", "te st/", "test//", "*/", "Test/", "a--b/"])
def test_other_prefixes_are_refused_with_the_expected_form(prefix: str) -> None:
    """A prefix is a portable name closed by a slash."""
    with pytest.raises(names.InvalidName, match="such as 'test/'"):
        names.check_prefix(prefix)


def test_aws_prefixes_may_be_looser() -> None:
    """An account that already has `Prod_1/` keeps it."""
    assert names.check_aws_prefix("Prod_1/") == "Prod_1/"
    with pytest.raises(names.InvalidName):
        names.check_aws_prefix("prod*/")


@pytest.mark.parametrize("namespace", ["", "*", "Test", "a_b", "-a", "a-", "a.b", "x" * 64, "a\n"])
def test_what_is_no_namespace_is_refused(namespace: str) -> None:
    """A star in a namespace would trust every workload."""
    with pytest.raises(names.InvalidName, match="expected one Kubernetes namespace"):
        names.check_namespace(namespace)


def test_a_long_value_is_cut_in_messages() -> None:
    """Nobody's log is flooded by a wrong name."""
    with pytest.raises(names.InvalidName) as refusal:
        names.check_aws_name("é" * 10_000)
    assert len(str(refusal.value)) < 250
