"""What the Pulumi SDK talks to: a resource monitor and an engine, in process and without gRPC.

`pulumi.runtime.configure` takes any objects with the methods of the two services:
https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto and engine.proto.
Only the features that are declared here are used by the SDK; it refuses the others by itself.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from bicoastal.lab.engine.state import STACK_TYPE, ResourceState
from bicoastal.lab.engine.values import PropertyValue, from_plain, to_plain

_LOG = logging.getLogger(__name__)

Transform = Callable[[str, str, dict[str, Any]], dict[str, Any] | None]
"""Gets type, name and plain inputs of each resource; returns other inputs, or None for the same."""


@dataclass(frozen=True)
class Registered:
    """The answer to a registration.

    Attributes:
        id: physical id, or "" if it has none or it is not known.
        outputs: known outputs.
        ok: whether the resource is there; if not, its outputs become unknown.
    """

    id: str = ""
    outputs: Mapping[str, PropertyValue] | None = None
    ok: bool = True


class InvokeFailedError(Exception):
    """An invoke could not be answered; the SDK raises its text in the program."""


class Run(ABC):
    """One run of a program: what becomes of its registrations.

    Args:
        project: name of the project.
        stack: name of the stack.
        region: AWS region of the default provider.
        transform: changes the inputs of each resource.
    """

    def __init__(
        self, project: str, stack: str, region: str, transform: Transform | None = None
    ) -> None:
        self.project = project
        self.stack = stack
        self.outputs: dict[str, Any] = {}
        self._default_region = region
        self._transform = transform
        self._regions: dict[str, str] = {}
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    @abstractmethod
    def provider(self, wanted: ResourceState) -> Registered:
        """Register a provider's configuration."""

    @abstractmethod
    def component(self, wanted: ResourceState) -> Registered:
        """Register a component."""

    @abstractmethod
    def resource(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> Registered:
        """Register a resource that a provider manages."""

    @abstractmethod
    def read(self, wanted: ResourceState) -> Registered:
        """Read a resource that somebody else manages."""

    @abstractmethod
    def invoke(self, token: str, args: Mapping[str, Any], provider: str) -> Mapping[str, Any]:
        """Answer a function call.

        Raises:
            InvokeFailedError: there is no answer.
        """

    @abstractmethod
    def refuse(self, wanted: ResourceState, reason: str) -> Registered:
        """Note that the resource was refused before anything was done."""

    @abstractmethod
    def cancel(self) -> None:
        """Begin nothing more, and let what is under way end soon."""

    def urn(self, parent: str, type_: str, name: str) -> str:
        """Name a resource as Pulumi does.

        https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
        """
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"

    def region_of(self, provider: str, inputs: Mapping[str, PropertyValue]) -> str:
        """Return the AWS region where a resource is.

        Args:
            provider: reference to its provider, or "".
            inputs: its inputs; an own `region` wins over the provider's.
        """
        own = inputs.get("region")
        if own is not None and isinstance(own.value, str):
            return own.value
        return self._regions.get(provider.rpartition("::")[0], self._default_region)

    def register(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> Registered:
        """Route one registration."""
        with self._lock:
            duplicate = wanted.urn in self._seen
            self._seen.add(wanted.urn)
        if duplicate:
            return self.refuse(wanted, "another resource of this type has the same name")
        wanted = self._transformed(wanted)
        wanted = replace(wanted, region=self._region_of_registration(wanted))
        if wanted.is_provider:
            return self.provider(wanted)
        if not wanted.custom:
            return self.component(wanted)
        return self.resource(wanted, ignore_changes)

    def _transformed(self, wanted: ResourceState) -> ResourceState:
        if self._transform is None:
            return wanted
        plain = self._transform(wanted.type, wanted.name, to_plain(wanted.inputs))
        if plain is None:
            return wanted
        return replace(wanted, inputs={key: from_plain(value) for key, value in plain.items()})

    def _region_of_registration(self, wanted: ResourceState) -> str | None:
        if not wanted.custom:
            return None
        region = self.region_of(wanted.provider, wanted.inputs)
        if wanted.is_provider:
            self._regions[wanted.urn] = region
        return region


class Monitor:
    """Stands in for the gRPC client of the resource monitor.

    Args:
        run: what becomes of the registrations.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def GetDeploymentInfo(self, request: object) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Declare what this engine can do."""
        del request
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS]
        )

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Register a resource, a component, a provider or the stack."""
        urn = self._run.urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        wanted = ResourceState(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            provider=request.provider,
            parent="" if request.parent.split("::")[2:3] == [STACK_TYPE] else request.parent,
            dependencies=tuple(sorted(request.dependencies)),
            delete_before_replace=request.deleteBeforeReplace,
            import_id=request.importId,
            retain=request.retainOnDelete,
            inputs=PropertyValue.unmarshal_map(request.object),
        )
        registered = self._run.register(wanted, tuple(request.ignoreChanges))
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=registered.id,
            object=PropertyValue.marshal_map(dict(registered.outputs or {})),
            result=_result(registered),
        )

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Read a resource (`X.get`)."""
        inputs = PropertyValue.unmarshal_map(request.properties)
        wanted = ResourceState(
            urn=self._run.urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            custom=True,
            external=True,
            id=request.id,
            region=self._run.region_of(request.provider, inputs),
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            inputs=inputs,
        )
        registered = self._run.read(wanted)
        return resource_pb2.ReadResourceResponse(
            urn=wanted.urn,
            id=registered.id,
            properties=PropertyValue.marshal_map(dict(registered.outputs or {})),
            result=_result(registered),
        )

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> None:
        """Take note of the stack's exports; the outputs of components are not kept."""
        if request.urn == self._run.urn("", STACK_TYPE, f"{self._run.project}-{self._run.stack}"):
            self._run.outputs = to_plain(PropertyValue.unmarshal_map(request.outputs))

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of a provider."""
        args = to_plain(PropertyValue.unmarshal_map(request.args))
        try:
            answer = self._run.invoke(request.tok, args, request.provider)
        except InvokeFailedError as error:
            failure = provider_pb2.CheckFailure(property=request.tok, reason=str(error))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        values = {key: from_plain(value) for key, value in answer.items()}
        fields: dict[str, Any] = {"return": PropertyValue.marshal_map(values)}
        return resource_pb2.ResourceInvokeResponse(**fields)

    def SignalAndWaitForShutdown(self, request: object) -> None:  # noqa: N802
        """Let the program end at once: there are no hooks to wait for."""
        del request


def _result(registered: Registered) -> resource_pb2.Result.ValueType:
    return resource_pb2.Result.SUCCESS if registered.ok else resource_pb2.Result.FAIL


class EngineLog:
    """Stands in for the gRPC client of the engine: it only takes log messages."""

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802
        """Pass the program's message on to Python's logging."""
        levels = {
            engine_pb2.INFO: logging.INFO,
            engine_pb2.WARNING: logging.WARNING,
            engine_pb2.ERROR: logging.ERROR,
        }
        _LOG.log(levels.get(request.severity, logging.DEBUG), "%s", request.message)
