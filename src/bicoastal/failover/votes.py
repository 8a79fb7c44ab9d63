"""What the decision is based on: the witnesses' votes and the gate observations of one round."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    """What a witness says about a member."""

    UP = "UP"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


class Depth(StrEnum):
    """How deep a probe went, shallow to deep; a failed probe failed at this depth."""

    NONE = "none"
    TCP = "tcp"
    GREETING = "greeting"
    LOGIN = "login"
    CANARY = "canary"


@dataclass(frozen=True)
class Vote:
    """One witness's verdict on one member.

    Attributes:
        witness: region of the witness.
        member: region of the member that was probed.
        verdict: UP, DOWN or UNKNOWN.
        depth: the depth at which the verdict was reached.
        reason: why, in words.
        age_s: upper bound of the vote's age, seconds, when the evidence was completed; the
            controller measures it on its own clock, from the moment it asked.
        elapsed_s: how long the probe took, seconds.
        overloaded: the member answered, but slowly or only to refuse: a veto, never DOWN.
        read_only: whether the member refuses writes; None below the login depth.
        written: whether the member took the canary; None where none was tried.
        needs_repair: the witness itself is not let in (credentials, TLS, its table): somebody has
            to be told, and it never speaks for DOWN.
        version: the server's version, as its greeting says.
    """

    witness: str
    member: str
    verdict: Verdict
    depth: Depth
    reason: str
    age_s: float = 0.0
    elapsed_s: float = 0.0
    overloaded: bool = False
    read_only: bool | None = None
    written: bool | None = None
    needs_repair: bool = False
    version: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The vote as JSON values, without what is not known."""
        return {k: v for k, v in dataclasses.asdict(self).items() if v is not None}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read a vote.

        Args:
            raw: what `to_dict` gave; unknown keys are ignored, so that a witness may be newer.

        Returns:
            The vote.

        Raises:
            ValueError: a key is missing or its value is not possible.
        """
        known = {f.name: raw[f.name] for f in dataclasses.fields(cls) if f.name in raw}
        try:
            known["verdict"], known["depth"] = Verdict(raw["verdict"]), Depth(raw["depth"])
            known["age_s"] = float(raw.get("age_s", 0.0))
            known["elapsed_s"] = float(raw.get("elapsed_s", 0.0))
            return cls(**known)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a vote ({type(error).__name__}: {error})") from None


def unknown(witness: str, member: str, reason: str, **values: Any) -> Vote:
    """A vote that counts for nothing.

    Args:
        witness: region of the witness.
        member: region of the member that it was asked about.
        reason: why nothing is known.
        **values: further attributes of the vote.

    Returns:
        The vote.
    """
    return Vote(witness, member, Verdict.UNKNOWN, values.pop("depth", Depth.NONE), reason, **values)


@dataclass(frozen=True)
class Topology:
    """The global database as the RDS API of the controller's own region describes it.

    Attributes:
        writer: region of the writer; None when no member is.
        settled: available, and no switchover or failover is under way.
        failover_target: ARN that a failover under way promotes.
        standby_ready: the controller's own member belongs to the global database, is available
            and has an instance.
        connected: the own member, as a standby, replicates.
        versions: engine versions of the own member and of the global database.
    """

    writer: str | None
    settled: bool
    failover_target: str | None = None
    standby_ready: bool = False
    connected: bool = False
    versions: tuple[str, str] | None = None


@dataclass(frozen=True)
class Observation:
    """A further gate's state.

    Attributes:
        gate: its name.
        green: True, False, or None when it could not be observed (which holds, like False).
        detail: what was seen, in words.
    """

    gate: str
    green: bool | None
    detail: str


@dataclass(frozen=True)
class Evidence:
    """Everything that one round found out.

    Attributes:
        taken_at: when the evidence was complete, seconds since the epoch, the controller's clock.
        votes: the witnesses' votes.
        topology: what the RDS API said; None when it did not answer.
        lag_s: last good replication lag, seconds; None when there is none.
        lag_age_s: how old that value is, seconds.
        latch_value: the value that this controller last put into the latch.
        latch_regions: how many regions accepted it.
        observations: further gates.
        paged: this invocation has paged about the record's present state, and was heard.
        deployment: fingerprint of the code and configuration that looked, for the audit trail.
    """

    taken_at: float
    votes: tuple[Vote, ...] = ()
    topology: Topology | None = None
    lag_s: float | None = None
    lag_age_s: float | None = None
    latch_value: int | None = None
    latch_regions: int = 0
    observations: tuple[Observation, ...] = ()
    paged: bool = False
    deployment: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values, for the audit trail."""
        return {**dataclasses.asdict(self), "votes": [vote.to_dict() for vote in self.votes]}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave, so that an audit trail can be replayed.

        Args:
            raw: JSON values.

        Returns:
            The evidence.

        Raises:
            ValueError: a vote is not possible.
        """
        values = dict(raw)
        values["votes"] = tuple(Vote.from_dict(vote) for vote in raw["votes"])
        if raw["topology"] is not None:
            topology = Topology(**raw["topology"])
            if topology.versions is not None:  # JSON has lists only
                own, whole = topology.versions
                topology = dataclasses.replace(topology, versions=(own, whole))
            values["topology"] = topology
        values["observations"] = tuple(Observation(**gate) for gate in raw["observations"])
        return cls(**values)
