"""The mistakes that everybody makes once: found by the right rule, and cured by what it says."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml

from bicoastal.settings import Finding, validate

ARN = "arn:aws:secretsmanager:{}:123456789012:secret:bicoastal/dev-AbCdEf"
TOKYO = {"home": "ap-northeast-1", "witness": "ap-northeast-3"}
_VALUE = r"([\w./:-]+?)[.,?]?(?:\s|$)"


def cured(raw: Any, finding: Finding) -> Any:
    """The settings after somebody did what the cure says, to the letter."""
    result, key, value = copy.deepcopy(raw), finding.key, None
    named = re.match(r"(?:Use|Choose) ([a-z]\w*\.\w+): (\w+)", finding.cure)
    if named:
        key, value = named.groups()
    elif not finding.cure.startswith("Remove it"):
        found = re.search(f"(?:such as|Did you mean) {_VALUE}", finding.cure)
        found = found or re.search(f"^(?:Use|Choose|Write) {_VALUE}", finding.cure)
        assert found, f"the cure names no value: {finding.cure}"
        value = yaml.safe_load(found[1])
    *groups, last = key.split(".")
    inner = result
    for group in groups:
        inner = inner.setdefault(group, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return result


@pytest.mark.parametrize(
    ("mistake", "rule_id"),
    (
        ({"database": {"instanceClass": "db.t3.small"}}, "BC201"),
        ({"database": {"instanceClass": "db.t4g.medium"}}, "BC201"),
        ({"database": {"backtrackWindow": 3600}}, "BC224"),
        ({"database": {"manageMasterUserPassword": True}}, "BC226"),
        ({"database": {"stopSchedule": "cron(0 20 * * ? *)"}}, "BC227"),
        ({"database": {"standbyEngineVersion": "8.0.mysql_aurora.3.10.3"}}, "BC228"),
        ({"database": {"parameters": {"binlog_format": "ROW"}}}, "BC236"),
        ({"database": {"standbyMasterUsername": "admin"}}, "BC237"),
        ({"database": {"serverlessMinAcu": 0}}, "BC210"),
        ({"database": {"serverlessMinAcu": 0.7}}, "BC209"),
        ({"database": {"engineVersion": "3.10.4"}}, "BC206"),
        ({"database": {"monitoringIntervalS": 20}}, "BC213"),
        (
            {
                "database": {
                    "backupWindow": "23:30-00:30",
                    "maintenanceWindow": "sun:00:00-sun:01:00",
                }
            },
            "BC223",
        ),
        ({"dns": {"mode": "health-check"}, "health": {"endpointCheck": "private"}}, "BC303"),
        ({"health": {"childHealthChecks": []}}, "BC322"),
        ({"health": {"childHealthThreshold": 0}}, "BC322"),
        ({"health": {"metricMath": "m1 / m2"}}, "BC323"),
        ({"regions": {"standby": "apne2", **TOKYO}}, "BC402"),
        ({"network": {"standbyCidr": "10.10.0.0/16"}}, "BC408"),
        ({"network": {"homeCidr": "10.10.3.0/16"}}, "BC405"),
        ({"secretReplicaRegions": []}, "BC611"),
        ({"failover": {"quorum": 3}}, "BC320"),
    ),
)
def test_a_classical_mistake_has_a_cure_that_check_accepts(mistake: Any, rule_id: str) -> None:
    home = mistake.get("regions", {}).get("home", "us-east-1")
    raw = {"secretArn": ARN.format(home), **mistake}
    (finding,) = [f for f in validate(raw, deploying=True) if f.rule_id == rule_id]
    left = validate(cured(raw, finding), deploying=True)
    assert [f for f in left if f.severity != "info"] == []
