"""The cluster that is to be adopted as it is, beside what the settings say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import asked, client, if_there
from bicoastal.live.database import ENGINE
from bicoastal.operate.drift import drift
from bicoastal.settings import Names, Settings
from bicoastal.settings.account import Adopted, Fact

_TAKEN = {"DBClusterParameterGroup"}
"""The stack brings its own; what is lost with the old one is said parameter by parameter."""


@dataclass(frozen=True)
class _Found:
    """What a region says about the cluster and what belongs to it."""

    cluster: dict[str, Any]
    instances: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    subnets: dict[str, Any]
    vpc_cidr: str
    tables: set[str]
    logs: set[str]


def read(clients: Clients, settings: Settings) -> Fact[Adopted | None]:
    """Compare the cluster with the settings.

    Args:
        clients: boto3's clients.
        settings: name the cluster.

    Returns:
        What forbids adopting it, and what would be changed; None if there is no such cluster.
    """
    home = settings.regions.home

    def question() -> Adopted | None:
        cluster = if_there(lambda: _cluster(clients, settings), "DBClusterNotFoundFault")
        if cluster is None:
            return None
        found = _of(clients, settings, cluster)
        return Adopted(tuple(_forbidden(settings, found)), tuple(_changed(settings, found)))

    return asked("rds:DescribeDBClusters", home, question)


def _cluster(clients: Clients, settings: Settings) -> dict[str, Any]:
    rds = client(clients, "rds", settings.regions.home)
    name = settings.adopt.cluster
    found: dict[str, Any] = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return found


def _of(clients: Clients, settings: Settings, cluster: dict[str, Any]) -> _Found:
    home, name = settings.regions.home, cluster["DBClusterIdentifier"]
    rds, ec2 = client(clients, "rds", home), client(clients, "ec2", home)
    mine = [{"Name": "db-cluster-id", "Values": [name]}]
    group = rds.describe_db_subnet_groups(DBSubnetGroupName=cluster["DBSubnetGroup"])
    subnets = group["DBSubnetGroups"][0]
    vpc = ec2.describe_vpcs(VpcIds=[subnets["VpcId"]])["Vpcs"][0]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    ids = {subnet["SubnetIdentifier"] for subnet in subnets["Subnets"]}
    prefix = Names(settings).cluster_log_group(home, "")
    groups = client(clients, "logs", home).describe_log_groups(logGroupNamePrefix=prefix)
    return _Found(
        cluster=cluster,
        instances=rds.describe_db_instances(Filters=mine)["DBInstances"],
        parameters=_user_parameters(rds, cluster["DBClusterParameterGroup"]),
        subnets=subnets,
        vpc_cidr=vpc["CidrBlock"],
        tables=set(_tables(tables["RouteTables"], ids)),
        logs={found["logGroupName"].removeprefix(prefix) for found in groups["logGroups"]},
    )


def _user_parameters(rds: Any, group: str) -> list[dict[str, Any]]:
    pages = rds.get_paginator("describe_db_cluster_parameters")
    found = pages.paginate(DBClusterParameterGroupName=group, Source="user")
    return [each for page in found for each in page["Parameters"] if each.get("ParameterValue")]


def _tables(tables: list[dict[str, Any]], subnets: set[str]) -> Iterator[str]:
    """The tables of some subnets; those without one of their own have the VPC's main one."""
    links = [(t["RouteTableId"], a) for t in tables for a in t.get("Associations", [])]
    own = {a["SubnetId"]: table for table, a in links if a.get("SubnetId")}
    main = [table for table, a in links if a.get("Main")]
    for subnet in subnets:
        yield from [own[subnet]] if subnet in own else main


def _forbidden(settings: Settings, found: _Found) -> Iterator[str]:
    """What only another cluster would have, or what would cut somebody off."""
    cluster, adopt = found.cluster, settings.adopt
    ours = Names(settings).global_cluster
    if cluster["Engine"] != ENGINE or cluster.get("EngineMode", "provisioned") != "provisioned":
        yield f"it is {cluster['Engine']} ({cluster.get('EngineMode')}), not {ENGINE}, provisioned"
    if not cluster.get("StorageEncrypted"):
        yield "it is not encrypted: restore an encrypted copy of a snapshot, and adopt that"
    if cluster.get("MasterUserSecret"):
        yield "RDS manages its password, which a global database forbids: turn that off first"
    if cluster.get("BacktrackWindow"):
        yield "it can be backtracked, which a global database forbids: turn that off first"
    if cluster.get("ReplicationSourceIdentifier"):
        yield f"it is a replica of {cluster['ReplicationSourceIdentifier']}: promote it first"
    if cluster.get("GlobalClusterIdentifier") not in (None, "", ours):
        yield f"it is a member of {cluster['GlobalClusterIdentifier']} already"
    version = settings.database.engine_version
    if cluster["EngineVersion"] != version:
        yield (
            f"it runs {cluster['EngineVersion']}, database.engineVersion is {version}, and the new "
            "member would get that: write its version, or upgrade it first"
        )
    named: dict[str, tuple[object, object]] = {
        "adopt.kmsKeyArn": (adopt.kms_key_arn, cluster.get("KmsKeyId")),
        "adopt.subnetGroup": (adopt.subnet_group, cluster["DBSubnetGroup"]),
        "adopt.vpcId": (adopt.vpc_id, found.subnets["VpcId"]),
        "network.homeCidr": (settings.network.home_cidr, found.vpc_cidr),
    }
    of_subnets = {s["SubnetIdentifier"] for s in found.subnets["Subnets"]}
    groups = {group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", ())}
    # After the adoption the stack's own groups are among them.
    sets: dict[str, tuple[set[str], set[str], set[str]]] = {
        "adopt.instances": (set(adopt.instances), _instances(found), set()),
        "adopt.subnetIds": (set(adopt.subnet_ids), of_subnets, set()),
        "adopt.routeTableIds": (set(adopt.route_table_ids), found.tables, set()),
        "adopt.securityGroupIds": (set(adopt.security_group_ids), groups, groups),
        "adopt.logGroups": (set(adopt.log_groups), found.logs, found.logs),
    }
    for key, (said, live) in named.items():
        if said != live:
            yield f"{key} is {said}, the cluster has {live}"
    adopted = cluster.get("GlobalClusterIdentifier") == ours
    for key, (some, live_set, extra) in sets.items():
        may = extra if adopted else set()
        if not some <= live_set <= some | may:
            yield f"{key} is {_listed(some)}, the cluster has {_listed(live_set)}"


def _instances(found: _Found) -> set[str]:
    return {str(instance["DBInstanceIdentifier"]) for instance in found.instances}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _changed(settings: Settings, found: _Found) -> Iterator[str]:
    """What Pulumi would change in place."""
    home, database, cluster = settings.regions.home, settings.database, found.cluster
    for one in drift(settings, {home: cluster}):
        if one.acted_on and one.what not in _TAKEN | {"DBClusterMembers", "DBSubnetGroup"}:
            yield f"{one.what} from {one.live} to {one.wanted}"
    windows = {
        "PreferredBackupWindow": database.backup_window,
        "PreferredMaintenanceWindow": database.maintenance_window,
    }
    for what, wanted in windows.items():
        if wanted is not None and wanted != cluster.get(what):
            yield f"{what} from {cluster.get(what)} to {wanted}"
    for instance in found.instances:
        if (kind := instance["DBInstanceClass"]) != database.instance_class:
            name = instance["DBInstanceIdentifier"]
            yield f"{name} from {kind} to {database.instance_class}, which restarts it"
    own = Names(settings).parameter_group(home)
    if (before := cluster["DBClusterParameterGroup"]) != own:
        lost = ", ".join(f"{p['ParameterName']}={p['ParameterValue']}" for p in found.parameters)
        yield f"the parameter group from {before} to {own}" + (f", without {lost}" if lost else "")
