"""Resources that may decide who reads which secret, in a form that neither proof nor rule reads: they are said. Pure.

Sources: the pages of `aws`, `aws-native`, `azure-native`, `google-native` and `vault` in Pulumi's registry; "Any
Terraform Provider"; the API references of AWS Controllers for Kubernetes, Config Connector, Azure Service Operator and
Crossplane.
"""

import json
import re
from collections.abc import Iterator

from .preview import Resource

_AWS = re.compile(r"AWS::(IAM::|KMS::|SecretsManager::ResourcePolicy|EKS::(AccessEntry|PodIdentityAssociation))")
_AZURE = re.compile(
    r"Microsoft\.(Authorization/role|ManagedIdentity/|KeyVault/vaults(/accessPolicies)?\b)", re.IGNORECASE
)
_VAULT = re.compile(r"/?(sys/polic|auth/|identity/)")
_TEMPLATES = {
    "aws:cloudcontrol/resource:Resource": (("typeName",), _AWS),
    "aws:cloudformation/stack:Stack": (("templateBody", "templateUrl"), _AWS),
    "aws:cloudformation/stackSet:StackSet": (("templateBody", "templateUrl"), _AWS),
    "aws-native:cloudformation:Stack": (("templateBody", "templateUrl"), _AWS),
    "aws-native:cloudformation:StackSet": (("templateBody", "templateUrl"), _AWS),
    "aws-native:index:ExtensionResource": (("type",), _AWS),
    "azure-native:resources:Deployment": (("properties",), _AZURE),
    "vault:generic/endpoint:Endpoint": (("path",), _VAULT),
    "vault:generic/secret:Secret": (("path",), _VAULT),
}
"""Types whose inputs hold other resources: where, and how those begin that decide. An address is never read."""
_BRIDGED = re.compile(
    r"aws:index/(iam|kms(Key|Grant|Replica)|secretsmanagerSecretPolicy|eks(Access|PodIdentity))\w*:\w+"
    r"|google(-beta)?:index/\w*Iam\w*:\w+"
    r"|azurerm:index/(roleAssignment|roleDefinition|federatedIdentityCredential|keyVaultAccessPolicy|keyVault):\w+"
)
"""Providers of Terraform's registry that a program adds itself."""
_OPERATORS = re.compile(
    r"kubernetes:([\w.-]+\.)?("
    r"(iam|kms|secretsmanager|eks)\.(services\.k8s\.aws|aws(\.m)?\.(crossplane|upbound)\.io)"
    r"|iam\.cnrm\.cloud\.google\.com|(cloudplatform|iam)\.gcp(\.m)?\.upbound\.io"
    r"|(managedidentity|authorization|keyvault)\.(azure\.com|azure(\.m)?\.upbound\.io)"
    r"|redhatcop\.redhat\.io|vault(\.m)?\.(vault\.)?upbound\.io"
    r")/\w+:\w+"
)
"""Objects of which an operator in the cluster makes a cloud's."""


def cloud_of(resource: Resource) -> str:
    """Return the cloud that such a resource is about, as a verdict calls it."""
    marks = {"azure": "azure", "google|gcp": "gcp", "vault|redhatcop": "vault"}
    return next((cloud for mark, cloud in marks.items() if re.search(mark, resource.type)), "aws")


def holds(resource: Resource) -> Iterator[str]:
    """Yield what is not judged of a resource, in one line."""
    kind = resource.type
    if _BRIDGED.fullmatch(kind):
        yield f"{resource.name} is a {kind}: of this cloud's documents, those of Pulumi's own provider are judged"
    if _OPERATORS.fullmatch(kind):
        yield f"{resource.name} is a {kind}, of which an operator makes a document of the cloud: it is not judged"
    keys, decides = _TEMPLATES.get(re.sub(r"(azure-native)(_\w+)?:(\w+)(/v\w+)?:", r"\1:\3:", kind), ((), _AWS))
    for key in keys:
        given = resource.inputs.get(key)
        if given is None:
            continue
        text = given if isinstance(given, str) else json.dumps(given)
        if key == "templateUrl":
            yield f"{resource.name} is a {kind} from {key}: what is in it is not judged"
        elif found := decides.search(text) if key in ("templateBody", "properties") else decides.match(text):
            yield f"{resource.name} is a {kind} with {found[0].strip('/')}: it is not judged"
