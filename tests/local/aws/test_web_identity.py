"""What the guard refuses before AWS's trust policies are asked, against an issuer served over HTTPS."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.aws.web_identity import Provider, RefusedError, verify, with_single_audience
from local.issuer_keys import IssuerKeys
from local.pki import Authority

AUDIENCE = "sts.amazonaws.com"
SUBJECT = "system:serviceaccount:test:app"


@dataclass
class Issuer:
    """An OpenID Connect issuer that signs whatever it is given."""

    url: str
    key: rsa.RSAPrivateKey
    keys: IssuerKeys

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.url, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "exp": now + 600, **changed}

    def token(self, key: rsa.RSAPrivateKey | None = None, kid: str = "k1", **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), key or self.key, algorithm="RS256", headers={"kid": kid})

    def find(self, issuer: str) -> Provider | None:
        return Provider(self.url, (AUDIENCE,)) if f"https://{issuer}" == self.url else None

    def verify(self, token: str) -> dict[str, Any]:
        return verify(token, self.find, self.keys)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder: Path = tmp_path_factory.mktemp("pki")
    authority = Authority(folder)
    certificate = authority.server("issuer", addresses=["127.0.0.1"], hosts=[], common_name="issuer")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1", "alg": "RS256", "use": "sig"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"https://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            discovery = {"issuer": url, "jwks_uri": f"{url}/jwks"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": [jwk]} if self.path == "/jwks" else discovery).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's word
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Issuer(f"https://127.0.0.1:{server.server_port}", key, IssuerKeys(authority.cert))
        server.shutdown()
        thread.join()


def test_a_token_of_a_registered_issuer_is_believed(issuer: Issuer) -> None:
    """Signature, issuer, audience and validity are right: the claims come back as signed."""
    assert issuer.verify(issuer.token())["sub"] == SUBJECT


def refusal(issuer: Issuer, token: str) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        issuer.verify(token)
    return refused.value.code, refused.value.message


def test_a_forged_signature_is_refused(issuer: Issuer) -> None:
    """Another key under the issuer's key id is not the issuer."""
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refusal(issuer, issuer.token(key=forger))[0] == "InvalidIdentityToken"


def test_an_unknown_key_is_refused(issuer: Issuer) -> None:
    """A key id that the issuer does not publish is refused as AWS words it."""
    assert "Couldn't retrieve verification key" in refusal(issuer, issuer.token(kid="k2"))[1]


def test_a_token_without_signature_is_refused(issuer: Issuer) -> None:
    """`alg: none` is no signature, whatever it claims."""
    token = jwt.encode(issuer.claims(), "", algorithm="none", headers={"kid": "k1"})
    assert refusal(issuer, token)[0] == "InvalidIdentityToken"


def test_a_symmetric_signature_by_the_public_key_is_refused(issuer: Issuer) -> None:
    """HS256 keyed with public material is the classic confusion."""
    token = jwt.encode(issuer.claims(), "x" * 64, algorithm="HS256", headers={"kid": "k1"})
    assert refusal(issuer, token)[0] == "InvalidIdentityToken"


def test_an_expired_token_is_refused_as_expired(issuer: Issuer) -> None:
    """Expiry has an error code of its own."""
    assert refusal(issuer, issuer.token(exp=int(time.time()) - 1)) == ("ExpiredTokenException", "Token expired")


def test_a_wrong_audience_is_refused(issuer: Issuer) -> None:
    """A token for the API server is not one for AWS."""
    assert refusal(issuer, issuer.token(aud=["https://kubernetes.default.svc"])) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )


def test_an_issuer_that_the_account_does_not_know_is_refused(issuer: Issuer) -> None:
    """Without an OIDC provider in the account nobody's keys are even fetched."""
    assert "No OpenIDConnect provider found" in refusal(issuer, issuer.token(iss="https://elsewhere.example"))[1]


@pytest.mark.parametrize("token", ["", "no-token", "a.b.c"])
def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    """Garbage is told apart from a token that fails."""
    assert "not a valid JWT" in refusal(issuer, token)[1]


def test_an_issuer_with_another_authority_is_not_believed(issuer: Issuer, tmp_path: Path) -> None:
    """The keys come over TLS that is verified."""
    stranger = IssuerKeys(Authority(tmp_path).cert)
    with pytest.raises(RefusedError, match="Couldn't retrieve verification key"):
        verify(issuer.token(), issuer.find, stranger)


def test_a_list_of_one_audience_reads_as_that_audience() -> None:
    """Only a list of exactly one is flattened."""
    assert with_single_audience({"aud": ["a"]}) == {"aud": "a"}
    assert with_single_audience({"aud": ["a", "b"]}) == {"aud": ["a", "b"]}
