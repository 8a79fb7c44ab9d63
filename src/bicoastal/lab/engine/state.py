"""What a deployment knows: its resources, what was done to them, and in which order they go.

The state lives in memory. A checkpoint of it can be written for people to look at; secrets are
redacted in it, so it cannot be loaded again, on purpose.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bicoastal.lab.engine.values import PropertyValue, redact, to_plain

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"

Kind = Literal["create", "update", "replace", "same", "read", "import", "delete", "fail", "skip"]
"""What was done. A replacement is one `replace` and, for what it replaced, one `delete`."""


@dataclass(frozen=True, kw_only=True)
class ResourceState:
    """One resource as the engine knows it.

    Attributes:
        urn: the resource's unique name in the stack.
        type: type token, such as `aws:rds/cluster:Cluster`.
        name: logical name.
        custom: whether a provider manages it (a component is not custom).
        external: whether it was only read (`X.get`): it is never deleted.
        id: physical id; empty for a component.
        region: AWS region of the provider, or None where there is no provider.
        provider: reference to the provider, `<urn>::<id>`, or "" for the default one.
        parent: URN of the parent, or "".
        dependencies: URNs of what it depends on.
        delete_before_replace: whether the program wants it deleted before it is replaced.
        import_id: physical id of what exists already and is to be taken over; "" for none.
        retain: whether it outlives the stack: it is forgotten, not deleted.
        inputs: what the program asked for, after the provider's check.
        outputs: what the provider answered.
    """

    urn: str
    type: str
    name: str
    custom: bool = False
    external: bool = False
    id: str = ""
    region: str | None = None
    provider: str = ""
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    delete_before_replace: bool = False
    import_id: str = ""
    retain: bool = False
    inputs: Mapping[str, PropertyValue] = field(default_factory=dict)
    outputs: Mapping[str, PropertyValue] = field(default_factory=dict)

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider's configuration and not a resource of AWS."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_managed(self) -> bool:
        """Whether a provider created it and has to delete it."""
        return self.custom and not self.external and not self.is_provider

    @property
    def requires(self) -> tuple[str, ...]:
        """URNs of everything that has to outlive this resource."""
        provider_urn = self.provider.rpartition("::")[0]
        return tuple(dict.fromkeys(u for u in (*self.dependencies, self.parent, provider_urn) if u))


@dataclass(frozen=True)
class JournalEntry:
    """One thing that was done.

    Attributes:
        seq: position in the journal, from 1.
        at: time when it was finished, seconds since the epoch.
        seconds: how long it took.
        kind: what was done.
        urn: the resource's unique name.
        type: type token.
        name: logical name.
        region: AWS region, if any.
        id: physical id, if any.
        reason: why it failed or was skipped, or which properties changed.
    """

    seq: int
    at: float
    seconds: float
    kind: Kind
    urn: str
    type: str
    name: str
    region: str | None
    id: str
    reason: str


class State:
    """The resources of one stack and the journal; safe to use from several threads.

    Args:
        checkpoint: file that is rewritten after every change, or None.
    """

    def __init__(self, checkpoint: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._resources: dict[str, ResourceState] = {}
        self._doomed: list[ResourceState] = []
        self._journal: list[JournalEntry] = []
        self._checkpoint = checkpoint

    def get(self, urn: str) -> ResourceState | None:
        """Return the resource of that name, if the stack has it."""
        with self._lock:
            return self._resources.get(urn)

    def put(self, resource: ResourceState) -> None:
        """Add the resource, or replace what was known of it."""
        with self._lock:
            self._resources.pop(resource.urn, None)  # the order is that of the last run
            self._resources[resource.urn] = resource
            self._write_checkpoint()

    def remove(self, resource: ResourceState) -> None:
        """Forget the resource."""
        with self._lock:
            if self._resources.get(resource.urn) is resource:
                del self._resources[resource.urn]
            self._doomed = [old for old in self._doomed if old is not resource]
            self._write_checkpoint()

    def doom(self, resource: ResourceState) -> None:
        """Remember a replaced resource that still has to be deleted."""
        with self._lock:
            self._doomed.append(resource)
            self._write_checkpoint()

    @property
    def resources(self) -> list[ResourceState]:
        """The resources, in the order in which they were made."""
        with self._lock:
            return list(self._resources.values())

    @property
    def doomed(self) -> list[ResourceState]:
        """Replaced resources that still have to be deleted."""
        with self._lock:
            return list(self._doomed)

    @property
    def journal(self) -> list[JournalEntry]:
        """Everything that was done, in the order in which it was finished."""
        with self._lock:
            return list(self._journal)

    def record(
        self, kind: Kind, resource: ResourceState, *, started: float, reason: str = ""
    ) -> JournalEntry:
        """Write one entry into the journal.

        Args:
            kind: what was done.
            resource: to what.
            started: `time.monotonic()` when it was begun.
            reason: why it failed or was skipped; must hold no secret.
        """
        with self._lock:
            entry = JournalEntry(
                seq=len(self._journal) + 1,
                at=time.time(),
                seconds=time.monotonic() - started,
                kind=kind,
                urn=resource.urn,
                type=resource.type,
                name=resource.name,
                region=resource.region,
                id=resource.id,
                reason=reason,
            )
            self._journal.append(entry)
            return entry

    def _write_checkpoint(self) -> None:
        if self._checkpoint is None:
            return
        document = {
            "resources": [_describe(resource) for resource in self._resources.values()],
            "pendingDeletion": [_describe(resource) for resource in self._doomed],
        }
        draft = self._checkpoint.with_name(self._checkpoint.name + ".new")
        draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._checkpoint)


def _describe(resource: ResourceState) -> dict[str, object]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "custom": resource.custom,
        "external": resource.external,
        "id": resource.id,
        "region": resource.region,
        "parent": resource.parent,
        "dependencies": list(resource.dependencies),
        "inputs": _visible(resource.inputs),
        "outputs": _visible(resource.outputs),
    }


def _visible(properties: Mapping[str, PropertyValue]) -> object:
    """Return properties for a person: no secrets, and not the provider's private notes."""
    return redact(to_plain({k: v for k, v in properties.items() if not k.startswith("__")}))


class DeletionOrder:
    """Which resources may be deleted now: those that nothing else needs any more.

    Args:
        resources: what is to be deleted.
    """

    def __init__(self, resources: Iterable[ResourceState]) -> None:
        self._waiting: dict[int, ResourceState] = dict(enumerate(resources))
        self._needed: dict[str, int] = {}
        for resource in self._waiting.values():
            self._count(resource, 1)

    def _count(self, resource: ResourceState, step: int) -> None:
        for urn in resource.requires:
            self._needed[urn] = self._needed.get(urn, 0) + step

    def ready(self) -> list[ResourceState]:
        """Take the resources that can go now, the latest first."""
        free = [key for key, item in self._waiting.items() if not self._needed.get(item.urn)]
        return [self._waiting.pop(key) for key in sorted(free, reverse=True)]

    def done(self, resource: ResourceState) -> None:
        """Say that the resource is gone, which may make others ready."""
        self._count(resource, -1)

    @property
    def blocked(self) -> list[ResourceState]:
        """What has not been handed out: something that was not deleted needs it."""
        return list(self._waiting.values())
