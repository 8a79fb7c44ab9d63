"""Engine and provider together: a real program of `pulumi_aws`, in two regions."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pytest

from bicoastal.lab.engine import Deployment, ResourcesFailedError
from bicoastal.lab.provider import LabProvider
from bicoastal.settings import load
from bicoastal.stack.budget import CostWatch
from bicoastal.stack.context import create_context
from bicoastal.stack.topics import Topics

from .conftest import EAST, WEST, Client

VERSION = "8.0.mysql_aurora.3.10.3"
PASSWORD = "Sup3rSecretX9"


def network(region: str, number: int, provider: aws.Provider) -> tuple[aws.ec2.Vpc, list[str]]:
    """Register a VPC with two subnets."""
    zones = aws.get_availability_zones(
        state="available", opts=pulumi.InvokeOptions(provider=provider)
    )
    opts = pulumi.ResourceOptions(provider=provider)
    vpc = aws.ec2.Vpc(f"vpc-{region}", cidr_block=f"10.{number}.0.0/16", opts=opts)
    subnets = [
        aws.ec2.Subnet(
            f"subnet-{zone}", vpc_id=vpc.id, availability_zone=zone,
            cidr_block=f"10.{number}.{index}.0/24", opts=opts,
        )
        for index, zone in enumerate(zones.names[:2])
    ]  # fmt: skip
    return vpc, [subnet.id for subnet in subnets]  # type: ignore[misc]  # outputs, as inputs


def program(*, retention: int = 1, standby_user: str | None = None) -> Callable[[], None]:
    def run() -> None:
        providers = {r: aws.Provider(f"aws-{r}", region=r) for r in (EAST, WEST)}
        vpcs, groups = {}, {}
        for number, (region, provider) in enumerate(providers.items(), 1):
            vpcs[region], subnets = network(region, number, provider)
            groups[region] = aws.rds.SubnetGroup(
                f"group-{region}", name="group", subnet_ids=subnets,
                opts=pulumi.ResourceOptions(provider=provider),
            )  # fmt: skip
        peering = aws.ec2.VpcPeeringConnection(
            "peering", vpc_id=vpcs[EAST].id, peer_vpc_id=vpcs[WEST].id, peer_region=WEST,
            opts=pulumi.ResourceOptions(provider=providers[EAST]),
        )  # fmt: skip
        aws.ec2.VpcPeeringConnectionAccepter(
            "accepter", vpc_peering_connection_id=peering.id, auto_accept=True,
            opts=pulumi.ResourceOptions(provider=providers[WEST]),
        )  # fmt: skip
        whole = aws.rds.GlobalCluster(
            "global", global_cluster_identifier="global-dev", engine="aurora-mysql",
            engine_version=VERSION, opts=pulumi.ResourceOptions(provider=providers[EAST]),
        )  # fmt: skip
        home: aws.rds.ClusterInstance | None = None
        for region, provider in providers.items():
            seed = home is None
            cluster = aws.rds.Cluster(
                f"cluster-{region}", cluster_identifier=f"aurora-{region}",
                global_cluster_identifier=whole.id, engine=aws.rds.EngineType.AURORA_MYSQL,
                engine_version=VERSION, db_subnet_group_name=groups[region].name,
                backup_retention_period=retention, skip_final_snapshot=True,
                master_username="admin" if seed else standby_user,
                master_password_wo=pulumi.Output.secret(PASSWORD) if seed else None,
                master_password_wo_version=1 if seed else None,
                opts=pulumi.ResourceOptions(
                    provider=provider, depends_on=[home] if home else None,
                    ignore_changes=["global_cluster_identifier"],
                ),
            )  # fmt: skip
            home = aws.rds.ClusterInstance(
                f"instance-{region}", identifier=f"db-{region}", cluster_identifier=cluster.id,
                instance_class="db.serverless", engine=aws.rds.EngineType.AURORA_MYSQL,
                opts=pulumi.ResourceOptions(provider=provider),
            )  # fmt: skip
            pulumi.export(region, cluster.arn)

    return run


def left(client: Client) -> list[str]:
    """Name whatever a deployment could have left behind."""
    found = []
    for region in (EAST, WEST):
        rds, ec2 = client("rds", region), client("ec2", region)
        found += [c["DBClusterIdentifier"] for c in rds.describe_db_clusters()["DBClusters"]]
        found += [i["DBInstanceIdentifier"] for i in rds.describe_db_instances()["DBInstances"]]
        found += [
            g["GlobalClusterIdentifier"] for g in rds.describe_global_clusters()["GlobalClusters"]
        ]
        groups = rds.describe_db_subnet_groups()["DBSubnetGroups"]
        found += [g["DBSubnetGroupName"] for g in groups if g["DBSubnetGroupName"] != "default"]
        found += [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]
        peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        found += [p["VpcPeeringConnectionId"] for p in peerings if p["Status"]["Code"] == "active"]
    return found


@pytest.fixture
def deployment(endpoint: str) -> Deployment:
    return Deployment("project", "dev", {}, provider=LabProvider(endpoint, patience=10))


def test_a_deployment_from_beginning_to_end(deployment: Deployment, client: Client) -> None:
    plan = deployment.preview(program())
    assert left(client) == []

    result = deployment.up(program())
    assert result.changes == {"create": len(plan)}
    assert {r.urn: r.region for r in result.resources} == {p.urn: p.region for p in plan}
    for region in (EAST, WEST):
        assert result.outputs[region] == (
            f"arn:aws:rds:{region}:000000000000:cluster:aurora-{region}"
        )
    assert PASSWORD not in repr(deployment.journal) + repr(result) + repr(
        [r.outputs for r in result.resources]
    )

    assert deployment.up(program()).changes == {"same": len(plan)}

    # The roles are swapped from outside, as a failover does: nothing is to be done about it.
    client("rds", WEST).failover_global_cluster(
        GlobalClusterIdentifier="global-dev", AllowDataLoss=True,
        TargetDbClusterIdentifier=result.outputs[WEST],
    )  # fmt: skip
    assert deployment.up(program()).changes == {"same": len(plan)}

    changed = deployment.up(program(retention=2))
    assert changed.changes == {"same": len(plan) - 2, "update": 2}
    (found,) = client("rds", WEST).describe_db_clusters()["DBClusters"]
    assert found["BackupRetentionPeriod"] == 2

    # Pulumi's order is that of the creation, the newest first; whoever writes has to go last.
    with pytest.raises(ResourcesFailedError, match="Cannot remove the writer"):
        deployment.destroy()
    client("rds", EAST).failover_global_cluster(
        GlobalClusterIdentifier="global-dev", AllowDataLoss=True,
        TargetDbClusterIdentifier=result.outputs[EAST],
    )  # fmt: skip
    deployment.destroy()
    assert left(client) == []


def test_a_refused_standby_is_named_and_the_rest_goes_away(
    deployment: Deployment, client: Client
) -> None:
    """A secondary cluster must not bring a master user of its own; AWS refuses it."""
    with pytest.raises(ResourcesFailedError) as caught:
        deployment.up(program(standby_user="somebody"))

    (failure,) = caught.value.failures
    assert (failure.name, failure.type) == (f"cluster-{WEST}", "aws:rds/cluster:Cluster")
    assert "(CreateDBCluster)" in failure.reason
    assert [urn.rpartition("::")[2] for urn in caught.value.skipped] == [f"instance-{WEST}"]
    assert caught.value.result is not None
    assert f"instance-{EAST}" in {r.name for r in caught.value.result.resources}

    deployment.destroy()
    assert left(client) == []


def test_what_somebody_else_deleted_is_no_obstacle(deployment: Deployment, client: Client) -> None:
    deployment.up(program())
    client("rds", WEST).delete_db_instance(
        DBInstanceIdentifier=f"db-{WEST}", SkipFinalSnapshot=True
    )
    deployment.destroy()
    assert left(client) == []


def watched() -> None:
    """What the stack has of a budget, with the topic that it tells."""
    settings = load({"budget": {"monthlyUsd": 120}})
    stack = pulumi.ComponentResource("test:index:Stack", "stack")
    context = create_context(settings, stack)
    CostWatch(Topics({}, context, stack), 120, context, stack)


def test_a_budget_is_made_and_leaves_nothing(deployment: Deployment, client: Client) -> None:
    deployment.up(watched)
    account = "000000000000"
    here = {"AccountId": account, "BudgetName": "cost-dev"}
    assert client("budgets").describe_budget(**here)["Budget"]["BudgetLimit"]["Amount"] == "120.00"
    assert set(deployment.up(watched).changes) == {"same"}
    deployment.destroy()
    assert not client("budgets").describe_budgets(AccountId=account).get("Budgets")
    assert [client("sns", region).list_topics()["Topics"] for region in (EAST, WEST)] == [[], []]
