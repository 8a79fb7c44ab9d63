"""What a deployment gives back, and the error that carries it when something failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bicoastal.errors import DeploymentError


@dataclass(frozen=True)
class PlannedResource:
    """A resource that the program would create.

    Attributes:
        urn: unique name in the stack.
        type: type token.
        name: logical name.
        region: AWS region of its provider, or None.
        inputs: what the program asks for: plain values, `UNKNOWN` where a value will only be
            known when another resource exists, `Secret` where it is secret.
        parent: URN of the parent.
        dependencies: URNs of what it depends on.
        ignore_changes: inputs whose later changes are ignored.
    """

    urn: str
    type: str
    name: str
    region: str | None
    inputs: Mapping[str, Any]
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedChange:
    """What `up` would do to a resource.

    Attributes:
        kind: `create`, `update`, `replace` or `delete`.
        urn: unique name in the stack.
        type: type token.
        name: logical name.
        region: AWS region of its provider, or None.
        reason: which properties differ, or why.
    """

    kind: str
    urn: str
    type: str
    name: str
    region: str | None
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.type}): {self.reason}"


@dataclass(frozen=True)
class DeployedResource:
    """A resource that exists.

    Attributes:
        urn: unique name in the stack.
        type: type token.
        name: logical name.
        region: AWS region of its provider, or None.
        id: physical id.
        outputs: what the provider answered; secrets are `Secret`.
    """

    urn: str
    type: str
    name: str
    region: str | None
    id: str
    outputs: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ResourceFailure:
    """A resource that could not be made, changed or deleted.

    Attributes:
        urn: unique name in the stack; of an invoke, its token.
        reason: why, in the words of whoever refused; secrets are redacted.
        type: type token.
        name: logical name.
    """

    urn: str
    reason: str
    type: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or self.urn} ({self.type}): {self.reason}"


@dataclass(frozen=True)
class Event:
    """Progress, for whoever watches.

    Attributes:
        kind: `creating`, `updating`, `replacing`, `deleting` when something begins, and the
            journal's kind when it ended.
        urn: unique name in the stack.
        type: type token.
        name: logical name.
        region: AWS region, or None.
        n_done: how many resources this run has finished with.
        reason: why it failed or was skipped.
    """

    kind: str
    urn: str
    type: str
    name: str
    region: str | None
    n_done: int
    reason: str = ""


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class UpResult:
    """The outcome of `Deployment.up`.

    Attributes:
        outputs: the stack's exports; secrets are `Secret`.
        resources: the resources of AWS that exist now.
        failures: what could not be made, changed or deleted.
        skipped: URNs of what was not tried, because something that it needs failed.
        changes: how many resources were created, updated, replaced, left the same, deleted.
    """

    outputs: Mapping[str, Any]
    resources: Sequence[DeployedResource]
    failures: Sequence[ResourceFailure] = ()
    skipped: Sequence[str] = ()
    changes: Mapping[str, int] = field(default_factory=dict)


class ResourcesFailedError(DeploymentError):
    """Some resources could not be made, changed or deleted; everything else was.

    Attributes:
        failures: all of them.
        skipped: URNs of what was not tried because of them.
        result: what was reached all the same (only after `Deployment.up`).
        deleted: URNs of what was deleted (only after `Deployment.destroy`).
    """

    def __init__(
        self,
        action: str,
        failures: Sequence[ResourceFailure],
        skipped: Sequence[str] = (),
        *,
        result: UpResult | None = None,
        deleted: Sequence[str] = (),
    ) -> None:
        self.failures = tuple(failures)
        self.skipped = tuple(skipped)
        self.result = result
        self.deleted = tuple(deleted)
        lines = [f"{len(self.failures)} of the stack's resources could not be {action}:"]
        lines += [f"  {failure}" for failure in self.failures]
        if self.skipped:
            names = ", ".join(urn.rpartition("::")[2] for urn in self.skipped)
            lines.append(f"  not tried, because they need one of the above: {names}")
        super().__init__("\n".join(lines))
