"""The functions' configuration: what is written can be read, and bad input is explained at once."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from bicoastal.errors import BicoastalError
from bicoastal.failover.config import (
    ControllerConfig,
    Endpoint,
    Latch,
    Member,
    ProberConfig,
    pace,
)
from bicoastal.failover.errors import ConfigError
from bicoastal.failover.state import Policy

from .fakes import HOME, STANDBY, STANDBY_ARN, config

PROBER = ProberConfig(HOME, {HOME: Endpoint("one"), STANDBY: Endpoint("two", 3307)})


def test_controller_round_trip() -> None:
    assert ControllerConfig.from_json(config().to_json()) == config()


def test_prober_round_trip() -> None:
    changed = replace(PROBER, probe_user="probe", ca_file="ca.pem")
    assert ProberConfig.from_json(changed.to_json()) == changed


def test_equal_configurations_have_the_same_text() -> None:
    other = ProberConfig(HOME, dict(sorted(PROBER.members.items(), reverse=True)))
    assert other.to_json() == PROBER.to_json()


def test_whole_numbers_are_accepted_for_seconds() -> None:
    text = config().to_json().replace('"grace_s":5.0', '"grace_s":5')
    assert ControllerConfig.from_json(text) == config()


def test_defaults_are_filled_in() -> None:
    raw = json.loads(PROBER.to_json())
    del raw["timeout_s"], raw["probe_user"], raw["members"][HOME]["port"]
    assert ProberConfig.from_json(json.dumps(raw)) == PROBER


def problems(kind: type[ControllerConfig | ProberConfig], text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        kind.from_json(text)
    assert isinstance(caught.value, BicoastalError)
    return str(caught.value)


def test_shape_errors_are_reported_together() -> None:
    raw = json.loads(config().to_json())
    del raw["table"]
    raw |= {"quorum": True, "mode": 3, "extra": 1, "members": [], "grace_s": "x"}
    raw["latch"] = {"regions": "everywhere"}
    found = problems(ControllerConfig, json.dumps(raw))
    for part in (
        "ControllerConfig.extra is not a known key",
        "ControllerConfig.table is missing",
        "ControllerConfig.quorum must be a whole number, not true",
        "ControllerConfig.mode must be a text, not 3",
        "ControllerConfig.members must be an object, not []",
        'ControllerConfig.grace_s must be a number, not "x"',
        "ControllerConfig.latch.namespace is missing",
        'ControllerConfig.latch.regions must be a list, not "everywhere"',
    ):
        assert part in found


def test_a_replica_by_binary_log_is_observed_only() -> None:
    approved = config(topology="binlog-replica", mode="approve").to_json()
    assert "mode must be observe where topology is" in problems(ControllerConfig, approved)
    unknown = config(topology="both", mode="observe").to_json()
    assert "topology must be global or binlog-replica" in problems(ControllerConfig, unknown)
    observed = config(topology="binlog-replica", mode="observe").to_json()
    assert ControllerConfig.from_json(observed).topology == "binlog-replica"


def test_nested_objects_are_checked() -> None:
    raw = json.loads(PROBER.to_json())
    raw["members"] = {HOME: "one", STANDBY: {"host": None}}
    found = problems(ProberConfig, json.dumps(raw))
    assert f'ProberConfig.members.{HOME} must be an object, not "one"' in found
    assert f"ProberConfig.members.{STANDBY}.host must be a text, not null" in found


def test_text_that_is_not_json_is_explained() -> None:
    assert "is not JSON" in problems(ProberConfig, "nonsense")


def test_values_out_of_range_are_reported_together() -> None:
    changed = config(
        threshold=0, probe_interval_s=math.nan, grace_s=-1.0, cooldown_s=0.0, mode="automagic",
        home_region="eu-west-1", quorum=4,
    )  # fmt: skip
    found = problems(ControllerConfig, changed.to_json())
    for part in (
        "threshold must be above 0, not 0",
        "probe_interval_s must be above 0, not nan",
        "grace_s must be 0 or more, not -1.0",
        "mode must be one of observe, approve, automatic, not 'automagic'",
        "home_region must be one of the members (us-east-1, us-west-2), not 'eu-west-1'",
        "quorum is 4 but there are only 3 witnesses",
    ):
        assert part in found
    assert "cooldown_s" not in found


def test_a_controller_needs_a_second_member() -> None:
    alone = config(members={STANDBY: Member(STANDBY_ARN, "standby")}, home_region=STANDBY)
    assert "members must name at least two" in problems(ControllerConfig, alone.to_json())


def test_the_controllers_own_region_needs_a_witness() -> None:
    changed = config(witnesses={HOME: "one", "us-east-2": "two"})
    assert "witnesses must include 'us-west-2'" in problems(ControllerConfig, changed.to_json())


def test_a_prober_needs_a_second_member_and_lawful_ports() -> None:
    found = problems(ProberConfig, ProberConfig(HOME, {HOME: Endpoint("x", 0)}).to_json())
    assert "at least two regions" in found
    assert f"members.{HOME}.port must be 1-65535, not 0" in found


@pytest.mark.parametrize(("text", "value"), ((None, 1.0), ("", 1.0), ("20", 20.0), ("0.5", 0.5)))
def test_pace(text: str | None, value: float) -> None:
    assert pace(text) == value


@pytest.mark.parametrize("text", ("0", "-1", "fast", "inf", "nan"))
def test_a_bad_pace_is_explained(text: str) -> None:
    with pytest.raises(ConfigError, match="BICOASTAL_PACE must be a positive number"):
        pace(text)


def test_timeouts_follow_the_pace_down_to_what_is_possible() -> None:
    assert PROBER.timeout(1) == 2.0
    assert PROBER.timeout(4) == 0.5
    assert PROBER.timeout(100) == 0.4
    assert config().vote_timeout(1) == 8.0
    assert config().vote_timeout(100) == 2.0


def test_the_latch_needs_a_majority_of_its_regions() -> None:
    quorums = [Latch("n", "m", "d", "v", tuple("abcd"[:n])).quorum for n in range(5)]
    assert quorums == [0, 1, 2, 2, 3]


def test_the_policy_divides_every_duration_but_those_of_data() -> None:
    policy = Policy.of(config(), 10.0)
    assert (policy.region, policy.arn, policy.home_region) == (STANDBY, STANDBY_ARN, HOME)
    assert (policy.interval_s, policy.grace_s, policy.cooldown_s) == (1.0, 0.5, 360.0)
    assert (policy.rpo_budget_s, policy.threshold, policy.quorum) == (30.0, 3, 2)
    assert policy.lag_max_age_s == 600.0
    assert policy.window_s == 2.5
    assert policy.vote_max_age_s == 4.0, "twice the longest that a vote may take"
    values: dict[str, Any] = {"vote_max_age_s": 20.0, "latch_quorum": 2, "promotion_timeout_s": 900}
    assert all(getattr(Policy.of(config()), name) == value for name, value in values.items())
