"""What the engine does with one resource: check, compare, create, update, replace, delete.

The rules are those of Pulumi's engine:
https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)

from bicoastal.errors import BicoastalError, DeploymentError
from bicoastal.lab.engine.calls import ProviderPool
from bicoastal.lab.engine.state import Kind, ResourceState
from bicoastal.lab.engine.values import PropertyValue, scrub, secret_strings, to_plain

Properties = Mapping[str, PropertyValue]


@dataclass(frozen=True)
class Plan:
    """What has to be done to a resource so that it becomes what the program wants.

    Attributes:
        kind: `create`, `update`, `replace` or `same`.
        wanted: the resource as wanted, its inputs checked.
        delete_first: for a replacement: whether the old one has to go before.
        reason: which properties differ.
    """

    kind: Kind
    wanted: ResourceState
    delete_first: bool = False
    reason: str = ""


class Steps:
    """The steps, carried out by the stack's providers.

    Args:
        pool: the providers.
    """

    def __init__(self, pool: ProviderPool) -> None:
        self._pool = pool

    async def plan(
        self, wanted: ResourceState, old: ResourceState | None, ignore_changes: tuple[str, ...]
    ) -> Plan:
        """Find out what has to be done.

        Args:
            wanted: what the program asks for.
            old: what is there, if anything.
            ignore_changes: inputs that keep their old value.

        Raises:
            DeploymentError: the provider finds the inputs wrong.
        """
        provider = await self._pool.get(wanted.provider)
        old_inputs = dict(old.inputs) if old else {}
        inputs = _ignore(dict(wanted.inputs), old_inputs, ignore_changes) if old else wanted.inputs
        seed = hashlib.sha256(wanted.urn.encode()).digest()
        checked = await provider.check(CheckRequest(wanted.urn, old_inputs, dict(inputs), seed))
        if checked.failures:
            message = "; ".join(f"{f.property}: {f.reason}" for f in checked.failures)
            raise DeploymentError(message)
        wanted = replace(wanted, inputs=dict(checked.inputs or {}))
        if old is None:
            return Plan("create", wanted)
        return await self._compare(wanted, old, ignore_changes)

    async def _compare(
        self, wanted: ResourceState, old: ResourceState, ignore_changes: tuple[str, ...]
    ) -> Plan:
        provider = await self._pool.get(wanted.provider)
        diff = await provider.diff(
            DiffRequest(
                wanted.urn, old.id, dict(old.outputs), dict(wanted.inputs), list(ignore_changes)
            )
        )
        reason = ", ".join([*diff.replaces, *(d for d in diff.diffs if d not in diff.replaces)])
        if old.region != wanted.region:
            return Plan("replace", wanted, reason="region of the provider")
        if diff.replaces:
            first = diff.delete_before_replace or wanted.delete_before_replace
            return Plan("replace", wanted, delete_first=first, reason=reason)
        kept = replace(wanted, id=old.id, outputs=old.outputs)
        return Plan("update" if diff.changes else "same", kept, reason=reason)

    async def create(self, wanted: ResourceState) -> ResourceState:
        """Create the resource; return it as it is now."""
        provider = await self._pool.get(wanted.provider)
        request = CreateRequest(wanted.urn, dict(wanted.inputs), timeout=0, preview=False)
        response = await provider.create(request)
        return replace(wanted, id=response.resource_id or "", outputs=response.properties)

    async def update(self, wanted: ResourceState, ignore_changes: tuple[str, ...]) -> ResourceState:
        """Change the resource in place; return it as it is now."""
        provider = await self._pool.get(wanted.provider)
        response = await provider.update(
            UpdateRequest(
                wanted.urn,
                wanted.id,
                olds=dict(wanted.outputs),
                news=dict(wanted.inputs),
                timeout=0,
                ignore_changes=list(ignore_changes),
                preview=False,
            )
        )
        return replace(wanted, outputs=response.properties)

    async def read(self, wanted: ResourceState) -> ResourceState:
        """Read an existing resource; return it.

        Raises:
            DeploymentError: it does not exist.
        """
        provider = await self._pool.get(wanted.provider)
        inputs = dict(wanted.inputs)
        response = await provider.read(ReadRequest(wanted.urn, wanted.id, inputs, inputs))
        if not response.resource_id:
            message = f"{wanted.id} does not exist"
            raise DeploymentError(message)
        return replace(wanted, id=response.resource_id, outputs=response.properties)

    async def take_over(self, wanted: ResourceState) -> ResourceState:
        """Read what exists as if the stack had made it: what differs then is changed in place.

        https://www.pulumi.com/docs/iac/concepts/resources/options/import/

        Args:
            wanted: what the program asks for, with the id of what exists.

        Raises:
            DeploymentError: it does not exist.
        """
        provider = await self._pool.get(wanted.provider)
        seed = hashlib.sha256(wanted.urn.encode()).digest()
        inputs = dict(wanted.inputs)
        checked = await provider.check(CheckRequest(wanted.urn, {}, inputs, seed))
        known = dict(checked.inputs or {})
        response = await provider.read(ReadRequest(wanted.urn, wanted.import_id, {}, known))
        if not response.resource_id:
            message = f"{wanted.import_id} does not exist, so it cannot be imported"
            raise DeploymentError(message)
        return replace(
            wanted,
            id=response.resource_id,
            inputs=response.inputs or known,
            outputs=response.properties,
        )

    async def refresh(self, old: ResourceState) -> ResourceState | None:
        """Read a resource of the stack as it is now; None when it does not exist any more."""
        provider = await self._pool.get(old.provider)
        response = await provider.read(
            ReadRequest(old.urn, old.id, dict(old.outputs), dict(old.inputs))
        )
        if not response.resource_id:
            return None
        inputs = old.inputs if response.inputs is None else response.inputs
        return replace(old, inputs=inputs, outputs=response.properties)

    async def delete(self, old: ResourceState) -> None:
        """Delete the resource."""
        provider = await self._pool.get(old.provider)
        await provider.delete(DeleteRequest(old.urn, old.id, dict(old.outputs), timeout=0))


def _ignore(
    inputs: dict[str, PropertyValue],
    old_inputs: dict[str, PropertyValue],
    ignore_changes: tuple[str, ...],
) -> dict[str, PropertyValue]:
    """Give the ignored inputs their old value.

    Pulumi allows paths; only whole top-level properties are needed here.
    """
    for name in ignore_changes:
        inputs.pop(name, None)
        if name in old_inputs:
            inputs[name] = old_inputs[name]
    return inputs


def explain(error: Exception, inputs: Properties) -> str:
    """Say why a step failed, with the resource's secrets left out.

    Args:
        error: what the provider raised.
        inputs: the resource's inputs, whose secrets the message may quote.
    """
    text = str(error) if isinstance(error, BicoastalError) else f"{type(error).__name__}: {error}"
    return scrub(text, secret_strings(to_plain(inputs)))
