"""Health checks: found by what they watch, judged by what Route 53 or their metric says."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from bicoastal.operate.checks import health_checks, verdict
from bicoastal.operate.target import Target
from bicoastal.settings import Dns

from .samples import HOME, REGIONS, SETTINGS, STANDBY

LATCHED: dict[str, float | None] = dict.fromkeys(REGIONS, 1.0)


class FakeRoute53:
    """Knows the stack's four checks and one of somebody else; not a real Route 53."""

    def __init__(self, statuses: dict[str, Any]) -> None:
        self.statuses = statuses
        self.checks = [
            _check(code, Type="CLOUDWATCH_METRIC", AlarmIdentifier={"Name": f"latch-{code}-dev"})
            for code in ("use1", "usw2", "use2")
        ]
        children = ["use1", "usw2", "use2"]
        self.checks.append(
            _check("all", Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=2)
        )
        host = "aurora-use1-dev.cluster-x.us-east-1.rds.amazonaws.com"
        self.checks += [
            _check("tcp", Type="TCP", FullyQualifiedDomainName=host),
            _check("over", Type="CALCULATED", ChildHealthChecks=["tcp"]),
            _check("foreign", Type="TCP", FullyQualifiedDomainName="www.example.com"),
        ]

    def get_paginator(self, name: str) -> FakeRoute53:
        assert name == "list_health_checks"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"HealthChecks": self.checks[:3]}, {"HealthChecks": self.checks[3:]}]

    def get_health_check_status(self, *, HealthCheckId: str) -> dict[str, Any]:  # noqa: N803
        texts = self.statuses.get(HealthCheckId, [])
        if isinstance(texts, Exception):
            raise texts
        return {"HealthCheckObservations": [{"StatusReport": {"Status": t}} for t in texts]}


def _check(id_: str, **config: Any) -> dict[str, Any]:
    return {"Id": id_, "HealthCheckConfig": config}


def found(latch: dict[str, float | None], target: Target | None = None, **statuses: Any) -> Any:
    reports = health_checks(FakeRoute53(statuses), target or Target(SETTINGS), latch)
    return {report.name: report.healthy for report in reports}, [r.detail for r in reports]


def test_a_silent_check_follows_its_metric() -> None:
    health, details = found({**LATCHED, HOME: 0.0})
    assert health == {
        "latch-use1-dev": False, "latch-use2-dev": True, "latch-usw2-dev": True, "latch-dev": True,
    }  # fmt: skip
    assert details[0] == "by its metric, which is 0"
    assert details[-1] == "2 of 3 children are healthy, 2 needed"


def test_what_nobody_knows_decides_nothing() -> None:
    assert found({**LATCHED, HOME: None})[0]["latch-dev"] is True
    assert found({**LATCHED, HOME: None, STANDBY: None})[0]["latch-dev"] is None
    assert found({**dict.fromkeys(REGIONS, 0.0), HOME: None})[0]["latch-dev"] is False


def test_a_refused_question_is_unknown() -> None:
    refusal = ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "Get")
    health, details = found(LATCHED, use1=refusal)
    assert health["latch-use1-dev"] is None
    assert details[0] == "Throttling: slow"


def test_the_classical_pair_is_found_by_its_host() -> None:
    classical = SETTINGS.model_copy(update={"dns": Dns(mode="health-check")})
    health, _ = found({}, Target(classical), tcp=["Success: TCP", "Failure: refused"])
    assert health == {"tcp-use1-dev": True, "endpoint-dev": True}


def test_without_checks_route53_is_not_asked() -> None:
    plain = SETTINGS.model_copy(update={"dns": Dns(mode="global-endpoint")})
    assert health_checks(None, Target(plain), {}) == ()


@pytest.mark.parametrize(
    ("good", "bad", "healthy"), ((16, 0, True), (3, 13, True), (2, 14, False), (0, 1, False))
)
def test_more_than_18_percent_must_succeed(good: int, bad: int, healthy: bool) -> None:
    assert verdict(["Success: x"] * good + ["Failure: y"] * bad)[0] is healthy


def test_no_word_of_success_or_failure_says_nothing() -> None:
    assert verdict([]) == verdict(["Unknown"]) == (None, "no checker says anything")
