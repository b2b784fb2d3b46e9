"""The pods that a health policy selects are those of one ServiceAccount."""

import re

import pytest

from secret_access.pods.network_policy import SIDECAR_LABEL, health_policy, pod_labels

LONG = "a" * 62


@pytest.mark.parametrize("name", ["secret-access", "s", "a.b-c", LONG + "b"])
def test_a_name_that_a_label_can_hold_is_the_labels_value(name: str) -> None:
    """A person who looks at the pod finds the ServiceAccount."""
    assert pod_labels({"team": "a"}, name) == {"team": "a", SIDECAR_LABEL: name}


def test_long_names_with_the_same_start_have_labels_of_their_own() -> None:
    """Else the policy of one would open the health port of the other's pods."""
    names = [LONG + "b", LONG + "bc", LONG + "bd", LONG + "-b", LONG + ".b", "a" * 253, "a" * 252 + "b"]
    values = [pod_labels({}, name)[SIDECAR_LABEL] for name in names]
    assert len(set(values)) == len(names)
    for value in values:
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value)


def test_the_policy_selects_what_the_pods_have() -> None:
    """The two are made from the same name."""
    name = LONG + "-longer"
    assert health_policy(name, [])["podSelector"] == {"matchLabels": pod_labels({}, name)}
