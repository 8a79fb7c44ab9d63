"""An AWS that only refuses: the requests of a plan, put before the embedded AWS's refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from bicoastal.lab.aws import check_refusals, network_refusals, refusals
from bicoastal.lab.aws.refusal import Record, Refusal
from bicoastal.lab.engine import PlannedResource
from bicoastal.lab.engine.values import UNKNOWN, reveal
from bicoastal.lab.provider.aws import Aws, Clients, Credentials
from bicoastal.lab.provider.registry import HANDLERS

NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Request:
    """A request to AWS, one value a parameter; a health check's are those of its configuration."""

    region: str
    action: str
    parameters: Mapping[str, Any]

    def but(self, **parameters: Any) -> Request:
        """The same with other values."""
        return replace(self, parameters={**self.parameters, **parameters})


class Asked(Exception):  # noqa: N818 (no error: it ends a handler at its first request)
    """Carries a request."""


def _ask(params: Any, model: Any, **_: Any) -> None:
    raise Asked(model.name, {name: str(value) for name, value in params["body"].items()})


def _ask_for_check(params: Any, **_: Any) -> None:
    raise Asked("CreateHealthCheck", params["HealthCheckConfig"])


class Planned:
    """Turns planned resources into the requests that the lab's provider makes for them."""

    def __init__(self) -> None:
        self._clients = Clients(NOWHERE, Credentials())

    def _aws(self, region: str) -> Aws:
        for service in ("rds", "ec2"):
            self._clients.get(service, region).meta.events.register_first("before-call", _ask)
        checks = self._clients.get("route53", region).meta.events
        checks.register_first("before-parameter-build.route53.CreateHealthCheck", _ask_for_check)
        return Aws(self._clients, region, Event())

    def requests(self, plan: Iterable[PlannedResource]) -> Iterator[Request]:
        """The first request for each resource of EC2 and RDS and each health check, in order."""
        clusters: dict[str, str] = {}
        for planned in plan:
            service, _, kind = planned.type.split(":")[1].partition("/")
            if service not in {"ec2", "rds", "vpc"} and kind != "healthCheck":
                continue
            region = str(planned.region)
            inputs = dict(reveal(planned.inputs))
            if kind == "globalCluster":
                clusters[""] = inputs["globalClusterIdentifier"]
            elif kind == "cluster":
                clusters[region] = inputs["clusterIdentifier"]
            known = {
                "globalClusterIdentifier": clusters.get(""),
                "clusterIdentifier": clusters.get(region),
                "vpcId": region,
                "peerVpcId": inputs.get("peerRegion"),
                "securityGroupId": next(iter(planned.dependencies), ""),
            }
            filled = {name: _filled(v, known.get(name)) for name, v in inputs.items()}
            try:
                HANDLERS[planned.type].create(self._aws(region), filled)
            except Asked as asked:
                yield Request(region, *asked.args)


def _filled(value: Any, known: Any) -> Any:
    """A value whose unknown parts have stand-ins, such as ids that AWS will give."""
    if value is UNKNOWN:
        return known or "unknown"
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    return value


@dataclass
class World:
    """What was accepted so far; seen from one region, it is what a refusal may ask."""

    region: str = ""
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_region: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    ranges: dict[str, str] = field(default_factory=dict)
    subnets: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rules: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    named: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def cluster(self, identifier: str) -> Record | None:
        found = (c for c in self.clusters() if c["DBClusterIdentifier"] == identifier)
        return next(found, None)

    def global_cluster(self, identifier: str) -> Record | None:
        return self.groups.get(identifier)

    def writer_of(self, global_cluster: Record) -> Record | None:
        everywhere = (c for clusters in self.by_region.values() for c in clusters)
        return next(everywhere, None)

    def instance(self, identifier: str) -> Record | None:
        return None

    def instances_of(self, cluster: Record) -> list[Record]:
        return list(cluster["instances"])

    def replicas_of(self, cluster: Record) -> list[Record]:
        return []

    def clusters(self) -> list[Record]:
        return list(self.by_region[self.region])

    def parameters_of(self, cluster: Record) -> Mapping[str, str]:
        return {}

    def subnet_groups(self) -> Mapping[str, Record]:
        return {name: {} for name in self.named[self.region]}

    def range_of(self, vpc: str, region: str = "") -> str | None:
        return self.ranges.get(vpc)

    def subnet_ranges(self, vpc: str) -> list[str]:
        return self.subnets[vpc]

    def admitted(self, group: str) -> list[tuple[str, str, str]]:
        return self.rules[group]

    def answer(self, request: Request) -> Refusal | None:
        """Refuse a request, or remember what it made."""
        self.region = request.region
        action, asked = request.action, request.parameters
        if action in network_refusals.RULES:
            refusal = network_refusals.refused(action, asked, self)
        elif action == "CreateHealthCheck":
            refusal = check_refusals.refused(asked)
        else:
            refusal = refusals.refused(action, asked, self)
        if refusal is None:
            self._remember(action, asked)
        return refusal

    def _remember(self, action: str, asked: Mapping[str, Any]) -> None:
        if action == "CreateVpc":
            self.ranges[self.region] = asked["CidrBlock"]
        elif action == "CreateSubnet":
            self.subnets[asked["VpcId"]].append(asked["CidrBlock"])
        elif action == "AuthorizeSecurityGroupIngress":
            rule = "IpPermissions.1."
            names = ("FromPort", "ToPort", "IpRanges.1.CidrIp")
            found = tuple(asked.get(rule + name, "") for name in names)
            if found[2]:
                self.rules[asked["GroupId"]].append(found)
        elif action == "CreateDBSubnetGroup":
            self.named[self.region].append(asked["DBSubnetGroupName"])
        elif action == "CreateGlobalCluster":
            encrypted = asked["StorageEncrypted"] == "true"
            self.groups[asked["GlobalClusterIdentifier"]] = {
                "GlobalClusterIdentifier": asked["GlobalClusterIdentifier"],
                "StorageEncrypted": encrypted,
                "GlobalClusterMembers": [],
            }
        elif action == "CreateDBCluster":
            scaling = "ServerlessV2ScalingConfiguration"
            given = any(name.startswith(scaling) for name in asked)
            self.by_region[self.region].append({**asked, scaling: given, "instances": []})
            group = self.groups.get(asked.get("GlobalClusterIdentifier", ""))
            if group is not None:
                group["GlobalClusterMembers"].append({"DBClusterArn": self.region})
        elif action == "CreateDBInstance":
            cluster = self.cluster(asked["DBClusterIdentifier"])
            assert cluster is not None
            cluster["instances"].append({"DBInstanceStatus": "available"})


def refused(requests: Iterable[Request]) -> list[tuple[str, Refusal]]:
    """What an empty AWS refuses of some requests, in that order."""
    world = World()
    answers = ((request.action, world.answer(request)) for request in requests)
    return [(action, refusal) for action, refusal in answers if refusal]
