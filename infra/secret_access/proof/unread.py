"""Resources that may decide who reads which secret, in a form that is not read: they are said. Pure.

Sources: the pages of `aws`, `aws-native`, `azure-native`, `google-native` and `vault` in Pulumi's registry; "Any
Terraform Provider"; the API references of AWS Controllers for Kubernetes, Config Connector, Azure Service Operator,
Crossplane, Bank-Vaults, KubeVault and redhat-cop's Vault Config Operator.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .commands import changes
from .preview import UNKNOWN, Resource


@dataclass(frozen=True)
class _Unread:
    """What is not read of a cloud."""

    bridged: str
    """Types of providers that are not read."""
    operators: str = "none"
    """API groups, versions and kinds of Kubernetes whose objects an operator makes the cloud's of."""
    inside: str = "none"
    """How what decides begins, where something else holds it."""
    holders: Mapping[str, Sequence[str]] | None = None
    """Types that hold such, and the inputs where."""


_SCOPES = ("", "AtManagementGroupScope", "AtScope", "AtSubscriptionScope", "AtTenantScope")
_STACKED = ("ManagementGroup", "ResourceGroup", "Subscription")
_STACKS = ("templateBody", "templateUrl")
_UNREAD: Mapping[str, _Unread] = {
    "aws": _Unread(
        bridged=r"aws:index/(iam|kms(Key|Grant|Replica)|secretsmanagerSecretPolicy|eks(Access|PodIdentity))\w*:\w+",
        operators=r"([\w-]+\.)?(iam|kms|secretsmanager|eks)\.(services\.k8s\.aws|aws(\.m)?\.(crossplane|upbound)\.io)/.*",
        inside=(
            r"AWS::(IAM::|KMS::|SecretsManager::ResourcePolicy|EKS::(AccessEntry|PodIdentityAssociation)"
            r"|EKS::Addon(?=[\s\S]*PodIdentityAssociations)|CloudFormation::Stack(Set)?\b|Include\b"
            r"|Serverless::(Application|Connector|Function|GraphQLApi|StateMachine)\b)|\b\w+::MODULE\b"
        ),
        holders={
            "aws:cloudcontrol/resource:Resource": ("typeName",),
            "aws:cloudformation/stack:Stack": _STACKS,
            "aws:cloudformation/stackSet:StackSet": _STACKS,
            "aws-native:cloudformation:Stack": _STACKS,
            "aws-native:cloudformation:StackSet": _STACKS,
            "aws-native:index:ExtensionResource": ("type",),
        },
    ),
    "gcp": _Unread(
        bridged=r"google(-beta)?:index/\w*Iam\w*:\w+",
        operators=(
            r"(iam\.cnrm\.cloud\.google\.com|(cloudplatform|iam)\.gcp(\.m)?\.upbound\.io)/.*"
            r"|secretmanager\.gcp(\.m)?\.upbound\.io/\w+:\w*IAM\w+"
        ),
    ),
    "azure": _Unread(
        bridged=r"azurerm:index/(roleAssignment|pim\w+RoleAssignment|roleDefinition|federatedIdentityCredential|keyVault(AccessPolicy)?):\w+",
        operators=r"(managedidentity|authorization|keyvault)\.(azure\.com|azure(\.m)?\.upbound\.io)/.*",
        inside=r"(?i:Microsoft\.(Authorization/role|ManagedIdentity/|KeyVault/vaults\b))",
        holders={
            **{f"azure-native:resources:Deployment{scope}": ("properties",) for scope in _SCOPES},
            **{f"azure-native:resources:DeploymentStackAt{scope}": ("template", "templateLink") for scope in _STACKED},
            **{
                f"azure:core/{scope}TemplateDeployment:{scope[0].upper()}{scope[1:]}TemplateDeployment": (
                    "templateContent",
                    "templateSpecVersionId",
                )
                for scope in ("managementGroup", "resourceGroup", "subscription", "tenant")
            },
            "azapi:index/resource:Resource": ("type",),
        },
    ),
    "vault": _Unread(
        bridged=r"none",
        operators=r"(redhatcop\.redhat\.io|policy\.kubevault\.com|([\w-]+\.)?vault(\.m)?\.upbound\.io)/.*",
        inside=(
            r"/?(sys/polic|auth/|identity/)|(?<=\")(policies|auth|groups|group-aliases)(?=\": [\"\[{][^\]])"
            rf"|(?<=\")externalConfig(?=\": \"{UNKNOWN})"
        ),
        holders={
            "vault:generic/endpoint:Endpoint": ("path",),
            "vault:generic/secret:Secret": ("path",),
            "kubernetes:vault.banzaicloud.com/v1alpha1:Vault": ("spec",),
        },
    ),
}
"""By cloud."""
_WHOLE = ("templateBody", "properties", "template", "templateContent", "spec")
_ADDRESSES = ("templateUrl", "templateLink", "templateSpecVersionId")
_OF_VALUES = ("vault:generic/secret:Secret",)
"""Types whose path, where it is known only later, is nearly always one of values."""


def unread(cloud: str, resources: Sequence[Resource]) -> Iterator[str]:
    """Yield a line for each resource that may decide who reads secrets of a cloud, and is not read."""
    found = _UNREAD[cloud]
    for each in resources:
        if re.fullmatch(found.bridged, each.type):
            yield f"{each.name} of type {each.type}: documents are read in the words of Pulumi's own providers"
        elif re.fullmatch(rf"kubernetes:({found.operators})", each.type):
            yield f"{each.name} of type {each.type}: an operator makes a document of it, which is not read"
        else:
            yield from _held(found, each)
            yield from changes(cloud, each)


def _held(found: _Unread, each: Resource) -> Iterator[str]:
    type_ = re.sub(r"(azure-native)(_\w+)?:(\w+)(/v\w+)?:", r"\1:\3:", each.type)
    for key in (found.holders or {}).get(type_, ()):
        given = each.inputs.get(key)
        text = given if isinstance(given, str) else json.dumps(given)
        begins = re.search(found.inside, text) if key in _WHOLE else re.match(found.inside, text)
        if type_ not in _OF_VALUES and (text == UNKNOWN or f'"template": "{UNKNOWN}"' in text):
            yield f"{each.name} of type {each.type}: its {key} is known only after `pulumi up`"
        elif given is not None and (key in _ADDRESSES or '"templateLink":' in text):
            yield f"{each.name} of type {each.type}: what its {key} has is not read"
        elif begins:
            yield f"{each.name} of type {each.type}: {begins[0].strip('/')} in its {key} is not read"
