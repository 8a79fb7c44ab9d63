"""A toy provider that keeps its resources in memory, and toy resources to feed it with.

It stands in for AWS in the tests of the engine, so that they can say exactly what was asked of it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pulumi
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from bicoastal.lab.engine.values import from_plain, reveal, to_plain


class World:
    """What the toy provider has made, shared by all its copies."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.busy = 0
        self.most_busy = 0
        self.cancelled = 0
        self.refuse: dict[str, Exception] = {}  # "create a" -> what to raise
        self.gate: dict[str, threading.Barrier] = {}
        self.on_call: Any = None
        self.on_cancel: Any = None
        self.lock = threading.Lock()
        self.counter = 0


class ToyProvider(Provider):
    """Creates things in a `World`: `kind` and `name` need a replacement, the rest an update."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.region = "nowhere"

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        self.region = to_plain(request.args)["region"]
        return await super().configure(request)

    async def cancel(self) -> None:
        self.world.cancelled += 1
        if self.world.on_cancel:
            self.world.on_cancel()

    async def _call(self, verb: str, name: str) -> None:
        with self.world.lock:
            self.world.calls.append(f"{verb} {name}")
            self.world.busy += 1
            self.world.most_busy = max(self.world.most_busy, self.world.busy)
        try:
            if barrier := self.world.gate.get(f"{verb} {name}"):
                await asyncio.to_thread(barrier.wait, 5)
            if self.world.on_call:
                await asyncio.to_thread(self.world.on_call, verb, name)
            if error := self.world.refuse.get(f"{verb} {name}"):
                raise error
        finally:
            with self.world.lock:
                self.world.busy -= 1

    async def check(self, request: CheckRequest) -> CheckResponse:
        inputs = to_plain(request.new_inputs)
        if inputs.get("size") == -1:
            return CheckResponse(failures=[CheckFailure("size", "must not be negative")])
        return CheckResponse(inputs=request.new_inputs)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        old = reveal(to_plain(request.old_state))["inputs"]
        new = reveal(to_plain(request.new_inputs))
        changed = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
        return DiffResponse(
            changes=bool(changed),
            replaces=[k for k in changed if k in {"kind", "name"}],
            diffs=changed,
            delete_before_replace="name" in changed,
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        await self._call("create", request.name)
        inputs = reveal(to_plain(request.properties))
        with self.world.lock:
            self.world.counter += 1
            identifier = f"id-{self.world.counter}"
            self.world.things[identifier] = {"region": self.region, **inputs}
        outputs = {**request.properties, "arn": from_plain(f"arn:{identifier}")}
        outputs["inputs"] = from_plain(to_plain(request.properties))
        return CreateResponse(identifier, outputs)

    async def read(self, request: ReadRequest) -> ReadResponse:
        await self._call("read", request.name)
        if request.resource_id not in self.world.things:
            return ReadResponse()
        arn = from_plain(f"arn:{request.resource_id}")
        if not request.properties:  # an import: nothing is known of it yet
            live = {
                k: v for k, v in self.world.things[request.resource_id].items() if k != "region"
            }
            inputs = {k: from_plain(v) for k, v in live.items()}
            return ReadResponse(
                request.resource_id, {**inputs, "arn": arn, "inputs": from_plain(live)}, inputs
            )
        return ReadResponse(request.resource_id, {**request.properties, "arn": arn})

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        await self._call("update", request.name)
        self.world.things[request.resource_id].update(reveal(to_plain(request.news)))
        outputs = {**request.olds, **request.news}
        outputs["inputs"] = from_plain(to_plain(request.news))
        return UpdateResponse(outputs)

    async def delete(self, request: DeleteRequest) -> None:
        await self._call("delete", request.name)
        self.world.things.pop(request.resource_id, None)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        await self._call("invoke", request.tok)
        if request.tok == "toy:index:broken":
            return InvokeResponse(failures=[CheckFailure("x", "is broken")])
        if request.tok == "toy:index:empty":
            return InvokeResponse()
        return InvokeResponse({"region": from_plain(self.region), **request.args})


class Thing(pulumi.CustomResource):
    """A toy resource."""

    arn: pulumi.Output[str]
    size: pulumi.Output[int]

    def __init__(
        self, logical: str, opts: pulumi.ResourceOptions | None = None, /, **props: Any
    ) -> None:
        super().__init__("toy:index:Thing", logical, {"arn": None, "size": None, **props}, opts)


class Group(pulumi.ComponentResource):
    """A toy component."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("toy:index:Group", name, {}, opts)


def toy_region(name: str, region: str) -> pulumi.ProviderResource:
    """Register a configuration of the toy provider."""
    return pulumi.ProviderResource("toy", name, {"region": region})
