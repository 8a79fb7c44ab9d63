"""`check --live` and `tables` against the embedded AWS.

What it does not know, service quotas and the simulation of a root user, must be NOT CHECKED.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from bicoastal.cli.app import app
from bicoastal.live import asking
from bicoastal.settings import tables

pytestmark = pytest.mark.lab

Result = Any  # typer brings its own
Run = Callable[..., Result]
CLOSED = "http://127.0.0.1:1"
ROLE, GROUP = "control-usw2-dev", "arn:aws:rds::123456789012:global-cluster:global-dev"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(scope="module")
def session() -> Any:
    """One session for all commands: reading the models of the services takes a second."""
    return boto3.session.Session()


@pytest.fixture
def run(lab: Any, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bicoastal.failover.gateway.boto3.session.Session", lambda: session)
    # The lab loads a service when it is first asked, which takes long on a busy machine.
    monkeypatch.setattr(asking, "READ_TIMEOUT_S", 60.0)
    return lambda *arguments: CliRunner(env=lab.aws.variables).invoke(app, arguments)


@pytest.fixture
def arn(lab: Any) -> str:
    """A secret that is replicated to the standby region."""
    secrets = lab.aws.client("secretsmanager", lab.home)
    held = json.dumps({"username": "admin", "password": lab.password})
    found = secrets.create_secret(Name="bicoastal/live", SecretString=held)
    secrets.replicate_secret_to_regions(
        SecretId=found["ARN"], AddReplicaRegions=[{"Region": lab.standby}]
    )
    return str(found["ARN"])


def stack(arn: str, **keys: Any) -> None:
    """Write a stack file into the current folder."""
    config = {f"bicoastal:{key}": value for key, value in {"secretArn": arn, **keys}.items()}
    Path("Pulumi.dev.yaml").write_text(json.dumps({"config": config}))


def findings(result: Result, *, checked: bool = True) -> dict[str, str]:
    """Rule -> message of what was found, or of what was not checked."""
    found = json.loads(result.stdout)["findings"]
    return {
        f["rule_id"]: f["message"]
        for f in found
        if f["checked"] is checked and f["rule_id"].startswith("BC7")
    }


def test_a_sound_account_has_no_finding_but_what_could_not_be_asked(
    lab: Any, run: Run, arn: str
) -> None:
    zone = lab.aws.client("route53", lab.home).create_hosted_zone(
        Name="example.org", CallerReference="live"
    )
    stack(
        arn, hostedZoneId=zone["HostedZone"]["Id"].rpartition("/")[2], domainName="db.example.org"
    )
    result = run("check", "--live", "--json")
    assert findings(result) == {}
    open_ = findings(result, checked=False)
    assert set(open_) == {"BC710", "BC712"}
    assert "servicequotas:GetServiceQuota in " in open_["BC710"]
    assert "root user" in open_["BC712"]
    assert result.exit_code == 0
    strict = run("check", "--live", "--strict")
    assert strict.exit_code == 1
    text = strict.stdout
    assert "BC710 warning regions.witness\n    NOT CHECKED: regions.witness: whether a " in text
    assert "5 questions NOT CHECKED; they count as warnings." in text
    assert lab.password not in text + result.output
    for form in ("sarif", "github"):
        assert run("check", "--live", "--format", form).stdout.count("NOT CHECKED") == 5


def test_everything_that_is_wrong_is_named_at_once(lab: Any, run: Run) -> None:
    secrets = lab.aws.client("secretsmanager", lab.home)
    found = secrets.create_secret(Name="bicoastal/bad", SecretString='{"username": "hush-hush"}')
    lab.aws.client("ec2", lab.standby).create_vpc(CidrBlock="10.10.128.0/20")
    lab.aws.client("iam", lab.home).create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    stack(
        found["ARN"],
        hostedZoneId="Z0123456789ABC",
        database={"engineVersion": "8.0.mysql_aurora.3.10.9", "instanceClass": "db.r9g.large"},
    )
    result = run("check", "--live", "--json")
    said = findings(result)
    assert set(said) == {"BC701", "BC703", "BC705", "BC706", "BC708", "BC713", "BC714"}
    assert "cannot order it in us-west-2 (regions.standby)" in said["BC701"]
    assert "8.0.mysql_aurora.3.10.9, which RDS does not know" in said["BC703"]
    assert "10.10.128.0/20 of vpc-" in said["BC714"]
    assert "seen in us-west-2" in said["BC714"]
    assert "rds:FailoverGlobalCluster" in said["BC713"]
    assert result.exit_code == 1
    assert "hush-hush" not in result.output


def test_a_secret_that_does_not_exist_is_one_finding(run: Run, arn: str) -> None:
    stack(arn.replace("bicoastal/live", "bicoastal/nosuch"))
    said = findings(run("check", "--live", "--json"))
    assert set(said) == {"BC704"}


def test_the_role_may_fail_over_only_if_every_resource_allows_it(
    lab: Any, run: Run, arn: str
) -> None:
    iam = lab.aws.client("iam", lab.home)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    stack(arn)

    def allow(*resources: str) -> None:
        statement = {
            "Effect": "Allow", "Action": "rds:FailoverGlobalCluster", "Resource": resources,
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=ROLE, PolicyName="p", PolicyDocument=policy)

    allow(GROUP)
    assert "BC713" in findings(run("check", "--live", "--json"))
    allow(GROUP, "arn:aws:rds:*:123456789012:cluster:aurora-*-dev")
    assert "BC713" not in findings(run("check", "--live", "--json"))


def test_what_is_refused_is_not_checked_and_names_the_action_to_grant(
    lab: Any, run: Run, arn: str
) -> None:
    stack(arn)
    for action in ("DescribeSecret", "DescribeDBClusters", "DescribeVpcs"):
        lab.aws.refuse(action, code="AccessDeniedException", message="not you", region=lab.standby)
    result = run("check", "--live", "--json", "--select", "BC7")
    assert findings(result) == {}
    open_ = findings(result, checked=False)
    assert set(open_) == {"BC705", "BC710", "BC712", "BC714"}
    assert (
        "secretsmanager:DescribeSecret in us-west-2: AccessDeniedException: not you"
        in open_["BC705"]
    )
    cures = {f["cure"] for f in json.loads(result.stdout)["findings"]}
    assert "Grant ec2:DescribeVpcs in us-west-2 to whoever checks." in cures
    assert "Grant rds:DescribeDBClusters in us-west-2 to whoever checks." in cures


def test_a_region_that_does_not_answer_is_not_checked(lab: Any, run: Run, arn: str) -> None:
    stack(arn)
    begun = time.monotonic()
    away = ("--endpoint-url", lab.aws.endpoint_url, "--endpoint-url", f"{lab.standby}={CLOSED}")
    result = run("check", "--live", "--json", *away)
    assert time.monotonic() - begun < 30
    assert findings(result) == {}
    open_ = findings(result, checked=False)
    asks_both = {"BC701", "BC702", "BC703", "BC705", "BC707", "BC710", "BC711", "BC712", "BC713"}
    assert set(open_) == asks_both | {"BC714"}
    assert "in us-west-2: no answer (EndpointConnectionError)" in open_["BC703"]
    assert "asking AWS in us-east-1, us-west-2, us-east-2" in result.stderr


def test_used_quotas_are_counted_and_an_existing_stack_needs_no_more(
    lab: Any, run: Run, arn: str
) -> None:
    used = lab.rds().describe_account_attributes()["AccountQuotas"]
    assert {q["AccountQuotaName"]: (q["Used"], q["Max"]) for q in used}["DBClusters"] == (0, 40)
    groups = lab.rds(lab.standby)
    for number in range(50):
        groups.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=f"g{number}",
            DBParameterGroupFamily="aurora-mysql8.0",
            Description="of the test",
        )
    stack(arn)
    said = findings(run("check", "--live", "--json"))
    assert set(said) == {"BC710"}
    assert "50 of 50 DBClusterParameterGroups are in use" in said["BC710"]
    lab.make_cluster(
        lab.standby, identifier="aurora-usw2-dev", MasterUsername="admin",
        MasterUserPassword=lab.password,
    )  # fmt: skip
    assert findings(run("check", "--live", "--json")) == {}


# --- tables -----------------------------------------------------------------------------------
def test_the_table_of_classes_is_written_from_what_rds_offers(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "classes.json"
    done = run("tables", "refresh", "classes", "--region", "us-west-2", "--output", str(output))
    assert done.exit_code == 0, done.output
    new, old = json.loads(output.read_text()), tables.classes()
    assert new["memory_optimized"] == old["memory_optimized"]
    assert new["burstable"] == old["burstable"]
    zones = new["by_region"]["us-west-2"]["db.r6g.large"]
    assert zones == ["usw2-az1", "usw2-az2", "usw2-az3"]
    assert f"written to {output}" in done.stdout


def test_the_calendar_gets_the_patches_and_keeps_its_dates(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "versions.json"
    done = run("tables", "refresh", "versions", "--output", str(output), "--json")
    changes = {change["path"]: change["new"] for change in json.loads(done.stdout)["changes"]}
    new = json.loads(output.read_text())
    assert changes["minor.3.13.patches"] == new["minor"]["3.13"]["patches"] == ["3.13.0"]
    assert new["minor"]["3.10"]["standard_support_ends"] == "2028-04-30"


def test_a_difference_is_told_and_nothing_is_written(run: Run) -> None:
    before = tables.path("versions").read_bytes()
    done = run("tables", "diff", "versions")
    assert done.exit_code == 1
    assert 'minor.3.13.patches: (nothing) -> ["3.13.0"]' in done.stdout
    assert tables.path("versions").read_bytes() == before


@pytest.mark.parametrize("table", ("classes", "versions"))
def test_without_a_whole_answer_the_old_file_stays(
    table: str, lab: Any, run: Run, tmp_path: Path
) -> None:
    output = tmp_path / "table.json"
    output.write_text("the old one")
    lab.aws.refuse("DescribeOrderableDBInstanceOptions", code="AccessDenied", region=lab.standby)
    lab.aws.refuse("DescribeDBEngineVersions", code="AccessDenied", region=lab.standby)
    done = run("tables", "refresh", table, "--output", str(output))
    assert (done.exit_code, output.read_text()) == (1, "the old one")
    assert "in us-west-2: AccessDenied" in done.stderr
    assert "Grant rds:" in done.stderr
