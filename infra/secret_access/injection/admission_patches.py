"""What `injection` puts into a pod, as patches that the API server makes by an expression of CEL. Pure.

JSONPatch (RFC 6902), since an apply configuration may not change lists such as `capabilities.drop`. Each patch looks at
what the pod has already: a pod with the sidecar gets none, and a second run adds what another webhook left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .. import cel
from ..pods.checks import BETWEEN_SKIPPED, LOOPBACK, NO_PROXY, PROXIES, URL_VARIABLE

API_VOLUME = "kube-api-access-"
"""How the name of the volume begins that the API server adds with a token for itself (Kubernetes, "ServiceAccount
admission controller")."""
SERVICE_ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
CONTAINER_LISTS = ("containers", "initContainers")

Access = Mapping[str, Any]


def patches(access: Access) -> str:
    """Return the expression of the patches of a pod; none where `admission_checks` refuses it."""
    name = access["sidecar"]["name"]
    parts = [
        *_without_api_token(),
        *(part for field in CONTAINER_LISTS for part in _environment(field, name, access["url"])),
        _sidecar(access["sidecar"]),
        *_volumes(access["volumes"]),
        *_metadata("labels", {label: cel.literal(value) for label, value in access["pod_labels"].items()}),
        *_metadata("annotations", _annotations(access["pod_annotations"], name)),
        _set("/spec/serviceAccountName", cel.literal(access["service_account_name"])),
    ]
    return "variables.injectable ? (\n  " + "\n  + ".join(parts) + "\n) : []"


def _patch(op: str, path: str, value: str | None = None, source: str | None = None) -> str:
    """Return one patch; path, value and source are expressions."""
    fields = {"op": cel.literal(op), "path": path, "from": source, "value": value}
    return "JSONPatch{" + ", ".join(f"{key}: {item}" for key, item in fields.items() if item is not None) + "}"


def _set(path: str, value: str) -> str:
    return f"[{_patch('add', cel.literal(path), value)}]"


def _unless(condition: str, patch: str) -> str:
    return f"({condition} ? [] : [{patch}])"


def _each(items: str, condition: str, patch: str) -> str:
    """Return a patch for each item `c`, of the number `i`, for which the condition holds."""
    return f"{items}.transformList(i, c, {condition}, {patch})"


def _numbers(items: str, condition: str) -> str:
    """Return the numbers of the items `m` for which the condition holds."""
    return f"{items}.transformList(j, m, {condition}, j)"


def _without_api_token() -> list[str]:
    """Return what takes away the API token that the API server has mounted into a pod that did not ask for it."""
    unasked = "!has(object.spec.automountServiceAccountToken)"
    named = f"m.name.startsWith({cel.literal(API_VOLUME)})"
    parts = []
    for field in CONTAINER_LISTS:
        mounted = _numbers(
            "c.?volumeMounts.orValue([])", f"{named} && m.mountPath == {cel.literal(SERVICE_ACCOUNT_PATH)}"
        )
        path = f'"/spec/{field}/" + string(i) + "/volumeMounts/" + string({mounted}[0])'
        found = f"{unasked} && size({mounted}) > 0"
        parts.append(_each(f"object.spec.?{field}.orValue([])", found, _patch("remove", path)))
    volume = _numbers("variables.volumes", named)
    path = f'"/spec/volumes/" + string({volume}[0])'
    parts.append(_unless(f"!({unasked} && size({volume}) > 0)", _patch("remove", path)))
    no_token = _patch("add", '"/spec/automountServiceAccountToken"', "false")
    return [*parts, _unless("has(object.spec.automountServiceAccountToken)", no_token)]


def _environment(field: str, sidecar: str, url: str) -> list[str]:
    """Return what tells the containers of a list the sidecar's address, and to reach it without a proxy.

    The address comes first, where other variables can refer to it, and so last of the patches.
    """
    env = f'"/spec/{field}/" + string(i) + "/env'
    address = {"name": URL_VARIABLE, "value": url}
    told = f"c.env.exists(v, v.name == {cel.literal(URL_VARIABLE)})"
    other = f"c.name != {cel.literal(sidecar)}"
    items = f"object.spec.?{field}.orValue([])"
    proxied = (
        f"{other} && c.?env.orValue([]).exists(v, v.name in {cel.literal(list(PROXIES))} && "
        '(has(v.valueFrom) || v.?value.orValue("") != ""))'
    )
    parts = []
    for name, fallback in (NO_PROXY, NO_PROXY[::-1]):
        value, named = _exceptions(name, fallback), f"m.name == {cel.literal(name)}"
        plain = _numbers("c.env", f"{named} && !has(m.valueFrom)")
        changed = _patch("add", f'{env}/" + string({plain}[0]) + "/value"', value)
        added = _patch("add", f'{env}/-"', f'{{"name": {cel.literal(name)}, "value": {value}}}')
        parts += [
            _each(items, f"{proxied} && size({plain}) > 0", changed),
            _each(items, f"{proxied} && !c.env.exists(m, {named})", added),
        ]
    return [
        *parts,
        _each(items, f"{other} && has(c.env) && !{told}", _patch("add", f'{env}/0"', cel.literal(address))),
        _each(items, f"{other} && !has(c.env)", _patch("add", f'{env}"', cel.literal([address]))),
    ]


def _exceptions(name: str, fallback: str) -> str:
    """Return the value of a variable of exceptions from the proxy, as `checks.no_proxy` makes it."""
    values = [
        f'c.env.filter(v, v.name == {cel.literal(each)} && v.?value.orValue("") != "")' for each in (name, fallback)
    ]
    given = f'({" + ".join(values)}).map(v, v.value) + [""]'
    hosts = f'({given})[0].split(",").map(h, h.trim()).filter(h, h != "")'
    missing = f'("*" in g ? [] : {cel.literal(list(LOOPBACK))}.filter(h, !(h in g)))'
    return f'[{hosts}].map(g, (g + {missing}).join(","))[0]'


def _sidecar(sidecar: Mapping[str, Any]) -> str:
    """Return what makes the sidecar the first init container."""
    container = cel.literal(sidecar)
    named = f"c.name == {cel.literal(sidecar['name'])}"
    alone = _patch("add", '"/spec/initContainers"', f"[dyn({container})]")
    first = _patch("add", '"/spec/initContainers/0"', container)
    moved = _patch("move", '"/spec/initContainers/0"', source='"/spec/initContainers/" + string(i)')
    return (
        f"(!has(object.spec.initContainers) ? [{alone}]"
        f" : variables.inits.exists(c, {named}) ? {_each('variables.inits', f'i > 0 && {named}', moved)}"
        f" : [{first}])"
    )


def _volumes(volumes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what adds the volumes that the pod lacks, behind the others."""
    parts = [_unless("has(object.spec.volumes)", _patch("add", '"/spec/volumes"', "[]"))]
    for volume in volumes:
        present = f"variables.volumes.exists(v, v.name == {cel.literal(volume['name'])})"
        parts.append(_unless(present, _patch("add", '"/spec/volumes/-"', cel.literal(volume))))
    return parts


def _metadata(field: str, values: Mapping[str, str]) -> list[str]:
    """Return what sets labels or annotations to expressions; other values of theirs are refused beforehand."""
    if not values:
        return []
    return [
        _unless(f"has(object.metadata.{field})", _patch("add", cel.literal(f"/metadata/{field}"), "{}")),
        *(
            f"[{_patch('add', cel.literal(f'/metadata/{field}/{_pointer(name)}'), value)}]"
            for name, value in values.items()
        ),
    ]


def _annotations(annotations: Mapping[str, str], sidecar: str) -> dict[str, str]:
    """Return the annotations as expressions; those for a cloud's webhook list every container of the pod."""
    mine = cel.literal(sidecar)
    names = f"(object.spec.containers + variables.inits.filter(c, c.name != {mine})).map(c, c.name) + [{mine}]"
    values = {}
    for name, value in annotations.items():
        between = BETWEEN_SKIPPED.get(name)
        if between is None:
            values[name] = cel.literal(value)
            continue
        separator = cel.literal(between)
        given = f'variables.annotations[?{cel.literal(name)}].orValue("").split({separator}).filter(n, n != "")'
        values[name] = f"[{given}].map(g, (g + ({names}).filter(n, !(n in g))).join({separator}))[0]"
    return values


def _pointer(name: str) -> str:
    """Return a name as a step of a path (RFC 6901)."""
    return name.replace("/", "~1")
