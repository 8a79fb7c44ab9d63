"""Whole drills on real databases: they pass when failover works, and fail when it does not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.drill import environment
from bicoastal.lab.drill.assembly import STALL_S
from bicoastal.lab.drill.followers import with_members
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.probe import Probe
from bicoastal.lab.drill.replication import Replication
from bicoastal.lab.drill.report import DrillReport
from bicoastal.lab.drill.run import rehearse
from bicoastal.lab.scenarios import find
from bicoastal.settings import Settings, load

pytestmark = pytest.mark.lab

HOME, STANDBY = "us-east-1", "us-west-2"
QUICK = DrillOptions(pace=20.0, steady_s=1.5)


def settings(**keys: Any) -> Settings:
    return load({"secretArn": PLACEHOLDER_SECRET.format(region=HOME), **keys})


def outcomes(report: DrillReport) -> dict[str, str]:
    return {requirement.id: requirement.outcome for requirement in report.requirements}


@pytest.mark.parametrize("fault", ("kill", "hang", "partition"))
def test_clients_write_again_in_the_other_region(fault, monkeypatch):
    canary = "canary-of-the-master-user"
    monkeypatch.setattr(environment, "secrets", SimpleNamespace(token_urlsafe=lambda _: canary))
    asked = with_members(settings(), 3 if fault == "kill" else 2)
    options = replace(QUICK, scenario=find(fault), seed=5)
    if fault == "kill":  # which loses nothing either way
        options = replace(options, replication=Replication.SEMI_SYNC)
    report = rehearse(asked, options)
    assert ("standbys-follow" in outcomes(report)) is (fault == "kill")
    assert any("waited for the standby" in limit for limit in report.limits) is (fault == "kill")
    assert canary not in report.model_dump_json()
    assert [r for r in report.requirements if r.outcome == "fail"] == []
    assert report.verdict == "pass"
    assert report.deployment.resources >= 60
    assert report.deployment.destroyed == report.deployment.resources
    assert report.writes.acknowledged >= 1000
    assert report.writes.phantom == report.writes.duplicates == []
    assert [answer.region for answer in report.dns] == [HOME, STANDBY]
    assert report.recovery_time is not None
    assert report.recovery_time.total_s >= report.recovery_time.floor_s - 0.5
    window_s = settings().failover.window_s / report.pace
    assert report.recovery_time.decide_s >= window_s * 0.9
    # The evidence is of the kind that the fault leaves.
    reasons = " ".join(
        vote
        for each in report.rounds
        for vote in each.get("votes", {}).values()
        if vote.startswith("DOWN")
    )
    expected = {"kill": "refused", "hang": "greeting", "partition": "no answer to a connection"}
    assert expected[fault] in reasons
    # A cut may lose what was on its way; a dead process loses nothing that the kernel still had.
    assert fault == "partition" or report.writes.lost == []
    states = [entry["to_state"] for entry in report.audit]
    assert [s for s in states if s in {"FENCING", "PROMOTING", "REDIRECTING", "COOLDOWN"}] == [
        "FENCING",
        "PROMOTING",
        "PROMOTING",
        "REDIRECTING",
        "COOLDOWN",
    ]


def test_disarmed_the_same_fault_promotes_nobody_and_the_drill_fails():
    report = rehearse(settings(), replace(QUICK, armed=False))
    assert report.verdict == ("invalid" if report.longest_stall_s > STALL_S else "fail")
    assert report.failovers == []
    assert report.recovery_time is None
    failed = {name for name, outcome in outcomes(report).items() if outcome == "fail"}
    assert {"one-promotion", "clients-recover", "dns-after-promotion"} <= failed
    assert "nothing-left" not in failed
    assert [answer.region for answer in report.dns] == [HOME]


CLASSICAL = {
    "health": {"endpointCheck": "public"},
    "dns": {"mode": "health-check"},
    "network": {"clientCidrs": ["198.51.100.0/24"]},
}


def test_the_classical_pair_recovers_but_is_not_held_to_what_it_cannot_promise():
    report = rehearse(settings(**CLASSICAL), replace(QUICK))
    assert report.verdict == "pass"
    assert outcomes(report)["dns-after-promotion"] == "not promised"
    assert outcomes(report)["dns-never-back"] == "not promised"
    # Its two known dangers, seen: it goes back by itself, to a database that takes no writes.
    # On a busy machine a checker's patience may end early, and it goes to and fro more than once.
    answers = [answer.region for answer in report.dns]
    assert answers[:2] == [HOME, STANDBY]
    assert answers[-1] == HOME


@pytest.mark.parametrize("threshold", (0, 1))
def test_a_calculated_check_without_children_is_caught_by_the_rehearsal(threshold):
    def childless(kind, name, inputs):
        if kind == "aws:route53/healthCheck:HealthCheck" and inputs["type"] == "CALCULATED":
            return {**inputs, "childHealthchecks": [], "childHealthThreshold": threshold}
        return None

    # Who may promote is of no account where DNS is wrong from the start: the mode is told instead.
    mode = {"failover": {"mode": "observe"}} if threshold else {}
    asked = settings(**CLASSICAL, **mode)
    report = rehearse(asked, replace(QUICK, transform=childless, patience_s=4.0))
    told = any("failover.mode is observe" in entry.text for entry in report.timeline)
    assert told is bool(threshold)
    assert report.verdict == ("invalid" if report.longest_stall_s > STALL_S else "fail")
    failed = {name for name, outcome in outcomes(report).items() if outcome == "fail"}
    if threshold:
        # Always unhealthy: clients are sent to a standby that refuses them from the start.
        assert "steady-state" in failed
    else:
        # Always healthy: DNS can never move, whoever was promoted.
        assert {"clients-recover", "dns-after-promotion"} <= failed
        assert [answer.region for answer in report.dns] == [HOME]


def test_a_scenario_fails_with_its_deliberate_defect():
    """The mode is `observe`, and the deployed controller does not look at it."""
    scenario = find("observing")
    options = replace(
        QUICK, scenario=scenario, broken=True, probe=Probe.GREETING, patience_s=1.0, seed=3
    )
    report = rehearse(settings(), options)
    assert report.verdict == "fail"
    assert report.settings["failover"]["mode"] == "observe"
    failed = {name for name, outcome in outcomes(report).items() if outcome == "fail"}
    assert failed & set(scenario.mutant.fails)
    assert [each["target"] for each in report.failovers] == [STANDBY]
