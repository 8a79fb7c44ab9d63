"""Evaluates the real program against recording mocks, once for each configuration."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # no stubs wanted
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func

from bicoastal.lab.engine.evaluating import garbage_kept, settled
from bicoastal.settings import TapStackArgs, load
from bicoastal.stack import TapStack

from .watching import THRESHOLDS

ACCOUNT = "123456789012"
SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:bicoastal/dev-AbCdEf"
PASSWORD = "correct-horse-battery"
SECRET_TEXT = json.dumps({"username": "admin", "password": PASSWORD})
_SECRET_MARK = "4dabf18193072939515e22adb298388d"


def plain(value: Any) -> Any:
    """Inputs without the wrapping that marks secrets."""
    if isinstance(value, dict):
        if _SECRET_MARK in value:
            return plain(value["value"])
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def without_secrets(value: Any) -> Any:
    """What may be read by anyone who sees the state: secrets are blanked."""
    if isinstance(value, dict):
        if _SECRET_MARK in value:
            return "[secret]"
        return {key: without_secrets(inner) for key, inner in value.items()}
    return [without_secrets(inner) for inner in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Resource:
    """One registration, with everything that the engine would be told."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    readable: dict[str, Any]
    region: str
    ignores: tuple[str, ...]
    dependencies: tuple[str, ...]
    custom: bool
    existing: str = ""
    kept: bool = False

    def policy(self, key: str = "policy") -> list[dict[str, Any]]:
        statements: list[dict[str, Any]] = json.loads(self.inputs[key])["Statement"]
        return statements


@dataclass
class Program:
    """Everything that one evaluation asked for."""

    resources: list[Resource] = field(default_factory=list)
    invokes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    readable_outputs: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, set[str]] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)

    def of(self, kind: str) -> list[Resource]:
        return [found for found in self.resources if found.type.endswith(f":{kind}")]

    def one(self, kind: str, name: str) -> Resource:
        (found,) = (found for found in self.of(kind) if found.name == name)
        return found

    @property
    def custom(self) -> list[Resource]:
        """Real resources: no components and no providers."""
        return [found for found in self.resources if found.custom and found.type[:4] == "aws:"]

    def takes(self, resource: Resource, parameter: str) -> bool:
        return parameter in self.parameters[resource.type]


class Cloud(mocks.Mocks):
    """Answers as AWS would; `overrides` answers first.

    One that knows nothing tells no output of any resource, not even what was asked for.
    """

    def __init__(self, overrides: dict[str, Any], preview: bool, knows_nothing: bool) -> None:
        self.overrides = overrides
        self.preview = preview
        self.knows_nothing = knows_nothing
        self.regions: dict[str, str] = {}

    def region(self, provider: str) -> str:
        return self.regions.get(provider.rpartition("::")[2], "")

    def call(self, args: mocks.MockCallArgs) -> Any:
        region = self.region(args.provider)
        kind = args.token.rpartition(":")[2]
        answers: dict[str, Any] = {
            "getCallerIdentity": {"accountId": ACCOUNT},
            "getAvailabilityZones": {"names": [f"{region}{zone}" for zone in "abc"]},
            "getManagedPrefixList": {"id": f"pl-{args.args.get('name')}"},
            "getSecretVersion": {"secretString": SECRET_TEXT},
            **self.overrides,
        }
        return answers[kind]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs, kind = plain(args.inputs), args.typ.rpartition(":")[2]
        if args.typ == "pulumi:providers:aws":
            self.regions[f"{args.name}-id"] = inputs["region"]
            return f"{args.name}-id", dict(inputs)
        if self.preview:
            known = dict.fromkeys(inputs, rpc.UNKNOWN) if self.knows_nothing else dict(inputs)
            return None, known
        region = "" if args.typ.startswith("aws:iam/") else self.region(args.provider or "")
        name = inputs.get("name", args.name)
        state = {
            **inputs,
            "arn": f"arn:aws:{kind.lower()}:{region}:{ACCOUNT}:{name}",
            "keyId": f"key-{name}",
            "zoneId": f"Z{name}",
        }
        state.pop("masterPasswordWo", None)
        if args.resource_id:  # it exists already
            state.setdefault("name", args.resource_id)
        if kind == "Cluster":
            host = f"{args.name}.cluster-{{}}x1.{region}.rds.amazonaws.com"
            state |= {"endpoint": host.format(""), "readerEndpoint": host.format("ro-")}
            state["clusterResourceId"] = f"cluster-{args.name.upper()}"
            state["arn"] = f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{args.name}"
        if kind == "GlobalCluster":
            state["endpoint"] = f"{args.name}.global-x1.global.rds.amazonaws.com"
            state["arn"] = f"arn:aws:rds::{ACCOUNT}:global-cluster:{args.name}"
        state |= self.overrides.get(f"state of {args.name}", {})
        identity = args.name if kind in {"Cluster", "GlobalCluster"} else f"{kind}-{args.name}"
        return identity, state


class Recorder(mocks.MockMonitor):
    """Keeps the whole request of each registration, not only what mocks are shown."""

    mocks: Cloud

    def __init__(self, cloud: Cloud, program: Program) -> None:
        super().__init__(cloud)
        self.program = program

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  (the protocol's name)
        raw = json_format.MessageToDict(request.object)
        inputs = plain(rpc.deserialize_properties(request.object))
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # generated API
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=response.urn,
            parent=request.parent,
            inputs=inputs,
            readable=without_secrets(raw),
            region=self.mocks.region(request.provider),
            ignores=tuple(request.ignoreChanges),
            dependencies=tuple(request.dependencies),
            custom=bool(request.custom),
            existing=request.importId,
            kept=bool(request.retainOnDelete),
        )
        if resource.type != "pulumi:pulumi:Stack":  # the engine's own
            self.program.resources.append(resource)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if request.urn.split("::")[2].endswith(":TapStack"):
            raw = json_format.MessageToDict(request.outputs)
            self.program.outputs = plain(raw)
            self.program.readable_outputs = without_secrets(raw)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # generated API

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        arguments = rpc.deserialize_properties(request.args)
        self.program.invokes.append((request.tok, self.mocks.region(request.provider), arguments))
        return super().Invoke(request)  # type: ignore[no-untyped-call]  # generated API


class Listener(logging.Handler):
    """Keeps what the program says to its user."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def emit(self, record: logging.LogRecord) -> None:
        self.program.said.append((record.levelname.lower(), record.getMessage()))


def run(
    build: Callable[[], object],
    *,
    overrides: dict[str, Any] | None = None,
    preview: bool = False,
    knows_nothing: bool = False,
    config: dict[str, str] | None = None,
) -> Program:
    """Evaluate a program and record all that it asks for."""
    program = Program()
    cloud = Cloud(overrides or {}, preview, knows_nothing)
    logger = logging.Logger("program")  # noqa: LOG001  (each evaluation listens to its own)
    logger.addHandler(Listener(program))

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        if isinstance(args.resource, pulumi.CustomResource):
            signature = inspect.signature(type(args.resource)._internal_init)  # type: ignore[attr-defined]  # generated
            program.parameters[args.type_] = set(signature.parameters)

    async def registering() -> None:
        build()
        await settled()

    async def main() -> None:
        # Inside the coroutine, and with outputs of its own, so that evaluations share no state:
        # what a failed one left behind would be awaited on a loop that is closed.
        SETTINGS.outputs = set()
        SETTINGS.lock = threading.Lock()
        pulumi.runtime.set_all_config(config or {})
        monitor = Recorder(cloud, program)
        mocks.set_mocks(cloud, "bicoastal", "dev", preview, logger, monitor)
        pulumi.runtime.register_stack_transformation(note)
        await run_pulumi_func(registering)

    # A failed registration would otherwise be told once more for every output that hangs on it.
    asyncio_says = logging.getLogger("asyncio")
    level = asyncio_says.level
    asyncio_says.setLevel(logging.CRITICAL)
    try:
        with garbage_kept():
            asyncio.run(main())
    finally:
        asyncio_says.setLevel(level)
    return program


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The functions' zip goes to a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def evaluate() -> Iterator[Callable[..., Program]]:
    """`evaluate(**keys of a stack file)`: each configuration is evaluated only once."""
    done: dict[str, Program] = {}

    def once(
        overrides: dict[str, Any] | None = None,
        *,
        preview: bool = False,
        knows_nothing: bool = False,
        **keys: Any,
    ) -> Program:
        home = keys.get("regions", {}).get("home", "us-east-1")
        keys.setdefault("secretArn", SECRET_ARN.replace("us-east-1", home))
        mark = json.dumps([overrides, preview, knows_nothing, keys], sort_keys=True)
        if mark not in done:
            args = TapStackArgs(settings=load(keys))
            done[mark] = run(
                lambda: TapStack("bicoastal", args),
                overrides=overrides,
                preview=preview,
                knows_nothing=knows_nothing,
            )
        return done[mark]

    yield once
    done.clear()


@pytest.fixture(scope="session")
def run_program() -> Callable[..., Program]:
    """`run`, for tests that build something else than `TapStack` from settings."""
    return run


@pytest.fixture(scope="session")
def default(evaluate: Callable[..., Program]) -> Program:
    """The stack as it is by default: private endpoint, latch."""
    return evaluate()


@pytest.fixture(scope="session")
def public(evaluate: Callable[..., Program]) -> Program:
    """The stack with a public endpoint, the classical failover pair and a budget."""
    return evaluate(
        health={"endpointCheck": "public", "intervalS": 30, "failureThreshold": 2},
        dns={"mode": "health-check", "ttlS": 30},
        network={"clientCidrs": ["203.0.113.0/24", "198.51.100.7/32"], "flowLogs": True},
        hostedZoneId="Z0123456789ABCDEFGHIJ",
        domainName="db.example.org",
        monitoring={
            "alarmEmails": ["dba@example.com", "oncall@example.com"],
            "alarmUrls": ["https://events.example.com/sns"],
            "lagAlarmMs": 700,
            "dashboards": False,
        },
        budget={"monthlyUsd": 250},
    )


@pytest.fixture(scope="session")
def production(evaluate: Callable[..., Program]) -> Program:
    """A provisioned, protected stack in European regions, named by Aurora's own endpoint."""
    return evaluate(
        environmentSuffix="live",
        profile="production",
        regions={"home": "eu-central-1", "standby": "eu-west-1", "witness": "eu-west-3"},
        database={
            "storageType": "aurora-iopt1",
            "monitoringIntervalS": 0,
            "backupWindow": "02:00-03:00",
            "maintenanceWindow": "sun:03:00-sun:04:00",
        },
        dns={"mode": "global-endpoint"},
        network={"zonesPerRegion": 3},
        tags={"Team": "payments"},
    )


@pytest.fixture(scope="session")
def strict(evaluate: Callable[..., Program]) -> Program:
    """Provisioned instances, every threshold of its own, an audit log, a quorum of all three."""
    return evaluate(
        profile="production",
        database={"auditLog": True},
        monitoring={key: value for key, (value, *_) in THRESHOLDS.items()},
        failover={"quorum": 3, "mode": "observe"},
    )


@pytest.fixture(scope="session")
def european(evaluate: Callable[..., Program]) -> Program:
    """Outside of us-east-1, the longest suffix, a public endpoint that follows the latch."""
    return evaluate(
        environmentSuffix="o" * 50,
        regions={"home": "eu-central-1", "standby": "eu-west-1", "witness": "eu-west-3"},
        health={"endpointCheck": "public"},
        failover={
            "mode": "approve",
            "probeIntervalS": 20,
            "threshold": 5,
            "graceS": 40,
            "quorum": 3,
            "cooldownS": 7200,
            "rpoBudgetS": 11,
            "promotionTimeoutS": 1200,
            "cleanRounds": 4,
            "probeTimeoutS": 3,
        },
    )
