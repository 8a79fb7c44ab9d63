"""The configuration of the two functions: one definition for who writes it and who reads it.

The stack serialises a `ProberConfig` or a `ControllerConfig` with `to_json` into the function's
environment variable `BICOASTAL_CONFIG`; the handlers parse it with `from_json`.

All durations are seconds at AWS's pace; `BICOASTAL_PACE` divides them when the lab runs faster,
except what is measured in data (the lag and its age) and except for floors below which a probe or
a vote would measure the machine instead of the member.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Self

from bicoastal.failover.errors import ConfigError
from bicoastal.failover.sizing import LATCH_PERIOD_S, RUN_S

CONFIG_VARIABLE = "BICOASTAL_CONFIG"
PACE_VARIABLE = "BICOASTAL_PACE"
MODES = ("observe", "approve", "automatic")
GLOBAL, BINLOG_REPLICA = "global", "binlog-replica"
GLOBAL_LAG, REPLICA_LAG = "AuroraGlobalDBReplicationLag", "AuroraBinlogReplicaLag"
"""The metric of a standby's lag: milliseconds in a global database, seconds in a replica."""
LATCH_NAMESPACE = "Bicoastal"
LATCH_METRIC = "HomeIsWriter"
LATCH_DIMENSION = "Cluster"
PROBE_USER = "bicoastal_probe"
HEARTBEAT_TABLE = "bicoastal.heartbeat"
CA_FILE = "rds-ca.pem"
MIN_PROBE_TIMEOUT_S = 0.4
MIN_VOTE_TIMEOUT_S = 2.0
_EXPECTED = {
    Mapping: "an object",
    tuple: "a list",
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
}


@dataclass(frozen=True)
class Endpoint:
    """Where a member listens: host name or address, and TCP port."""

    host: str
    port: int = 3306


@dataclass(frozen=True)
class Member:
    """A regional cluster of the global database.

    Attributes:
        arn: the cluster's ARN, the only form in which a promotion names its target.
        cluster_id: the cluster's identifier, the dimension of its lag metrics.
    """

    arn: str
    cluster_id: str


@dataclass(frozen=True)
class Latch:
    """The metric that DNS follows: 1 while the home region is the writer, otherwise 0.

    Attributes:
        namespace: CloudWatch namespace.
        metric: metric name.
        dimension_name: name of the only dimension.
        dimension_value: its value, the global cluster's identifier.
        regions: regions that receive the metric; empty when DNS does not follow a latch.
    """

    namespace: str
    metric: str
    dimension_name: str
    dimension_value: str
    regions: tuple[str, ...] = ()

    @property
    def quorum(self) -> int:
        """How many regions must have accepted the metric for the latch to count as set."""
        return len(self.regions) // 2 + 1 if self.regions else 0


class _Config(ABC):
    """JSON form of a configuration; unknown, missing and mistyped keys are reported together."""

    def to_json(self) -> str:
        """The configuration as compact JSON with sorted keys, so that equal means identical."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))  # type: ignore[call-overload]  # a dataclass by construction

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the JSON form.

        Args:
            text: what `to_json` wrote.

        Returns:
            The configuration.

        Raises:
            ConfigError: not JSON, or keys that are unknown, missing, of the wrong type or out of
                range; all of them in one message.
        """
        try:
            raw = json.loads(text)
        except ValueError as error:
            message = f"{CONFIG_VARIABLE} is not JSON ({error}); deploy the stack again"
            raise ConfigError(message) from None
        problems: list[str] = []
        value = _parse(cls, raw, cls.__name__, problems)
        if not problems:
            problems = value._problems()
        if problems:
            raise ConfigError(f"{CONFIG_VARIABLE}: " + "; ".join(problems))
        return typing.cast("Self", value)

    @abstractmethod
    def _problems(self) -> list[str]:
        """What is out of range, in words."""


@dataclass(frozen=True)
class ProberConfig(_Config):
    """What a witness needs to know.

    Attributes:
        region: the witness's own region.
        members: where each member listens, by the member's region.
        timeout_s: how long each depth of a probe may take, seconds.
        probe_user: database user for the login depth (IAM authentication); None stops at the
            server's greeting.
        heartbeat: table that takes the canary of the last depth; None stops at the role.
        ca_file: certificate authorities (PEM) to verify the server with, relative to the code;
            None encrypts without verifying. The token that is sent is short-lived and opens only
            the probe user.
        further: members outside the pair that fails over; a witness proves itself with them last.
    """

    region: str
    members: Mapping[str, Endpoint]
    timeout_s: float = 2.0
    probe_user: str | None = None
    heartbeat: str | None = None
    ca_file: str | None = None
    further: tuple[str, ...] = ()

    def timeout(self, pace: float) -> float:
        """Real seconds that each depth of a probe may take, never below 0.4."""
        return probe_timeout(self.timeout_s, pace)

    def _problems(self) -> list[str]:
        problems = _positive(self, "timeout_s")
        if len(self.members) < 2:
            problems.append(
                "members must name at least two regions: a witness needs a target to "
                "prove itself with"
            )
        problems += [
            f"members.{region}.port must be 1-65535, not {endpoint.port}"
            for region, endpoint in self.members.items()
            if not 1 <= endpoint.port <= 65535
        ]
        return problems


@dataclass(frozen=True)
class ControllerConfig(_Config):
    """What a controller needs to know.

    Attributes:
        cluster: global cluster identifier, also the record's key.
        region: the controller's own region, one of `members`.
        home_region: where the writer is meant to be.
        members: ARN and identifier of each member, by region.
        witnesses: name (or ARN) of each witness's prober function, by region.
        table: DynamoDB table of the record.
        latch: the metric that DNS follows.
        topic_arn: SNS topic for pages; None only logs them.
        topology: global, or binlog-replica, which is observed only.
        mode: observe (say what would be done), approve (a human confirms), automatic.
        probe_interval_s: T, seconds from round to round.
        threshold: m, consecutive bad rounds.
        grace_s: g, extra seconds; the window is (m - 1) T + g.
        quorum: q, witnesses that must vote DOWN.
        cooldown_s: seconds after a failover in which no other one starts.
        rpo_budget_s: most replication lag, seconds, at which to fail over without a human.
        promotion_timeout_s: seconds until a promotion, or a redirection, counts as failed.
        clean_rounds: clean rounds before an armed record becomes STEADY.
        run_s: seconds that one invocation loops.
        latch_interval_s: seconds after which a latch that has not changed is put again.
        vote_timeout_s: seconds until a witness that did not answer counts as UNKNOWN.
        lag_max_age_s: seconds after which the last good lag is unknown.
        lag_required: whether an unknown lag holds the failover.
        further: members that no controller fails over from or to; only people move the writer.
        code: fingerprint of the functions' bundle.
    """

    cluster: str
    region: str
    home_region: str
    members: Mapping[str, Member]
    witnesses: Mapping[str, str]
    table: str
    latch: Latch
    topic_arn: str | None = None
    topology: str = GLOBAL
    mode: str = "automatic"
    probe_interval_s: float = 10.0
    threshold: int = 7
    grace_s: float = 30.0
    quorum: int = 2
    cooldown_s: float = 3600.0
    rpo_budget_s: float = 30.0
    promotion_timeout_s: float = 900.0
    clean_rounds: int = 3
    run_s: float = float(RUN_S)
    latch_interval_s: float = float(LATCH_PERIOD_S)
    vote_timeout_s: float = 8.0
    lag_max_age_s: float = 600.0
    lag_required: bool = False
    further: tuple[str, ...] = ()
    code: str = ""

    @property
    def deployment(self) -> str:
        """Fingerprint of code and configuration, the same in both member regions."""
        values = dataclasses.asdict(self)
        for own in ("region", "topic_arn"):
            del values[own]
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12] if self.code else ""

    def vote_timeout(self, pace: float) -> float:
        """Real seconds to wait for a witness, never below 2."""
        return max(self.vote_timeout_s / pace, MIN_VOTE_TIMEOUT_S)

    def _problems(self) -> list[str]:
        problems = _positive(
            self, "probe_interval_s", "promotion_timeout_s", "run_s", "latch_interval_s",
            "vote_timeout_s", "lag_max_age_s", "threshold", "quorum",
        )  # fmt: skip
        problems += _positive(
            self, "grace_s", "cooldown_s", "rpo_budget_s", "clean_rounds", zero=True
        )
        problems += [
            f"{key} must be one of the members ({', '.join(sorted(self.members))}), not {region!r}"
            for key, region in (("region", self.region), ("home_region", self.home_region))
            if region not in self.members
        ]
        if len(self.members) < 2:
            problems.append("members must name at least two regions: one to lose, one to promote")
        if self.mode not in MODES:
            problems.append(f"mode must be one of {', '.join(MODES)}, not {self.mode!r}")
        if self.topology not in (GLOBAL, BINLOG_REPLICA):
            problems.append(f"topology must be {GLOBAL} or {BINLOG_REPLICA}, not {self.topology!r}")
        if self.topology == BINLOG_REPLICA and self.mode != "observe":
            problems.append(f"mode must be observe where topology is {BINLOG_REPLICA}")
        if self.region not in self.witnesses:
            problems.append(
                f"witnesses must include {self.region!r}: only a member's own witness can verify "
                "that it was promoted"
            )
        if self.quorum > len(self.witnesses):
            problems.append(
                f"quorum is {self.quorum} but there are only {len(self.witnesses)} witnesses, so "
                "the loss of the writer could never be confirmed"
            )
        return problems


def probe_timeout(timeout_s: float, pace: float) -> float:
    """How long each depth of a probe may really take.

    Args:
        timeout_s: what the settings ask for, seconds.
        pace: by how much durations are divided.

    Returns:
        Seconds, never below `MIN_PROBE_TIMEOUT_S`: networks and processes have no pace.
    """
    return max(timeout_s / pace, MIN_PROBE_TIMEOUT_S)


def pace(text: str | None) -> float:
    """Parse `BICOASTAL_PACE`.

    Args:
        text: the variable's value; None or empty means 1, AWS's own pace.

    Returns:
        By how much every duration is divided.

    Raises:
        ConfigError: not a positive finite number.
    """
    if not text:
        return 1.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"{PACE_VARIABLE} must be a positive number, not {text!r}")
    return value


def _positive(config: object, *names: str, zero: bool = False) -> list[str]:
    problems = []
    for name in names:
        value = getattr(config, name)
        if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
            least = "0 or more" if zero else "above 0"
            problems.append(f"{name} must be {least}, not {value}")
    return problems


def _parse(kind: Any, raw: Any, where: str, problems: list[str]) -> Any:
    """Turn JSON into `kind`, adding to `problems` instead of stopping at the first one."""
    if is_dataclass(kind):
        return _parse_dataclass(typing.cast("type[Any]", kind), raw, where, problems)
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    value: Any = None
    if origin is types.UnionType:  # only `X | None` is used
        value = None if raw is None else _parse(arguments[0], raw, where, problems)
    elif origin is Mapping and isinstance(raw, dict):
        value = {k: _parse(arguments[1], v, f"{where}.{k}", problems) for k, v in raw.items()}
    elif origin is tuple and isinstance(raw, list):
        value = tuple(_parse(arguments[0], item, f"{where}[]", problems) for item in raw)
    elif origin is float and isinstance(raw, int | float) and not isinstance(raw, bool):
        value = float(raw)
    elif type(raw) is origin:
        value = raw
    else:
        problems.append(f"{where} must be {_EXPECTED[origin]}, not {json.dumps(raw)}")
    return value


def _parse_dataclass(kind: type[Any], raw: Any, where: str, problems: list[str]) -> Any:
    if not isinstance(raw, dict):
        problems.append(f"{where} must be an object, not {json.dumps(raw)}")
        return None
    hints = typing.get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    problems += [f"{where}.{key} is not a known key" for key in raw if key not in known]
    values = {}
    for name, field in known.items():
        if name in raw:
            values[name] = _parse(hints[name], raw[name], f"{where}.{name}", problems)
        elif field.default is dataclasses.MISSING:
            problems.append(f"{where}.{name} is missing")
            values[name] = None
    return kind(**values)
