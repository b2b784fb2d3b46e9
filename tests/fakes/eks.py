"""EKS Pod Identity, as far as pods see it: the agent of a node, with EKS Auth behind it.

It verifies the pod's token with the cluster's own API server, finds the association in EKS, and assumes the roles that
it names as EKS does: with session tags unless these are off, with the association's policy, and the target role with
the first one's session (EKS User Guide, "Learn how EKS Pod Identity grants Pods access to AWS services", "Access AWS
Resources using EKS Pod Identity Target IAM Roles").
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.ministack_iam import SOURCE_ACCOUNT, SOURCE_ARN

AUDIENCE = "pods.eks.amazonaws.com"
Json = dict[str, Any]


@dataclass(frozen=True)
class Eks:
    """A cluster's agent. `client` makes a boto3 client of a service, with the credentials given or as the account."""

    cluster_arn: str
    client: Callable[..., Any]
    review: Callable[[str, str], str | None]
    """The user that a token for an audience is of, if the API server says that it is one."""

    def credentials(self, token: str) -> Json:
        """What the agent answers; raises PermissionError with EKS Auth's code, or STS's ClientError."""
        user = self.review(token, AUDIENCE)
        if user is None:
            raise PermissionError("InvalidTokenException")
        *_, namespace, service_account = user.split(":")
        association = self._association(namespace, service_account)
        if association is None:
            raise PermissionError("ResourceNotFoundException")
        return self._assume(association, self._tags(association))

    def _association(self, namespace: str, service_account: str) -> Json | None:
        eks = self.client("eks")
        named = {"clusterName": self.cluster_arn.rpartition("/")[2]}
        listed = eks.list_pod_identity_associations(**named, namespace=namespace, serviceAccount=service_account)
        for found in listed["associations"]:
            known = eks.describe_pod_identity_association(**named, associationId=found["associationId"])
            return dict(known["association"])
        return None

    def _tags(self, association: Json) -> list[Json]:
        if association["disableSessionTags"]:
            return []
        tags = {
            "eks-cluster-arn": self.cluster_arn,
            "eks-cluster-name": association["clusterName"],
            "kubernetes-namespace": association["namespace"],
            "kubernetes-service-account": association["serviceAccount"],
            "kubernetes-pod-name": "app-1",
            "kubernetes-pod-uid": "5a0c3e4e-0d1f-4d9e-a5a4-9d5f6e9a3d55",
        }
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def _assume(self, association: Json, tags: list[Json]) -> Json:
        policy = {"Policy": association["policy"]} if association.get("policy") else {}
        target = association.get("targetRoleArn")
        if policy and not association["disableSessionTags"]:
            raise PermissionError("InvalidParameterException")  # EKS takes no such association
        named = {"RoleSessionName": f"eks-{association['clusterName']}-app-1", "Tags": tags}
        sts = self.client("sts")
        source = {SOURCE_ACCOUNT: self.cluster_arn.split(":")[4], SOURCE_ARN: self.cluster_arn}
        sts.meta.events.register("before-sign.sts.AssumeRole", lambda request, **_: _add(request.headers, source))
        made = sts.assume_role(RoleArn=association["roleArn"], **named, **({} if target else policy))["Credentials"]
        if target:
            chained = self.client("sts", made)
            external = {"ExternalId": association["externalId"]}
            made = chained.assume_role(RoleArn=target, **named, **external, **policy)["Credentials"]
        return {
            "AccessKeyId": made["AccessKeyId"],
            "SecretAccessKey": made["SecretAccessKey"],
            "Token": made["SessionToken"],
            "Expiration": made["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "AccountId": (target or association["roleArn"]).split(":")[4],
        }

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer on the loopback; the agent's URL."""
        eks = self

        class Agent(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    self._answer(200, eks.credentials(self.headers["Authorization"] or ""))
                except PermissionError as refused:
                    self._answer(400, {"code": str(refused)})
                except ClientError as error:
                    self._answer(400, {"code": error.response["Error"]["Code"]})

            def _answer(self, status: int, answer: Json) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Agent) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/v1/credentials"
            finally:
                server.shutdown()
                thread.join()


def _add(headers: Any, more: dict[str, str]) -> None:
    for name, value in more.items():
        headers[name] = value
