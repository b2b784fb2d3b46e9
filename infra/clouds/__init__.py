"""The clouds that a stack can be for: each has a module, which alone knows its settings, provider and components."""

from section import Section, invalid

from .cloud import Cloud, ClusterOutputs

__all__ = ["Cloud", "ClusterOutputs", "cloud_of"]

NAMES = ("aws", "azure", "gcp", "vault")


def cloud_of(top: Section) -> Cloud:
    """Return the one cloud that a stack's file names, with the settings under the key of its name.

    Its module is imported here, since it imports the cloud's SDK. Without the key `cloud` it is AWS.
    """
    sections = [name for name in NAMES if name in top]
    name = top.take("cloud", "aws" if sections in ([], ["aws"]) else None, example=" or ".join(sections))
    if name is None or name not in NAMES:
        fix = f"set it to {sections[0]}, as the file has its settings" if sections else "correct it"
        raise invalid(top.key("cloud"), name, f"one of {', '.join(NAMES)}", fix)
    for other in sections:
        if other != name:
            fix = "leave it out, or make a stack for it: a stack is for one cloud"
            raise invalid(top.key(other), "settings", f"none beside {top.key('cloud')}: {name}", fix)
    match name:
        case "aws":
            from . import aws  # noqa: PLC0415  the SDK of no other cloud is imported

            return aws.read(top.section("aws", example="account_id and region under it"))
        case "azure":
            from . import azure  # noqa: PLC0415  as above

            return azure.read(top.section("azure", example="tenant_id, subscription_id, … under it"))
        case "gcp":
            from . import gcp  # noqa: PLC0415  as above

            return gcp.read(top.section("gcp", example="project and project_number under it"))
        case "vault":
            from . import vault  # noqa: PLC0415  as above

            return vault.read(top.section("vault", example="address under it"))
    raise AssertionError(name)
