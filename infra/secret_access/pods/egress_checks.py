"""Checks of what pods may reach. Pure functions: they return the value and raise `InvalidArgument`."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from ..checks import LABEL_NAME, LABEL_VALUE, SERVICE_ACCOUNT, distinct, invalid, is_whole, match, text_mapping, texts

RULE = '{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}'


def labels(argument: str, given: object) -> dict[str, str]:
    """Return labels of pods."""
    checked = text_mapping(argument, given, '{"app": "shop"}')
    for name, value in checked.items():
        match(LABEL_NAME, argument, name, "the name of a label, such as app or example.com/app", "correct it")
        match(LABEL_VALUE, f"{argument} of {name}", value, "the value of a label, such as shop", "correct it")
    return checked


def cidrs(given: object) -> list[str]:
    """Return ranges of addresses, each with its prefix's length and no bit beyond it."""
    ranges = distinct("cidrs", texts("cidrs", given, '["10.20.0.0/24"]'))
    for one in ranges:
        expected, fix = "a range such as 10.20.0.0/24", "a NetworkPolicy knows no host names: look the addresses up"
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError:
            raise invalid("cidrs", one, expected, fix) from None
        if str(network) != one:
            raise invalid("cidrs", one, expected, f"write {network}")
    if not ranges:
        raise invalid("cidrs", given, "one range at least", "leave it out for any address")
    return ranges


def ports(given: object) -> list[int]:
    """Return TCP ports."""
    expected, fix = "a list of ports from 1 to 65535, such as [443]", "leave it out for 443"
    if not isinstance(given, list | tuple) or not given:
        raise invalid("ports", given, expected, fix)
    for port in given:
        if not is_whole(port) or not 1 <= port <= 65535:
            raise invalid("ports", port, expected, fix)
    return sorted({int(port) for port in given})


def rules(given: object) -> list[dict[str, Any]]:
    """Return egress rules as they are; an empty one, which allows everything, is refused."""
    if not isinstance(given, list | tuple):
        raise invalid("further", given, f"a list of rules such as {RULE}", "put it into a list")
    for rule in given:
        if not isinstance(rule, Mapping) or not set(rule) <= {"to", "ports"}:
            raise invalid("further", rule, f"a rule such as {RULE}", "write to and ports as in a manifest")
        if not rule.get("to"):
            raise invalid("further holds a rule without to, which allows every address", rule, RULE, "write to")
    return [dict(rule) for rule in given]


def policy_name(name: object) -> str:
    """Return the name of a NetworkPolicy."""
    expected = "lowercase letters, digits, - and ., such as secret-access-egress"
    return match(SERVICE_ACCOUNT, "policy_name", name, expected, "leave it out for secret-access-egress")
