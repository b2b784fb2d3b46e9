"""Vault's policies as sets of paths, held against a real OpenBao's own answers."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secret_access.proof.vault.policies import allowed, paths
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

PATHS = [
    f"secret/data/{name}" for name in ("test/a", "test/b/c", "test", "test-eu/a", "testing/a", "prod/a", "prod/test/a")
]
patterns = st.sampled_from(
    [
        "*",
        "secret/*",
        "secret/data/*",
        "secret/data/test/*",
        "secret/data/test*",
        "secret/data/+/a",
        "secret/+/test/*",
        "secret/data/test/a",
        "secret/data/+/+/a",
        "secret/data/prod/+/*",
        "secret/data/prod/*",
        "+/data/test/+",
        "secret/data/+/*",
    ]
)
capabilities = st.lists(st.sampled_from(["read", "read", "list", "deny", "update", "create"]), min_size=1, max_size=2)
policies = st.dictionaries(patterns, capabilities, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with OpenBao.running(folder := tmp_path_factory.mktemp("openbao"), Authority(folder)) as running:
        yield running


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(policies, min_size=1, max_size=2))
def test_openbao_allows_what_is_in_the_set_and_nothing_else(bao: OpenBao, each: list[dict[str, list[str]]]) -> None:
    """The most specific path decides; the same path of two policies adds up, and deny prevails."""
    names = [f"judged-{number}" for number in range(len(each))]
    found = []
    for name, policy in zip(names, each, strict=True):
        text = json.dumps({"path": {path: {"capabilities": list(can)} for path, can in policy.items()}})
        bao("PUT", f"sys/policies/acl/{name}", {"policy": text})
        found += paths(name, text)
    made = bao("POST", "auth/token/create", {"policies": names, "no_default_policy": True, "no_parent": True})
    token = made["auth"]["client_token"]
    said = bao("POST", "sys/capabilities", {"token": token, "paths": PATHS})
    decided = said.get("data", said)
    for capability in ("read", "update"):
        ours = allowed(found, frozenset({capability}))
        assert {path: path in ours for path in PATHS} == {path: capability in decided[path] for path in PATHS}


def test_hcl_of_plain_paths_is_the_same_document() -> None:
    """As people write it."""
    text = '# ours\npath "secret/data/test/*" {\n  capabilities = ["read", "list"]\n}\n'
    (path,) = paths("p", text)
    assert (path.path, path.capabilities) == ("secret/data/test/*", frozenset({"read", "list"}))
