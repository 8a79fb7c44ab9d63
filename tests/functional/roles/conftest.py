"""Topologies in the embedded AWS without databases: roles move in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from bicoastal.lab.aws import EmbeddedAws
from bicoastal.lab.engine import Deployment
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.planning import PROJECT, pulumi_config
from bicoastal.lab.provider import LabProvider
from bicoastal.lab.waiting import wait_until
from bicoastal.lab.workspace import Workspace
from bicoastal.operate.inventory import of_stack
from bicoastal.settings import Settings, TapStackArgs, load_stack_file, region_code
from bicoastal.settings.models import Adopt
from bicoastal.settings.rules.adopting import WHOLE
from bicoastal.stack import database
from bicoastal.stack.context import Context
from bicoastal.stack.global_cluster import create_global_cluster
from bicoastal.stack.program import program
from bicoastal.stack.tap_stack import TapStack

HOME, STANDBY = "us-east-1", "us-west-2"
FURTHER = ("eu-west-1", "ap-southeast-2")
REGIONS = (HOME, STANDBY, "us-east-2", *FURTHER)
HERE = Path(__file__).parent
TOPOLOGIES = HERE.parents[1] / "unit" / "stack" / "topologies"
GLOBAL = {"GlobalClusterIdentifier": "global-dev"}
PACE = 100.0
CODES = {HOME: "use1", STANDBY: "usw2"}
"""The regions of the pair."""
GLOBAL_TOPOLOGIES = (
    "global-serverless", "global-provisioned", "io-optimized", "headless", "further-standbys",
    "adopted",
)  # fmt: skip
ADOPTED = {**WHOLE, "cluster": "aurora-use1-dev", "instances": ["db-use1-1-dev"]}
"""What is adopted; under the names that the stack's own would have."""
ENGINE = {"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.4"}
MASTER = {"MasterUsername": "admin", "MasterUserPassword": "long-enough"}
ARNS = {
    region: f"arn:aws:rds:{region}:123456789012:cluster:aurora-{region_code(region)}-dev"
    for region in (HOME, STANDBY, *FURTHER)
}


class WithoutDatabases(EmbeddedAws):
    """All of the embedded AWS's rules; the databases behind it are stubs."""

    server = (str(HERE / "without_databases.py"),)


class OnlyDatabases(TapStack):
    """The stack's databases, made by the stack's own code, in a network that was there before."""

    subnets: Mapping[str, list[str]]

    def _build(self, context: Context, secret_arn: str) -> None:
        def existing(**more: Any) -> Any:
            return {r: SimpleNamespace(**more, **found) for r, found in networks.items()}

        networks = {
            region: {"subnets": [SimpleNamespace(id=id_) for id_ in ids]}
            for region, ids in self.subnets.items()
        }
        adopts = context.settings.adopts(context.home)
        self._global_cluster = None if adopts else create_global_cluster(context, self)
        self._members = self._create_members(
            existing(is_public=False),
            SimpleNamespace(databases=existing(id="sg-1")),  # type: ignore[arg-type]  # as far as it is looked at
            existing(arn="arn:aws:kms:us-east-1:123456789012:key/k"),
            context,
            secret_arn,
        )

    def _collect(self, context: Context) -> dict[str, Any]:
        del context
        return {region: member.cluster.arn for region, member in self._members.items()}


@dataclass
class Deployed:
    """A stack, and what moves its roles."""

    aws: EmbeddedAws
    workspace: Workspace
    settings: Settings
    deployment: Deployment
    program: Callable[[], None]

    def up(self) -> None:
        self.deployment.up(self.program)

    def changes(self, *forgotten: str) -> list[tuple[str, str, str]]:
        """What the next `pulumi up --refresh` would do, if the program did not ignore some."""
        with pytest.MonkeyPatch.context() as mutant:
            for name in ("CLUSTER_IGNORES", "INSTANCE_IGNORES"):
                kept = tuple(each for each in getattr(database, name) if each not in forgotten)
                mutant.setattr(database, name, kept)
            if not forgotten:
                self.deployment.refresh()
            found = self.deployment.compare(self.program)
        return [(each.kind, each.name, each.reason) for each in found]

    def left(self) -> tuple[str, ...]:
        """What is there of the stack."""
        return of_stack(self.aws.client, self.settings)

    def rds(self, region: str) -> Any:
        return self.aws.client("rds", region)

    def cluster(self, region: str) -> dict[str, Any]:
        name = {"DBClusterIdentifier": f"aurora-{region_code(region)}-dev"}
        (found,) = self.rds(region).describe_db_clusters(**name)["DBClusters"]
        return dict(found)

    def kind(self) -> dict[str, Any]:
        """What the calls that make a cluster say of its storage and capacity."""
        asked = self.settings.database
        scaling = {"MinCapacity": 0.5, "MaxCapacity": 2.0}
        return {
            **ENGINE,
            "StorageEncrypted": True,
            "StorageType": asked.storage_type,
            **({"ServerlessV2ScalingConfiguration": scaling} if asked.is_serverless else {}),
        }

    def group(self) -> dict[str, Any]:
        (found,) = self.rds(HOME).describe_global_clusters(**GLOBAL)["GlobalClusters"]
        return dict(found)

    def roles(self) -> dict[str, tuple[bool, str]]:
        """Each member's region: whether it is the writer, and whether it is in step."""
        return {
            member["DBClusterArn"].split(":")[3]: (
                member["IsWriter"],
                member["SynchronizationStatus"],
            )
            for member in self.group()["GlobalClusterMembers"]
        }

    def add_instance(self, region: str, number: int = 1) -> None:
        """What a human does to a headless member before it can be promoted."""
        code = region_code(region)
        rds, name = self.rds(region), {"DBInstanceIdentifier": f"db-{code}-{number}-dev"}
        rds.create_db_instance(
            **name,
            DBClusterIdentifier=f"aurora-{code}-dev",
            DBInstanceClass=self.settings.database.instance_class,
            Engine="aurora-mysql",
        )

        def available() -> bool:
            (found,) = rds.describe_db_instances(**name)["DBInstances"]
            return bool(found["DBInstanceStatus"] == "available")

        assert wait_until(available, 30, 0.01)

    def switch_over(self, region: str) -> None:
        self.rds(region).switchover_global_cluster(**GLOBAL, TargetDbClusterIdentifier=ARNS[region])
        self._settled(region, "connected")

    def fail_over(self, region: str) -> None:
        """The writer's region is lost; it does not come back before `come_back`."""
        (self.workspace.path / "away").touch()
        self.rds(region).failover_global_cluster(
            **GLOBAL, TargetDbClusterIdentifier=ARNS[region], AllowDataLoss=True
        )
        self._settled(region, "pending-resync")

    def come_back(self) -> None:
        (self.workspace.path / "away").unlink()
        assert wait_until(lambda: {sync for _, sync in self.roles().values()} == {"connected"}, 30)

    def upgrade(self, region: str, version: str) -> None:
        """One member runs another version than the rest."""
        name = {"DBClusterIdentifier": f"aurora-{CODES[region]}-dev"}
        self.rds(region).modify_db_cluster(**name, EngineVersion=version, ApplyImmediately=True)

        def reached() -> bool:
            found = self.cluster(region)
            return bool((found["EngineVersion"], found["Status"]) == (version, "available"))

        assert wait_until(reached, 30, 0.01)

    def detach(self, region: str) -> None:
        self.rds(region).remove_from_global_cluster(**GLOBAL, DbClusterIdentifier=ARNS[region])

    def delete(self, region: str) -> None:
        """A member that replicates no more is deleted by hand."""
        rds, cluster = self.rds(region), self.cluster(region)
        for member in cluster["DBClusterMembers"]:
            name = member["DBInstanceIdentifier"]
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        name = cluster["DBClusterIdentifier"]
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)

    def add_again(self, region: str) -> None:
        """A member that left the global database is made anew by hand: it cannot join."""
        old = self.cluster(region)
        self.delete(region)
        same = ("DBClusterIdentifier", "KmsKeyId")
        self.rds(region).create_db_cluster(
            **GLOBAL,
            **self.kind(),
            **{name: old[name] for name in same},
            DBSubnetGroupName=old["DBSubnetGroup"],
        )

    def adopted(self) -> list[str]:
        """The instances that are in the home region, outside of any global database."""
        clusters = self.rds(HOME).describe_db_clusters()["DBClusters"]
        alone = [each for each in clusters if "GlobalClusterIdentifier" not in each]
        members = [member for cluster in alone for member in cluster["DBClusterMembers"]]
        return [member["DBInstanceIdentifier"] for member in members]

    def _settled(self, writer: str, other: str) -> None:
        def settled() -> bool:
            roles = self.roles()
            rest = {sync for region, (_, sync) in roles.items() if region != writer}
            return self.group()["Status"] == "available" and roles[writer][0] and rest == {other}

        assert wait_until(settled, 30, 0.01)


Deploy = Callable[..., Deployed]


def subnets_in(aws: EmbeddedAws, region: str) -> list[str]:
    ec2 = aws.client("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{region}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]


def make_adopted(deployed: Deployed) -> None:
    """The cluster that somebody made before there was a stack."""
    deployed.rds(HOME).create_db_cluster(
        **deployed.kind(),
        **MASTER,
        DBClusterIdentifier=ADOPTED["cluster"],
        KmsKeyId=ADOPTED["kmsKeyArn"],
        DBSubnetGroupName=ADOPTED["subnetGroup"],
        VpcSecurityGroupIds=ADOPTED["securityGroupIds"],
    )
    deployed.add_instance(HOME)


@pytest.fixture(scope="session")
def embedded() -> Iterator[tuple[EmbeddedAws, Workspace]]:
    with Workspace("bicoastal-test-") as workspace:
        plan = AddressPlan.allocate([*REGIONS, "clients"], [*ARNS], port=3306)
        with WithoutDatabases(workspace, plan, promotion_s=0.0, fence_s=0.2, pace=PACE) as aws:
            yield aws, workspace


@pytest.fixture(scope="module")
def deploy(embedded: tuple[EmbeddedAws, Workspace]) -> Deploy:
    """Makes an empty account with a secret, and a stack that can be deployed into it."""
    aws, workspace = embedded

    def make(topology: str, *, whole: bool = False, **changes: str) -> Deployed:
        aws.reset()
        (workspace.path / "away").unlink(missing_ok=True)
        secrets = aws.client("secretsmanager", HOME)
        secret = secrets.create_secret(
            Name="database",
            SecretString=json.dumps({"username": "admin", "password": "long-enough"}),
        )
        secrets.replicate_secret_to_regions(
            SecretId=secret["ARN"], AddReplicaRegions=[{"Region": STANDBY}]
        )
        adopts = topology == "adopted"
        file = TOPOLOGIES / f"{'global-serverless' if adopts else topology}.yaml"
        given: dict[str, Any] = {"adopt": Adopt.model_validate(ADOPTED)} if adopts else {}
        settings = load_stack_file(file).model_copy(
            update={"secret_arn": secret["ARN"], **given, **changes}
        )
        members = () if whole else settings.regions.members
        OnlyDatabases.subnets = {region: subnets_in(aws, region) for region in members}
        if adopts:
            aws.client("rds", HOME).create_db_subnet_group(
                DBSubnetGroupName=ADOPTED["subnetGroup"],
                DBSubnetGroupDescription="there before",
                SubnetIds=OnlyDatabases.subnets[HOME],
            )

        def databases() -> None:
            stack = OnlyDatabases("databases", TapStackArgs(settings=settings))
            for key, value in stack.outputs.items():
                pulumi.export(key, value)

        provider = LabProvider(aws.endpoint_url)
        deployment = Deployment(PROJECT, "dev", pulumi_config(settings), provider=provider)
        made = Deployed(aws, workspace, settings, deployment, program if whole else databases)
        if adopts:
            make_adopted(made)
        return made

    return make
