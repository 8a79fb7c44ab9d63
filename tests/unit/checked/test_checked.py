"""What `bicoastal check` passes is deployed; what AWS refuses, `check` has found before.

Three parts make the statement, from the cheap and many to the dear and few:

- `test_one_value` draws thousands of values, lawful and not, puts them into the requests that the
  program makes by default, and compares the catalogue with the embedded AWS's refusals, in both
  directions.
- `test_whole_settings` draws settings in which every key may differ, takes those that `check`
  passes, plans the unchanged stack, and puts every request to EC2, RDS and Route 53, as boto3
  writes it, before the same refusals.
- `tests/functional/aws/test_checked_settings.py` deploys such settings into the embedded AWS, with
  real databases behind it, and destroys them again.

What the dated tables do not know (`UNSURE`) is a warning, because AWS may offer it by now. The
embedded AWS knows no more than they, so these warnings count as finding it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from bicoastal.settings import RULES, validate

from .conftest import Refused, Requests
from .world import Request, refused

RDS = ("CreateDB", "CreateGlobalCluster")
UNSURE = {"BC204", "BC207", "BC225", "BC403"}

FAMILIES = (
    "r5", "r6g", "r6i", "r7g", "r7i", "r8g", "x2g", "r6gd", "r6id", "r8gd", "r4", "t2", "t3", "t4g",
    "m6g", "c7g", "r9z", "foo", "x2iedn",
)  # fmt: skip
SIZES = ("micro", "small", "medium", "large", "xlarge", "2xlarge", "48xlarge", "huge")
CLASSES = st.builds("db.{}.{}".format, st.sampled_from(FAMILIES), st.sampled_from(SIZES))
ODD = st.text(max_size=6) | st.text("a1_- .", max_size=70)
HOURS = st.builds("{:02}:{:02}".format, st.integers(0, 25), st.sampled_from((0, 10, 30, 45, 60)))
DAYS = st.sampled_from(("mon", "Wed", "sun", "day"))
BACKUPS = st.builds("{}-{}".format, HOURS, HOURS)
MAINTENANCES = st.builds("{}:{}-{}:{}".format, DAYS, HOURS, DAYS, HOURS)
ACUS = st.sampled_from((-1, 0, 0.3, 0.5, 1, 2, 8.25, 16, 128, 256, 256.5, 300))

VALUES: Mapping[str, tuple[str, str, st.SearchStrategy[Any]]] = {
    "port": ("CreateDBCluster", "Port", st.integers(-10, 70_000)),
    "backupRetentionDays": ("CreateDBCluster", "BackupRetentionPeriod", st.integers(-2, 40)),
    "databaseName": ("CreateDBCluster", "DatabaseName", ODD | st.sampled_from(("mysql", "Sys"))),
    "storageType": (
        "CreateDBCluster",
        "StorageType",
        st.sampled_from(("aurora", "aurora-iopt1")) | ODD,
    ),
    "backupWindow": ("CreateDBCluster", "PreferredBackupWindow", BACKUPS | ODD),
    "maintenanceWindow": ("CreateDBCluster", "PreferredMaintenanceWindow", MAINTENANCES | ODD),
    "monitoringIntervalS": ("CreateDBInstance", "MonitoringInterval", st.integers(-1, 61)),
    "instanceClass": ("CreateDBInstance", "DBInstanceClass", CLASSES | ODD),
    "serverlessMinAcu": ("CreateDBCluster", "ServerlessV2ScalingConfiguration.MinCapacity", ACUS),
    "serverlessMaxAcu": ("CreateDBCluster", "ServerlessV2ScalingConfiguration.MaxCapacity", ACUS),
}
"""Key of `database` -> the request and the parameter that carry it, and values to try."""


@pytest.fixture(scope="module")
def usual(requests_of: Requests) -> list[Request]:
    """What the program asks of RDS by default."""
    return [request for request in requests_of({}) if request.action.startswith(RDS)]


def found(raw: dict[str, Any]) -> set[str]:
    """The rules by which `check` refuses some settings, or is not sure of them."""
    return {
        finding.rule_id
        for finding in validate(raw)
        if finding.severity == "error" or finding.rule_id in UNSURE
    }


@pytest.mark.parametrize("key", VALUES)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_one_value(key: str, usual: list[Request], data: st.DataObject) -> None:
    action, parameter, values = VALUES[key]
    value = data.draw(values.filter(lambda found: found != ""))  # an empty one is not sent
    asked = [
        request.but(**{parameter: str(value)})
        if request.action == action and (key != "databaseName" or parameter in request.parameters)
        else request
        for request in usual
    ]
    if refused(asked):
        assert found({"database": {key: value}}), "AWS refuses what check passes"
    else:
        ids = found({"database": {key: value}}) - UNSURE
        assert not ids, "check refuses what AWS takes"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(backup=BACKUPS, maintenance=MAINTENANCES)
def test_two_windows(usual: list[Request], backup: str, maintenance: str) -> None:
    asked = [
        request.but(PreferredBackupWindow=backup, PreferredMaintenanceWindow=maintenance)
        for request in usual
        if request.action == "CreateDBCluster"
    ]
    ids = found({"database": {"backupWindow": backup, "maintenanceWindow": maintenance}})
    unencrypted = [r.but(GlobalClusterIdentifier="none", MasterUsername="u") for r in asked[:1]]
    windows = [answer for _, answer in refused(unencrypted) if "window" in answer.message]
    assert bool(ids) == bool(windows)


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of some keys."""
    return st.fixed_dictionaries({}, optional=keys)


LAWFUL_CLASSES = (
    "db.serverless",
    "db.r6g.large",
    "db.r7i.2xlarge",
    "db.r5.24xlarge",
    "db.x2g.large",
)
RANGES = st.builds(
    "{}/{}".format,
    st.sampled_from(
        ("10.10.0.0", "10.20.0.0", "10.30.64.0", "172.16.0.0", "192.168.0.0", "10.0.0.0")
    ),
    st.sampled_from((8, 16, 17, 18, 20, 24, 27, 28)),
)
WHOLE = some(
    environmentSuffix=st.from_regex(r"[a-z0-9-]{1,50}", fullmatch=True) | st.just("9" * 50),
    regions=st.permutations(("us-east-1", "us-west-2", "us-east-2")).map(
        lambda names: dict(zip(("home", "standby", "witness"), names, strict=True))
    )
    | st.just({"furtherStandbys": ["eu-west-1"]})
    | st.just({"home": "ap-northeast-1", "standby": "ap-northeast-3", "witness": "ap-northeast-2"}),
    database=some(
        instanceClass=st.sampled_from((*LAWFUL_CLASSES, "db.t3.small")),
        engineVersion=st.sampled_from(
            ("8.0.mysql_aurora.3.04.3", "8.0.mysql_aurora.3.10.4", "8.4.mysql_aurora.8.4.7")
        ),
        serverlessMinAcu=st.sampled_from((0, 0.5, 1, 256)),
        serverlessMaxAcu=st.sampled_from((1, 2.5, 256)),
        instancesPerMember=st.sampled_from((1, 2, 15)),
        databaseName=st.sampled_from(("app", "A_1", "x" * 64, "mysql")),
        port=st.sampled_from((1149, 1150, 3306, 65535)),
        backupRetentionDays=st.sampled_from((1, 35, 36)),
        backupWindow=st.sampled_from(("03:00-03:30", "23:45-00:15")),
        maintenanceWindow=st.sampled_from(("sun:03:15-sun:04:00", "mon:04:00-mon:05:00")),
        skipFinalSnapshot=st.booleans(),
        deletionProtection=st.booleans(),
        monitoringIntervalS=st.sampled_from((0, 1, 60)),
        storageType=st.sampled_from(("aurora", "aurora-iopt1")),
    ),
    network=some(
        homeCidr=RANGES,
        standbyCidr=RANGES,
        witnessCidr=RANGES,
        zonesPerRegion=st.sampled_from((2, 3)),
        clientCidrs=st.lists(RANGES, max_size=3),
    ),
    health=some(
        endpointCheck=st.sampled_from(("private", "public")),
        intervalS=st.sampled_from((10, 20, 30)),
        failureThreshold=st.sampled_from((1, 10)),
    ),
    dns=some(mode=st.sampled_from(("latch", "health-check", "global-endpoint"))),
)


@settings(
    max_examples=16,
    phases=(Phase.explicit, Phase.generate),  # a plan is too slow to shrink by
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(raw=WHOLE)
@example(raw={"health": {"endpointCheck": "public"}, "dns": {"mode": "health-check"}})
@example(raw={"profile": "production", "network": {"homeCidr": "10.10.0.0/27"}})
def test_whole_settings(raw: dict[str, Any], refused_of: Refused) -> None:
    assume(not found(raw))
    assert refused_of(raw) == []


CLASSICAL = {"dns": {"mode": "health-check"}, "health": {"endpointCheck": "public"}}


@pytest.mark.parametrize(
    "rule_id",
    (
        "BC102", "BC201", "BC205", "BC209", "BC223", "BC252", "BC301", "BC302", "BC401", "BC405",
        "BC406", "BC407", "BC408", "BC409", "BC411",
    ),
)  # fmt: skip
def test_what_the_catalogue_says_of_aws_the_embedded_aws_says_too(
    rule_id: str, refused_of: Refused
) -> None:
    raw = RULES[rule_id].fails[0]
    assert isinstance(raw, Mapping)
    if "health" in raw:  # only the classical pair has a check of an endpoint
        raw = CLASSICAL | {"health": CLASSICAL["health"] | raw["health"]}
    assert refused_of(dict(raw)), f"the embedded AWS takes what {rule_id} forbids"
