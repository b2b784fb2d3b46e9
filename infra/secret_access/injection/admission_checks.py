"""The checks of `injection_checks` as expressions of CEL, by which the API server refuses a pod. Pure.

Each looks at the pod as it is at admission: with defaults, a ServiceAccount and the volume of its API token. What the
API server refuses by itself, such as a container without a name, is left to it.
"""

from collections.abc import Mapping
from typing import Any

from .. import cel
from ..pods import injection_refusals as reasons
from ..pods.checks import BETWEEN_SKIPPED, URL_VARIABLE
from ..pods.injection_checks import audiences_of, ports_of_sidecar

Access = Mapping[str, Any]
Manifest = dict[str, Any]

ALL = "variables.containers"


def variables(access: Access) -> list[Manifest]:
    """Return what the expressions have in common, of the pod at hand; `injectable` is whether nothing is refused."""
    name = cel.literal(access["sidecar"]["name"])
    values = {
        "inits": "object.spec.?initContainers.orValue([])",
        "containers": "variables.inits + object.spec.containers",
        "others": f"{ALL}.filter(c, c.name != {name})",
        "volumes": "object.spec.?volumes.orValue([])",
        "labels": "object.metadata.?labels.orValue({})",
        "annotations": "object.metadata.?annotations.orValue({})",
    }
    values["injectable"] = " && ".join(f"({refusal['expression']})" for refusal in refusals(access))
    return [{"name": name, "expression": expression} for name, expression in values.items()]


def validations(access: Access) -> list[Manifest]:
    """Return the refusals, and behind them that of a pod that nothing else keeps from having the sidecar."""
    return [*refusals(access), _injected(access)]


def refusals(access: Access) -> list[Manifest]:
    """Return the refusals: of each an expression that holds where nothing is wrong, and one of its message."""
    return [
        *_isolation(),
        _service_account(access["service_account_name"]),
        *_user(access["sidecar"]),
        *_volumes(access),
        _is_ours(access["sidecar"]),
        *_of_containers(access),
        *_metadata("label", "labels", access["pod_labels"]),
        *_metadata("annotation", "annotations", _plain(access["pod_annotations"])),
    ]


def _validation(expression: str, message: str) -> Manifest:
    return {"expression": expression, "messageExpression": message}


def _none(found: str, message: str) -> Manifest:
    """Return the refusal of what a list has; in the message, `FOUND` is its first item."""
    return _validation(f"size({found}) == 0", message.replace("FOUND", f"{found}[0]"))


def _quoted(expression: str) -> str:
    """Return the expression of a text as Python shows it."""
    return f'"\'" + {expression} + "\'"'


def _isolation() -> list[Manifest]:
    shared = [
        _validation(
            f"!object.spec.?{field}.orValue(false)",
            reasons.SHARED.message('"True"', field=cel.literal(field), reason=cel.literal(reason)),
        )
        for field, reason in reasons.SHARED_WITH_THE_NODE.items()
    ]
    systems = [
        "object.spec.?os.?name",
        *(f"object.spec.?nodeSelector[?{cel.literal(name)}]" for name in reasons.OS_LABELS),
    ]
    linux = " && ".join(f'{system}.orValue("") != "windows"' for system in systems)
    aliases = 'object.spec.?hostAliases.orValue([]).filter(a, "localhost" in a.?hostnames.orValue([]))'
    return [
        *shared,
        _validation(linux, reasons.WINDOWS.message("\"'windows'\"")),
        _none(aliases, reasons.LOCALHOST.message(_quoted("FOUND.ip"))),
    ]


def _service_account(account: str) -> Manifest:
    given = 'object.spec.?serviceAccountName.orValue("")'
    message = reasons.OTHER_ACCOUNT.message(
        _quoted(given), field='"serviceAccountName"', account=cel.literal(account), other=given
    )
    return _validation(f"{given} in {_texts(*reasons.NO_ACCOUNT, account)}", message)


def _user(sidecar: Manifest) -> list[Manifest]:
    if "runAsUser" in (sidecar.get("securityContext") or {}):
        return []
    root = f"object.spec.?securityContext.?runAsUser != optional.of({reasons.ROOT})"
    return [_validation(root, reasons.ROOT_USER.message(cel.literal(str(reasons.ROOT))))]


def _volumes(access: Access) -> list[Manifest]:
    names = _texts(*(volume["name"] for volume in access["volumes"]))
    ours = " || ".join(f"({cel.has_all_of('optional.of(v)', volume)})" for volume in access["volumes"])
    other = f"variables.volumes.filter(v, v.name in {names} && !({ours}))"
    sources = 'FOUND.filter(key, key != "name").map(key, key).join(", ")'
    audiences = _texts(*sorted({audience for volume in access["volumes"] for audience in audiences_of(volume)}))
    audience = 's.?serviceAccountToken.?audience.orValue("")'
    has_token = f"v.?projected.?sources.orValue([]).exists(s, {audience} in {audiences})"
    token = f"variables.volumes.filter(v, !(v.name in {names}) && {has_token})"
    found = f"FOUND.projected.sources.filter(s, {audience} in {audiences})[0].serviceAccountToken.audience"
    return [
        _none(other, reasons.OTHER_VOLUME.message(_quoted(sources), volume="FOUND.name")),
        _none(token, reasons.TOKEN.message(_quoted(f"{cel.literal(reasons.AUDIENCE)} + {found}"), volume="FOUND.name")),
    ]


def _is_ours(sidecar: Manifest) -> Manifest:
    name = cel.literal(sidecar["name"])
    ours = f"variables.inits.filter(c, {cel.has_all_of('optional.of(c)', sidecar)})"
    named = f"{ALL}.filter(c, c.name == {name})"
    message = reasons.OTHER_SIDECAR.message(_quoted(f"{named}[0].image"), name=name)
    return _validation(f"size({named}) == size({ours})", message)


def _of_containers(access: Access) -> list[Manifest]:
    url = cel.literal(access["url"])
    wrong = f'v.name == {cel.literal(URL_VARIABLE)} && v.?value.orValue("") != {url}'
    value = f'FOUND.env.filter(v, {wrong})[0].?value.orValue("")'
    mounts = f"m.name in {_texts(*(volume['name'] for volume in access['volumes']))}"
    ports = sorted(ports_of_sidecar(access))
    taken = cel.literal(ports)
    probes = [f"[c.?{probe}.?{way}.?port.orValue(0)]" for probe in reasons.PROBES for way in reasons.PROBED_BY]
    used = " + ".join(["c.?ports.orValue([]).map(p, dyn(p.containerPort))", *probes])
    own = f"[FOUND].map(c, ({used}).filter(p, p in {taken}))[0][0]"
    return [
        _none(
            f"variables.others.filter(c, c.?env.orValue([]).exists(v, {wrong}))",
            reasons.OTHER_URL.message(_quoted(value), container="FOUND.name", url=url),
        ),
        _none(
            f"variables.others.filter(c, c.?volumeMounts.orValue([]).exists(m, {mounts}))",
            reasons.MOUNTED.message(
                _quoted(f"FOUND.volumeMounts.filter(m, {mounts})[0].name"),
                container="FOUND.name",
            ),
        ),
        _none(
            f"variables.others.filter(c, ({used}).exists(p, p in {taken}))",
            reasons.PORT.message(
                f"string({own})", container="FOUND.name", ports=cel.literal(", ".join(map(str, ports)))
            ),
        ),
    ]


def _injected(access: Access) -> Manifest:
    """Return the refusal of a pod that should have been injected, and was not: the other policy is not there yet."""
    name, account = cel.literal(access["sidecar"]["name"]), cel.literal(access["service_account_name"])
    told = f"c.?env.orValue([]).exists(v, v.name == {cel.literal(URL_VARIABLE)})"
    injected = (
        f"variables.inits.exists(c, c.name == {name}) && object.spec.serviceAccountName == {account}"
        f" && variables.others.all(c, {told})"
    )
    return _validation(f"!variables.injectable || ({injected})", reasons.NOT_INJECTED.message('"none"', name=name))


def _metadata(what: str, field: str, wanted: Mapping[str, str]) -> list[Manifest]:
    return [
        _validation(
            f"variables.{field}[?{cel.literal(name)}].orValue({cel.literal(value)}) == {cel.literal(value)}",
            reasons.METADATA.message(
                _quoted(f"variables.{field}[{cel.literal(name)}]"),
                what=cel.literal(what),
                name=cel.literal(name),
                wanted=cel.literal(repr(value)),
            ),
        )
        for name, value in wanted.items()
    ]


def _plain(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return the annotations without those that list the pod's containers."""
    return {name: value for name, value in annotations.items() if name not in BETWEEN_SKIPPED}


def _texts(*texts: str) -> str:
    return cel.literal(list(texts))
