"""Which loopback address stands for which path from a source to a member."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bicoastal.errors import LabError

_FIRST_HOST = 10
_MOST_PATHS = 240
_ATTEMPTS = 64


@dataclass(frozen=True)
class AddressPlan:
    """One loopback address for every path (source to member), inside one block of 127.0.0.0/8.

    All of 127.0.0.0/8 is loopback on Linux, so no interface has to be configured and a normal
    user can bind any of it (RFC 1122, section 3.2.1.3; https://www.rfc-editor.org/rfc/rfc1122).

    Attributes:
        block: The first three bytes, for example ``127.81.9``.
        sources: Where connections come from: region names, ``clients``, ``internet``.
        members: The regions that hold a database.
        port: The databases' port.
    """

    block: str
    sources: tuple[str, ...]
    members: tuple[str, ...]
    port: int = 3306

    def __post_init__(self) -> None:
        for kind, names in (("source", self.sources), ("member", self.members)):
            if not names or len(set(names)) != len(names):
                raise LabError(f"An address plan needs distinct {kind}s, got {list(names)}.")
        if len(self.sources) * len(self.members) > _MOST_PATHS:
            raise LabError(f"An address plan holds at most {_MOST_PATHS} paths.")

    @classmethod
    def allocate(
        cls, sources: Sequence[str], members: Sequence[str], *, port: int = 3306
    ) -> AddressPlan:
        """Choose a block in which the port is free on every address of the plan.

        The block is drawn at random, so that drills that run at the same time do not meet.

        Args:
            sources: Names of the places that connections come from.
            members: Names of the regions that hold a database.
            port: The databases' port, 1024 or more for a normal user.

        Returns:
            The plan.

        Raises:
            LabError: If names are missing or repeated, or the port is taken everywhere (a server
                that listens on all addresses).
        """
        for _ in range(_ATTEMPTS):
            block = f"127.{64 + secrets.randbelow(190)}.{secrets.randbelow(256)}"
            plan = cls(block, tuple(sources), tuple(members), port)
            if all(_is_free(address, port) for address in (plan.host, *plan.paths().values())):
                return plan
        raise LabError(
            f"Port {port} is taken on every loopback address that was tried: some server listens "
            f"on all addresses. Stop it, or bind it to 127.0.0.1 (`ss -ltnp 'sport = :{port}'` "
            "names it)."
        )

    @property
    def host(self) -> str:
        """The address for the lab's own services (DNS), the same for everyone."""
        return f"{self.block}.1"

    def address(self, source: str, member: str) -> str:
        """Give the address at which a source reaches a member's database.

        Args:
            source: One of ``sources``.
            member: One of ``members``.

        Returns:
            A dotted IPv4 address.

        Raises:
            LabError: If the plan has no such path.
        """
        try:
            row, column = self.sources.index(source), self.members.index(member)
        except ValueError:
            raise LabError(
                f"There is no path from {source!r} to {member!r}; sources: "
                f"{', '.join(self.sources)}; members: {', '.join(self.members)}."
            ) from None
        return f"{self.block}.{_FIRST_HOST + row * len(self.members) + column}"

    def paths(self) -> dict[tuple[str, str], str]:
        """List every path: (source, member) to address."""
        return {
            (source, member): self.address(source, member)
            for source in self.sources
            for member in self.members
        }

    def path_of(self, address: str) -> tuple[str, str] | None:
        """Tell which (source, member) an address stands for; None if none of the plan's."""
        return {address: path for path, address in self.paths().items()}.get(address)

    def member_of(self, address: str) -> str | None:
        """Tell which member an address leads to; None if the address is not of the plan."""
        path = self.path_of(address)
        return None if path is None else path[1]

    def to_json(self) -> str:
        """Write the plan as JSON, for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AddressPlan:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(raw["block"], tuple(raw["sources"]), tuple(raw["members"]), raw["port"])


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
