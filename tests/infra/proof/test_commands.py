"""Commands of a program that change who reads which secret are said; others are left alone."""

import pytest

from secret_access.proof.evaluation import CLOUDS
from secret_access.proof.preview import UNKNOWN
from secret_access.proof.unread import unread
from tests.infra.policy.cases.case import one, resources

SAID = [
    ("aws", "aws iam put-role-policy --role-name test --policy-name more --policy-document file://a.json"),
    ("aws", "aws --region us-east-1 iam attach-role-policy --role-name test --policy-arn arn:aws:iam::aws:policy/A"),
    ("aws", "set -e\naws iam \\\n  update-assume-role-policy --role-name prod"),
    ("aws", "aws secretsmanager put-resource-policy --secret-id prod/db --resource-policy file://a.json"),
    ("aws", "AWS_PROFILE=a aws eks create-pod-identity-association --cluster-name blue"),
    ("aws", "eksctl create iamserviceaccount --name secret-access"),
    ("gcp", "gcloud secrets add-iam-policy-binding prod-db --member=a --role=roles/secretmanager.secretAccessor"),
    ("gcp", "gcloud --project p projects set-iam-policy p policy.json"),
    ("gcp", "gcloud iam workload-identity-pools providers update-oidc a --location global"),
    ("azure", "az role assignment create --assignee 1 --role 'Key Vault Secrets User' --scope /subscriptions/1"),
    ("azure", "cd a && az identity federated-credential create --name a --identity-name prod"),
    ("azure", "az keyvault set-policy --name shared --secret-permissions get"),
    ("azure", "az rest --method put --url https://a/providers/Microsoft.Authorization/roleAssignments/1"),
    ("azure", "New-AzRoleAssignment -ObjectId 1"),
    ("vault", "vault policy write all all.hcl"),
    ("vault", "vault write auth/kubernetes/role/test bound_service_account_names=a"),
    ("vault", "VAULT_ADDR=https://a /usr/bin/vault write -format=json sys/policies/acl/all policy=@a.hcl"),
    ("vault", "bao write identity/entity name=a policies=all"),
]
SILENT = [
    "aws iam get-role --role-name test",
    "aws iam create-service-linked-role --aws-service-name a",
    "aws eks update-kubeconfig --name blue",
    "aws s3 cp iam-put-role-policy.json s3://a",
    "gcloud container clusters get-credentials blue",
    "gcloud projects get-iam-policy p",
    "az role assignment list --all",
    "az aks get-credentials --name blue",
    "az storage account create --name a; echo role assignment create",
    "vault write auth/kubernetes/login role=test jwt=a",
    "vault write auth/jwt/prod/login role=test",
    "vault kv put secret/a b=c",
    "vault read sys/policies/acl/all",
    "kubectl apply -f pod.yaml",
    "",
    UNKNOWN,
]
TYPES = [
    ("command:local:Command", "create"),
    ("command:local:Command", "update"),
    ("command:remote:Command", "create"),
    ("command:remote:Command", "stdin"),
    ("azure-native:resources:AzureCliScript", "scriptContent"),
    ("azure-native:resources/v20231001:AzurePowerShellScript", "scriptContent"),
]


def said(type_: str, key: str, text: str) -> dict[str, list[str]]:
    """What is said of a script, by cloud."""
    found = {cloud: list(unread(cloud, resources(one(type_, **{key: text})))) for cloud in CLOUDS}
    return {cloud: lines for cloud, lines in found.items() if lines}


@pytest.mark.parametrize(("cloud", "text"), SAID)
def test_a_command_that_changes_rights_is_said_of_its_cloud_alone(cloud: str, text: str) -> None:
    (line,) = said("command:local:Command", "create", text).pop(cloud)
    assert line.startswith("it of type command:local:Command: `")
    assert line.endswith("` in its create is not read")
    assert list(said("command:local:Command", "create", text)) == [cloud]


@pytest.mark.parametrize("text", SILENT)
def test_a_command_that_changes_no_right_is_not_said(text: str) -> None:
    """Nor one that is known later: most programs have some."""
    assert said("command:local:Command", "create", text) == {}


@pytest.mark.parametrize(("type_", "key"), TYPES)
def test_every_kind_of_script_is_looked_at(type_: str, key: str) -> None:
    assert list(said(type_, key, "az role assignment create --scope /")) == ["azure"]
    assert said(type_, "environment" if key == "create" else "delete", "az role assignment create --scope /") == {}
