"""Who gets credentials from AWS: the one ServiceAccount that a role trusts, with a token meant for AWS."""

import json
import subprocess
import sys
import time
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from local import config
from local.aws import account
from tests.e2e.conftest import Environment

AUDIENCE = "sts.amazonaws.com"


def service_account(environment: Environment, namespace: str) -> str:
    pod = json.loads(environment.kubectl("get", "pod", environment.pod(namespace), "-n", namespace, "-o", "json"))
    return str(pod["spec"]["serviceAccountName"])


def token_of(environment: Environment, namespace: str, account: str, audience: str = AUDIENCE) -> str:
    return environment.kubectl("create", "token", account, "-n", namespace, f"--audience={audience}").strip()


def assume(role: str, token: str) -> dict[str, Any]:
    answer = account.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="probe", WebIdentityToken=token
    )
    credentials: dict[str, Any] = answer["Credentials"]
    return credentials


def refusal(role: str, token: str) -> str:
    with pytest.raises(ClientError) as refused:
        assume(role, token)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def token(environment: Environment) -> str:
    """The right token: of test's own ServiceAccount, for AWS."""
    return token_of(environment, "test", service_account(environment, "test"))


def test_the_right_token_gets_credentials(token: str, role_arns: dict[str, str]) -> None:
    """The control of every refusal below: the same call with the right token succeeds."""
    assert assume(role_arns["test"], token)["SessionToken"]


def test_a_forged_token_gets_none(token: str, role_arns: dict[str, str]) -> None:
    """The right claims under the right key id, signed by somebody else."""
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, forger, algorithm="RS256", headers=headers)
    assert refusal(role_arns["test"], forged) == "InvalidIdentityToken"


def test_another_service_account_gets_none(environment: Environment, role_arns: dict[str, str]) -> None:
    """Neither the default ServiceAccount of the same namespace nor prod's own."""
    assert refusal(role_arns["test"], token_of(environment, "test", "default")) == "AccessDenied"
    prod = token_of(environment, "prod", service_account(environment, "prod"))
    assert refusal(role_arns["test"], prod) == "AccessDenied"
    assert assume(role_arns["prod"], prod)["SessionToken"]


def test_another_namespaces_role_is_refused(token: str, role_arns: dict[str, str]) -> None:
    """Test's own token does not open prod's role."""
    assert refusal(role_arns["prod"], token) == "AccessDenied"


def test_a_token_for_another_audience_gets_none(environment: Environment, role_arns: dict[str, str]) -> None:
    """A token that the API server would take is not for AWS."""
    account = service_account(environment, "test")
    assert refusal(role_arns["test"], token_of(environment, "test", account, config.ISSUER)) == "InvalidIdentityToken"


def test_an_expired_token_gets_none(token: str, role_arns: dict[str, str]) -> None:
    """Signed by the API server's own key, and one second too old."""
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    key = (config.PKI / "sa.key").read_text()
    now = int(time.time())
    fresh = jwt.encode({**claims, "exp": now + 600}, key, algorithm="RS256", headers=headers)
    assert assume(role_arns["test"], fresh)["SessionToken"]
    expired = jwt.encode({**claims, "iat": now - 600, "exp": now - 1}, key, algorithm="RS256", headers=headers)
    assert refusal(role_arns["test"], expired) == "ExpiredTokenException"


# Every file below /run, /var and /tmp and every process's environment, as far as the container's user may read them.
FIND_TOKENS = """
import json, os, re
found = set()
def look(path):
    try:
        with open(path, "rb") as file:
            found.update(re.findall(rb"eyJ[\\w-]+\\.eyJ[\\w-]+\\.[\\w-]+", file.read(1 << 20)))
    except OSError:
        pass
for top in ("/run", "/var", "/tmp", "/home", "/etc", "/app"):
    for folder, _, files in os.walk(top):
        for name in files:
            look(os.path.join(folder, name))
for process in os.listdir("/proc"):
    if process.isdigit():
        look(f"/proc/{process}/environ")
names = [name for name in os.environ if name.startswith("AWS_")]
print(json.dumps({"tokens": [token.decode() for token in found], "aws": names}))
"""


def find_tokens(environment: Environment, container: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(environment.python("test", container, FIND_TOKENS))
    return found


def test_the_app_container_holds_no_token_that_aws_accepts(environment: Environment, role_arns: dict[str, str]) -> None:
    """The sidecar has the pod's identity, and the app beside it has none."""
    (sidecars,) = find_tokens(environment, "secrets")["tokens"]
    assert assume(role_arns["test"], sidecars)["SessionToken"]  # the search finds what there is

    assert find_tokens(environment, "app") == {"tokens": [], "aws": []}


LIST_SECRETS = """
import sys, urllib.error, urllib.request
url, authorization = sys.argv[1:]
headers = {"Authorization": authorization, "X-Amz-Target": "secretsmanager.ListSecrets"}
try:
    print(urllib.request.urlopen(urllib.request.Request(url, b"{}", headers)).status)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""
CREDENTIAL = f"{config.ACCOUNT}/20260101/us-east-1/secretsmanager/aws4_request"


@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        ("", f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=00"),
        ("", f"AWS {config.ACCOUNT}:00"),
        (f"?X-Amz-Credential={CREDENTIAL}", "none"),
    ],
)
def test_a_pod_cannot_use_the_laptops_root_keys(environment: Environment, query: str, authorization: str) -> None:
    """MiniStack's root keys are no secret, so the guard takes them from the host alone, however they are spelled."""
    asked = (LIST_SECRETS, f"{config.AWS_URL}/{query}", authorization)
    from_the_host = subprocess.run([sys.executable, "-c", *asked], capture_output=True, text=True, check=True)
    assert from_the_host.stdout.strip() == "200"
    out = environment.python("test", "app", *asked)
    assert out.startswith("403")
    assert "InvalidClientTokenId" in out
