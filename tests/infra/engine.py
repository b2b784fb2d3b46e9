"""Runs programs against Pulumi's mock monitor, and remembers what the engine would have been asked."""

import asyncio
import contextlib
import contextvars
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi
from pulumi.runtime import mocks, rpc, set_all_config, set_mocks
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from secret_access.access import SecretAccess
from secret_access.program_errors import InvalidArgument
from tests.infra.azure import answers as azure
from tests.infra.messages import assert_whole

ACCOUNT = "111122223333"
ISSUER_HOST = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
CLUSTER_ARN = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/blue"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER_HOST}"
PROJECT_NUMBER = "123456789012"
AUDIT_ARNS = {
    "aws:cloudtrail/trail:Trail": f"cloudtrail:us-east-1:{ACCOUNT}:trail/",
    "aws:cloudwatch/eventRule:EventRule": f"events:us-east-1:{ACCOUNT}:rule/",
    "aws:sns/topic:Topic": f"sns:us-east-1:{ACCOUNT}:",
}
CLUSTER_OUTPUTS: dict[str, Any] = {
    "cloud": "aws",
    "name": "blue",
    "issuer": f"https://{ISSUER_HOST}",
    "oidc_provider_arn": PROVIDER_ARN,
    "account_id": ACCOUNT,
    "region": "us-east-1",
    "kubernetes": {"context": "blue"},
}


@dataclass(frozen=True)
class Asked:
    """One resource, as the engine was asked for it."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    """Name of the parent, empty for the stack itself."""
    provider: str
    """Name of the explicit provider, empty for a default one."""
    custom: bool
    waits_for: frozenset[str] = frozenset()
    """Names of the resources that it depends on."""
    read: bool = False
    imported: str = ""
    """The id of what exists already and is taken over, empty for what is made."""
    kept: bool = False
    """Whether it stays when the stack no longer has it."""
    ignored: tuple[str, ...] = ()
    """Inputs that are never changed."""
    aliases: tuple[str, ...] = ()
    """Names that it had before."""


@dataclass
class World:
    """What is there already, as the mocks answer it, and what was asked of it."""

    caller: str = ACCOUNT
    """The account of the credentials at hand."""
    project_number: str = "123456789012"
    """The number of the project that is asked for."""
    subscription: str = azure.SUBSCRIPTION
    """The subscription of Azure's credentials; empty where they name none."""
    refusal: str | None = None
    """What the provider says to every question, if it does not take the credentials."""
    stacks: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"organization/secret-access/aws-cluster": CLUSTER_OUTPUTS}
    )
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    """State of existing resources, by id."""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the engine keeps of a resource, whatever the program asks for, by name."""
    left_out: frozenset[str] = frozenset()
    """Names of what the engine does not make, as `--target` says."""
    preview: bool = False
    """Whether nothing is made: what a provider computes is not known then."""
    asked: list[Asked] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Invokes: token, and name of the explicit provider."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Registered outputs of components and of the stack, by name; of an access component that the program returns, all
    its outputs."""

    def of(self, kind: str) -> list[Asked]:
        """The resources of a type."""
        return [asked for asked in self.asked if asked.type == kind]

    def one(self, kind: str) -> Asked:
        """The only resource of a type."""
        (asked,) = self.of(kind)
        return asked


class Refused(grpc.RpcError):
    """The engine's answer to a call that its provider refused."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Cloud(mocks.Mocks):
    """Answers as AWS and Kubernetes would, with what the provider computes."""

    def __init__(self, world: World) -> None:
        self.world = world

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            return args.resource_id, {"name": args.resource_id, "outputs": self.world.stacks[str(args.resource_id)]}
        if args.resource_id in self.world.found:
            return args.resource_id, self.world.found[args.resource_id]
        state |= self.world.kept.get(args.name, {})
        return ("", state) if self.world.preview and args.custom else self._made(args, state)

    def _made(self, args: mocks.MockResourceArgs, state: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """Return a resource with what its provider computes."""
        if args.typ in azure.ANSWERS:
            return azure.ANSWERS[args.typ](args)
        if args.typ == "aws:iam/role:Role":
            state["arn"] = f"arn:aws:iam::{ACCOUNT}:role{state.get('path', '/')}{state['name']}"
        if args.typ in AUDIT_ARNS:
            state["arn"] = f"arn:aws:{AUDIT_ARNS[args.typ]}{state['name']}"
        if args.typ == "aws:eks/podIdentityAssociation:PodIdentityAssociation":
            state["associationId"] = "a-abcdefghijklmnop1"
            whose = (str(state.get(key)) for key in ("clusterName", "namespace", "serviceAccount"))
            state["externalId"] = "/".join(("us-east-1", ACCOUNT, *whose))
        if args.typ == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            host = state["url"].removeprefix("https://")
            state["arn"] = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
        if args.typ == "gcp:serviceaccount/account:Account":
            domain = ".".join(reversed(state["project"].split(":")))
            state["email"] = f"{state['accountId']}@{domain}.iam.gserviceaccount.com"
            state["name"] = f"projects/{state['project']}/serviceAccounts/{state['email']}"
        if args.typ == "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider":
            pool, provider = state["workloadIdentityPoolId"], state["workloadIdentityPoolProviderId"]
            where = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools"
            state["name"] = f"{where}/{pool}/providers/{provider}"
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "vault:generic/getSecret:getSecret":
            assert args.args["path"] == "auth/token/lookup-self"
        if self.world.refusal:
            raise Refused(f"invocation of {args.token} returned an error: {self.world.refusal}")
        account = self.world.caller
        arn = f"arn:aws:iam::{account}:user/ann"
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": account,
                "arn": arn,
                "id": account,
                "userId": "AIDA",
            },
            "azure-native:authorization:getClientConfig": {
                "clientId": azure.CLIENT,
                "objectId": azure.PRINCIPAL,
                "subscriptionId": self.world.subscription,
                "tenantId": azure.TENANT,
            },
            "azure-native:resources:getResourceGroup": {"name": args.args.get("resourceGroupName")},
            "gcp:organizations/getProject:getProject": {"number": self.world.project_number},
            "vault:generic/getSecret:getSecret": {"path": args.args.get("path")},
        }
        return answers[args.token], []


class Monitor(mocks.MockMonitor):
    """The mock monitor, which also remembers parents and providers."""

    def __init__(self, world: World) -> None:
        super().__init__(Cloud(world))
        self.world = world

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the name in the protocol
        if request.type != "pulumi:pulumi:Stack":
            self._remember(request, rpc.deserialize_properties(request.object), custom=request.custom)
        with _loop_of_this_thread():
            answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.name in self.world.left_out:
            answer.unknown = True
            answer.id = ""
        return answer

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 — gRPC's name
        self._remember(request, {"id": request.id}, custom=True, read=True)
        with _loop_of_this_thread():
            return super().ReadResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802 — gRPC's name
        self.world.calls.append((request.tok, _provider(request.provider)))
        with _loop_of_this_thread():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 — gRPC's name
        _, _, kind, name = request.urn.split("::")
        key = "stack" if kind == "pulumi:pulumi:Stack" else name
        self.world.outputs.setdefault(key, {}).update(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def _remember(self, request: Any, inputs: dict[str, Any], *, custom: bool, read: bool = False) -> None:
        parent = request.parent.split("::")[-1] if "pulumi:pulumi:Stack::" not in request.parent else ""
        self.world.asked.append(
            Asked(
                type=request.type,
                name=request.name,
                inputs=inputs,
                parent=parent,
                provider=_provider(request.provider),
                custom=custom,
                waits_for=frozenset(urn.split("::")[-1] for urn in request.dependencies),
                read=read,
                imported=getattr(request, "importId", ""),
                kept=getattr(request, "retainOnDelete", False),
                ignored=tuple(getattr(request, "ignoreChanges", ())),
                aliases=tuple(alias.spec.name for alias in getattr(request, "aliases", ())),
            )
        )


@contextlib.contextmanager
def _loop_of_this_thread() -> Iterator[None]:
    """The mock monitor answers in threads, and would leave an open event loop in each."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def run(program: Callable[[], object], world: World | None = None, config: Mapping[str, Any] | None = None) -> World:
    """Run the program as Pulumi's language host would, to its end or its first error.

    A refusal that lacks one of its parts fails the test, whatever else the test looks for.
    """
    world = world or World()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(expect_unread_errors)

    def isolated() -> None:
        asyncio.set_event_loop(loop)
        set_mocks(
            Cloud(world),
            project="secret-access",
            stack="tested",
            organization="organization",
            preview=world.preview,
            monitor=Monitor(world),
        )
        SETTINGS.outputs.clear()  # a program that failed leaves some
        set_root_resource(None)  # type: ignore[arg-type]  # run_in_stack makes it, and registers its outputs
        set_all_config({key: _as_config(value) for key, value in (config or {}).items()})
        loop.run_until_complete(run_in_stack(lambda: _run(program, world)))

    try:
        contextvars.copy_context().run(isolated)
    except InvalidArgument as problem:
        assert_whole(problem)
        raise
    finally:
        asyncio.set_event_loop(None)
        loop.run_until_complete(_end_of_tasks())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    return world


def expect_unread_errors(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An Output that failed fails those made of it, and Pulumi reads only the first of these errors."""
    if "exception was never retrieved" not in context["message"]:
        loop.default_exception_handler(context)


async def _end_of_tasks() -> None:
    """Cancel what waits for a program that failed."""
    waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@dataclass(frozen=True)
class Later:
    """A value that the program gets as an Output: known only once the engine has answered."""

    value: Any


def outputs_in(value: Any) -> Any:
    """The value with every Later in it made an Output; only a running program can make one."""
    if isinstance(value, Later):
        return pulumi.Output.from_input(value.value).apply(lambda known: known)
    if isinstance(value, dict):
        return {key: outputs_in(item) for key, item in value.items()}
    if isinstance(value, list):
        return [outputs_in(item) for item in value]
    return value


def _run(program: Callable[[], object], world: World) -> None:
    made = program()
    if isinstance(made, SecretAccess):
        outputs = world.outputs.setdefault(made.pulumi_resource_name, {})
        for name, type_ in SecretAccess.__annotations__.items():
            if "Output" in str(type_):
                _remember_output(outputs, name, getattr(made, name))


def _remember_output(outputs: dict[str, Any], name: str, output: pulumi.Output[Any]) -> None:
    first, *words = name.split("_")

    def remember(known: Any) -> None:
        if known is not None:
            outputs["".join([first, *map(str.capitalize, words)])] = known

    output.apply(remember)


def _as_config(value: Any) -> str:
    """As the engine hands configuration to a program: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _provider(reference: str) -> str:
    return reference.split("::")[-2] if reference.count("::") > 3 else ""
