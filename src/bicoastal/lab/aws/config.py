"""What the lab's process tells the embedded AWS's process: one JSON file in the workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from bicoastal.errors import LabError
from bicoastal.failover.config import PACE_VARIABLE
from bicoastal.lab.databases import Durability

# An access key id of twelve digits is the account id in MiniStack; AWS's documentation uses this
# account in its examples.
ACCOUNT_ID = "123456789012"
SECRET_KEY = "test"  # noqa: S105 - MiniStack checks no signature; the databases' fronts do


class AddressPlan(Protocol):
    """What the embedded AWS needs of the network's plan: the address of each path."""

    @property
    def sources(self) -> Sequence[str]:
        """Where connections come from: regions, and whatever else the network knows."""
        ...

    @property
    def members(self) -> Sequence[str]:
        """The regions that have a database."""
        ...

    @property
    def port(self) -> int:
        """The TCP port of every address."""
        ...

    def address(self, source: str, member: str) -> str:
        """The address at which a source reaches a member."""
        ...


@dataclass(frozen=True)
class Paths:
    """The address plan as data: source, then member, then address.

    Attributes:
        table: Addresses by source and member.
        members: The regions that have a database.
        port: The TCP port of every address.
    """

    table: Mapping[str, Mapping[str, str]]
    members: tuple[str, ...]
    port: int

    @classmethod
    def of(cls, plan: AddressPlan) -> Paths:
        """Write a plan out."""
        table = {s: {m: plan.address(s, m) for m in plan.members} for s in plan.sources}
        return cls(table=table, members=tuple(plan.members), port=plan.port)

    def address(self, source: str, member: str) -> str:
        """The address at which a source reaches a member.

        Raises:
            LabError: There is no such path.
        """
        try:
            return self.table[source][member]
        except KeyError:
            msg = f"the lab has no path from {source} to {member}"
            raise LabError(msg) from None


@dataclass(frozen=True)
class ServerConfig:
    """What the embedded AWS is started with.

    Attributes:
        workspace: The lab's folder.
        paths: Who reaches whom at which address.
        promotion_s: Seconds that a failover shows its transitional state (a model of AWS's own
            promotion time, which no lab can measure).
        fence_s: Seconds that fencing the old writer may take before the promotion goes on.
        drain_s: Seconds that a replica may take to apply what it has received.
        upgrade_s: Seconds that a database is away at least while its engine is upgraded (likewise
            a model).
        pace: How many times faster than AWS the functions run.
        durability: Of a writer.
    """

    workspace: Path
    paths: Paths
    promotion_s: float = 1.0
    fence_s: float = 1.0
    drain_s: float = 10.0
    upgrade_s: float = 0.5
    pace: float = 20.0
    durability: Durability = field(default_factory=Durability)

    def to_json(self) -> str:
        """The configuration as JSON."""
        return json.dumps(asdict(self) | {"workspace": str(self.workspace)})

    @classmethod
    def from_json(cls, text: str) -> ServerConfig:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        paths = values.pop("paths")
        return cls(
            **values
            | {
                "workspace": Path(values["workspace"]),
                "paths": Paths(**paths | {"members": tuple(paths["members"])}),
                "durability": Durability(**values["durability"]),
            }
        )


def member_socket_name(region: str) -> str:
    """The name of a member's unix socket in the workspace; it stays the same on a new volume."""
    return f"db-{region}"


def client_variables(endpoint_url: str, pace: float) -> dict[str, str]:
    """Environment of AWS clients and of `bicoastal`'s own commands; every lab has one key.

    Args:
        endpoint_url: Where the embedded AWS serves.
        pace: How many times faster than AWS it runs.

    Returns:
        The variables.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        PACE_VARIABLE: f"{pace:g}",
    }
