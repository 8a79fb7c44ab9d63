"""Every change that the lab makes to MiniStack 1.5.33, in one place, each with its reason.

`tests/functional/aws/test_conformance.py` states the behaviour behind each, so that a new version
of MiniStack is checked by running it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from bicoastal.lab.aws import check_refusals, network_refusals, tables
from bicoastal.lab.aws.records import Records, global_endpoint
from bicoastal.lab.aws.vpcs import VpcRecords

Response: TypeAlias = tuple[int, dict[str, str], bytes]
Action: TypeAlias = Callable[[Mapping[str, Any]], Response]
Handle: TypeAlias = Callable[[str, Mapping[str, Any], Any], Response]

# Released after MiniStack's list was made.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html
_LATER_VERSIONS = (
    ("8.0.mysql_aurora.3.13.0", "aurora-mysql8.0"),
    ("8.4.mysql_aurora.8.4.8", "aurora-mysql8.4"),
)
# Actions of RDS that MiniStack does not know.
_NEW_ACTIONS = (
    "AddSourceIdentifierToSubscription",
    "CreateEventSubscription",
    "DeleteEventSubscription",
    "DescribeAccountAttributes",
    "DescribeEventSubscriptions",
    "ModifyEventSubscription",
    "PromoteReadReplicaDBCluster",
    "RemoveSourceIdentifierFromSubscription",
)


class Patches:
    """Makes the changes and can take them back.

    Args:
        handle: Called with each RDS action, its parameters and MiniStack's own handler.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._undo: list[Callable[[], None]] = []

    def apply(self) -> None:
        """Make all changes."""
        self._rds(import_module("ministack.services.rds"))
        self._route53(import_module("ministack.services.route53"))
        self._ec2(import_module("ministack.services.ec2"))
        self._tagging(import_module("ministack.services.tagging"))
        self._dynamodb(import_module("ministack.services.dynamodb"))

    def revert(self) -> None:
        """Take all changes back."""
        while self._undo:
            self._undo.pop()()

    def _replace(self, module: Any, name: str, value: Any) -> None:
        self._undo.append(functools.partial(setattr, module, name, getattr(module, name)))
        setattr(module, name, value)

    def _rds(self, rds: Any) -> None:
        # A Docker engine on this machine must not be used: the lab's databases are processes.
        self._replace(rds, "_get_docker", lambda: None)
        versions = [*rds.AURORA_MYSQL_ENGINE_VERSIONS, *_LATER_VERSIONS]
        self._replace(rds, "AURORA_MYSQL_ENGINE_VERSIONS", versions)
        self._replace(rds, "AURORA_MYSQL_ENGINE_VERSION_SET", {name for name, _ in versions})
        # MiniStack gives every cluster the server's own host name as its endpoint.
        self._replace(rds, "_start_cluster_shared_container", keep_cluster_endpoints)
        # Descriptions lack ReplicationSourceIdentifier, StorageType and the global writer endpoint.
        self._replace(rds, "_cluster_xml", functools.partial(cluster_xml, rds, rds._cluster_xml))
        self._replace(
            rds, "_global_cluster_xml", functools.partial(global_xml, rds._global_cluster_xml)
        )
        # Real databases behind the actions, and the refusals that AWS gives.
        originals = self._keep_actions(rds)
        for action in (*originals, *_NEW_ACTIONS):
            rds._ACTION_MAP[action] = functools.partial(self._call, action, originals.get(action))

    def _keep_actions(self, module: Any) -> dict[str, Any]:
        """Note a module's actions as they are, to restore them."""
        originals = dict(module._ACTION_MAP)
        self._undo.append(functools.partial(_restore, module._ACTION_MAP, originals))
        return originals

    def _ec2(self, ec2: Any) -> None:
        # MiniStack takes ranges of any size, overlapping ones, and the same rule twice.
        originals = self._keep_actions(ec2)
        for action in network_refusals.RULES:
            ec2._ACTION_MAP[action] = functools.partial(
                network_action, ec2, action, originals[action]
            )

    def _dynamodb(self, dynamodb: Any) -> None:
        # Descriptions lack the consistency of a global table and its witness.
        for name, patch in (
            ("_update_table", tables.update_table),
            ("_table_description", tables.table_description),
        ):
            original = getattr(dynamodb, name)
            self._replace(dynamodb, name, functools.partial(patch, dynamodb, original))

    def _tagging(self, tagging: Any) -> None:
        # GetResources, GetTagKeys and GetTagValues know nothing of RDS.
        originals = dict(tagging._COLLECTORS)
        self._undo.append(functools.partial(_restore, tagging._COLLECTORS, originals))
        rds = import_module("ministack.services.rds")
        tagging._COLLECTORS["rds"] = functools.partial(tagged_databases, rds, tagging.get_region)

    def _call(self, action: str, original: Any, params: Mapping[str, Any]) -> Response:
        return self._handle(action, params, original)

    def _route53(self, route53: Any) -> None:
        # The children of a CALCULATED check and the regions of a check are read as "".
        self._replace(
            route53,
            "_parse_health_check_config",
            functools.partial(health_check_config, route53._parse_health_check_config),
        )
        # Any interval and any threshold are taken.
        self._replace(
            route53,
            "_create_health_check",
            functools.partial(create_health_check, route53, route53._create_health_check),
        )
        # Booleans are written as "True", which botocore reads as false.
        self._replace(
            route53,
            "_build_health_check_el",
            functools.partial(health_check_element, route53._build_health_check_el),
        )


def _restore(table: dict[str, Any], originals: Mapping[str, Any]) -> None:
    table.clear()
    table.update(originals)


def tagged_databases(
    rds: Any, region: Callable[[], str]
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """What of RDS is tagged in the region that is asked.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html

    Args:
        rds: MiniStack's module.
        region: gives the region of the request.

    Yields:
        ARN and tags.
    """
    asked = region()
    for arn, tags in rds._tags.items():
        if arn.split(":")[3] == asked:
            yield arn, tags


def network_action(ec2: Any, action: str, original: Action, params: Mapping[str, Any]) -> Response:
    """Refuses what EC2 would refuse."""
    refusal = network_refusals.refused(action, flattened(params), VpcRecords(ec2))
    if refusal is None:
        return original(params)
    answer: Response = ec2._error(refusal.code, escape(refusal.message), refusal.status)
    return answer


def flattened(params: Mapping[str, Any]) -> dict[str, str]:
    """A request's parameters with one value each."""
    return {k: str(v[0] if isinstance(v, list) else v) for k, v in params.items() if v}


def create_health_check(
    route53: Any, original: Callable[[bytes], Response], body: bytes
) -> Response:
    """Refuses what Route 53 would refuse."""
    element = route53._find(route53._parse_body(body), "HealthCheckConfig")
    refusal = check_refusals.refused(route53._parse_health_check_config(element))
    if refusal is None:
        return original(body)
    answer: Response = route53._error_response(refusal.code, refusal.message, refusal.status)
    return answer


def keep_cluster_endpoints(
    _cluster_id: str, cluster: dict[str, Any], *, remove_stale: bool = False
) -> dict[str, Any]:
    """Replaces ``_start_cluster_shared_container``: nothing is started, names stay AWS's.

    Args:
        cluster: The cluster's record.
        remove_stale: Ignored; there is no container.

    Returns:
        What MiniStack expects of a start that needs nothing more.
    """
    del remove_stale
    cluster.update(
        _shared_endpoint={
            "Address": cluster["Endpoint"],
            "Port": int(cluster["Port"]),
            "HostedZoneId": cluster["HostedZoneId"],
        },
        _shared_reader_alias=cluster["ReaderEndpoint"],
        _shared_container_ready=True,
    )
    return {"started": False, "failed": False, "readiness_host": None, "readiness_port": None}


def cluster_xml(rds: Any, original: Callable[[Any], str], cluster: Mapping[str, Any]) -> str:
    """Adds ReplicationSourceIdentifier, of secondaries and replicas, and a StorageType.

    AWS gives the latter only for I/O-Optimized storage.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html
    """
    source = Records.of_request(rds).source_of(cluster)
    extra = f"<ReplicationSourceIdentifier>{source}</ReplicationSourceIdentifier>" if source else ""
    if cluster.get("StorageType") == "aurora-iopt1":
        extra += "<StorageType>aurora-iopt1</StorageType>"
    return original(cluster) + extra


def global_xml(original: Callable[[Any], str], group: dict[str, Any]) -> str:
    """Adds the global writer endpoint."""
    return original(group) + f"<Endpoint>{global_endpoint(group)}</Endpoint>"


def health_check_config(original: Callable[[Any], dict[str, Any]], element: Any) -> dict[str, Any]:
    """Reads children and regions from the text of their elements."""
    config = original(element)
    for field, item in (("ChildHealthChecks", "ChildHealthCheck"), ("Regions", "Region")):
        if field in config:
            items = (e for e in element.iter() if e.tag.rsplit("}", 1)[-1] == item)
            config[field] = [e.text for e in items if e.text]
    return config


def health_check_element(original: Callable[..., None], parent: Any, check: Any) -> None:
    """Writes booleans as XML does."""
    original(parent, check)
    for element in parent.iter():
        if element.text in ("True", "False"):
            element.text = element.text.lower()
