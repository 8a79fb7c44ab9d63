"""Hosted zones, health checks and records."""

from __future__ import annotations

import uuid
from typing import Any

from bicoastal.lab.provider.aws import Aws, absent_ok, pick, sync_tags, tag_list
from bicoastal.lab.provider.handler import Handler, Inputs, differs


def _retag(aws: Aws, kind: str, id_: str, old: Inputs, new: Inputs) -> None:
    route53 = aws.client("route53")
    sync_tags(
        old.get("tagsAll") or {},
        new.get("tagsAll") or {},
        lambda tags: route53.change_tags_for_resource(
            ResourceType=kind, ResourceId=id_, AddTags=tag_list(tags)
        ),
        lambda keys: route53.change_tags_for_resource(
            ResourceType=kind, ResourceId=id_, RemoveTagKeys=keys
        ),
    )


class Zone(Handler):
    """A hosted zone; with VPCs it is private to them."""

    type = "aws:route53/zone:Zone"
    fixed = frozenset({"name", "delegationSetId"})
    named = "name"
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the zone with its first VPC, then associate the others."""
        vpcs = [_vpc(aws, vpc) for vpc in inputs.get("vpcs") or []]
        response = aws.client("route53").create_hosted_zone(
            Name=inputs["name"],
            CallerReference=str(uuid.uuid4()),
            HostedZoneConfig={
                "Comment": inputs.get("comment") or "Managed by Pulumi",
                "PrivateZone": bool(vpcs),
            },
            **({"VPC": vpcs[0]} if vpcs else {}),
        )
        aws.made = id_ = str(response["HostedZone"]["Id"]).removeprefix("/hostedzone/")
        for vpc in vpcs[1:]:
            aws.client("route53").associate_vpc_with_hosted_zone(HostedZoneId=id_, VPC=vpc)
        _retag(aws, "hostedzone", id_, {}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the zone."""
        del state
        with absent_ok():
            found = aws.client("route53").get_hosted_zone(Id=id_)
            servers = (found.get("DelegationSet") or {}).get("NameServers") or []
            return {
                "zoneId": id_,
                "name": found["HostedZone"]["Name"].rstrip("."),
                "arn": f"arn:aws:route53:::hostedzone/{id_}",
                "nameServers": servers,
                "primaryNameServer": servers[0] if servers else None,
            }
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change comment, VPCs and tags; a VPC is taken away after the new ones are there."""
        route53 = aws.client("route53")
        if differs(old, new, "comment"):
            route53.update_hosted_zone_comment(Id=id_, Comment=new.get("comment") or "")
        before = [_vpc(aws, vpc) for vpc in old.get("vpcs") or []]
        after = [_vpc(aws, vpc) for vpc in new.get("vpcs") or []]
        for vpc in after:
            if vpc not in before:
                route53.associate_vpc_with_hosted_zone(HostedZoneId=id_, VPC=vpc)
        for vpc in before:
            if vpc not in after:
                route53.disassociate_vpc_from_hosted_zone(HostedZoneId=id_, VPC=vpc)
        _retag(aws, "hostedzone", id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the zone; with `forceDestroy` also the records that others put there."""
        route53 = aws.client("route53")
        with absent_ok():
            if state.get("forceDestroy"):
                self._empty(aws, id_)
            route53.delete_hosted_zone(Id=id_)

    def _empty(self, aws: Aws, id_: str) -> None:
        route53 = aws.client("route53")
        apex = route53.get_hosted_zone(Id=id_)["HostedZone"]["Name"]
        pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id_)
        for record in [record for page in pages for record in page["ResourceRecordSets"]]:
            if record["Name"] != apex or record["Type"] not in {"NS", "SOA"}:
                _change(aws, id_, "DELETE", record)


def _vpc(aws: Aws, vpc: Inputs) -> dict[str, str]:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or aws.region}


_CHANGEABLE = (
    "childHealthchecks",
    "childHealthThreshold",
    "disabled",
    "enableSni",
    "failureThreshold",
    "fqdn",
    "insufficientDataHealthStatus",
    "invertHealthcheck",
    "ipAddress",
    "port",
    "regions",
    "resourcePath",
    "searchString",
)
_NAMES = {
    "childHealthchecks": "ChildHealthChecks",
    "childHealthThreshold": "HealthThreshold",
    "enableSni": "EnableSNI",
    "fqdn": "FullyQualifiedDomainName",
    "invertHealthcheck": "Inverted",
    "ipAddress": "IPAddress",
}


class HealthCheck(Handler):
    """A health check of any type."""

    type = "aws:route53/healthCheck:HealthCheck"
    required = ("type",)
    fixed = frozenset({"type", "requestInterval", "measureLatency", "referenceName"})
    taggable = True

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the health check."""
        response = aws.client("route53").create_health_check(
            CallerReference=str(uuid.uuid4()), HealthCheckConfig=_health_check(inputs)
        )
        aws.made = id_ = str(response["HealthCheck"]["Id"])
        _retag(aws, "healthcheck", id_, {}, inputs)
        return id_

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Read the health check."""
        del state
        with absent_ok():
            aws.client("route53").get_health_check(HealthCheckId=id_)
            return {"arn": f"arn:aws:route53:::healthcheck/{id_}"}
        return None

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Change the health check.

        A changed alarm is only noticed by Route 53 when its health check is updated, which is
        what `triggers` is for: any change here sends the whole configuration again.
        """
        aws.client("route53").update_health_check(
            HealthCheckId=id_,
            **{
                name: value
                for name, value in _health_check(new).items()
                if name not in {"Type", "RequestInterval", "MeasureLatency", "RoutingControlArn"}
            },
        )
        _retag(aws, "healthcheck", id_, old, new)

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the health check."""
        del state
        with absent_ok():
            aws.client("route53").delete_health_check(HealthCheckId=id_)


def _health_check(inputs: Inputs) -> dict[str, Any]:
    own = [name for name in _CHANGEABLE if name not in _NAMES]
    config = pick(
        inputs, "type", "requestInterval", "measureLatency", "routingControlArn", *own, **_NAMES
    )
    if inputs.get("cloudwatchAlarmName"):
        config["AlarmIdentifier"] = {
            "Name": inputs["cloudwatchAlarmName"],
            "Region": inputs["cloudwatchAlarmRegion"],
        }
    return config


class Record(Handler):
    """A record set."""

    type = "aws:route53/record:Record"
    required = ("zoneId", "name", "type")
    fixed = frozenset({"zoneId", "name", "type", "setIdentifier"})

    def create(self, aws: Aws, inputs: Inputs) -> str:
        """Create the record; with `allowOverwrite` it may be there already."""
        action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
        _change(aws, inputs["zoneId"], action, _record(inputs))
        parts = [inputs["zoneId"], inputs["name"], inputs["type"], inputs.get("setIdentifier")]
        return "_".join(str(part) for part in parts if part)

    def read(self, aws: Aws, id_: str, state: Inputs) -> dict[str, Any] | None:
        """Look for the record."""
        del id_
        found = self._find(aws, state)
        return None if found is None else {"fqdn": found["Name"].rstrip(".")}

    def update(self, aws: Aws, id_: str, old: Inputs, new: Inputs) -> None:
        """Replace the record's content."""
        del id_, old
        _change(aws, new["zoneId"], "UPSERT", _record(new))

    def delete(self, aws: Aws, id_: str, state: Inputs) -> None:
        """Delete the record as it is now: AWS wants to be told its whole content."""
        del id_
        found = self._find(aws, state)
        if found is not None:
            _change(aws, state["zoneId"], "DELETE", found)

    @staticmethod
    def _find(aws: Aws, state: Inputs) -> dict[str, Any] | None:
        with absent_ok():
            pages = (
                aws.client("route53")
                .get_paginator("list_resource_record_sets")
                .paginate(HostedZoneId=state["zoneId"])
            )
            for record in (record for page in pages for record in page["ResourceRecordSets"]):
                same = (
                    record["Name"].rstrip(".").lower() == state["name"].rstrip(".").lower()
                    and record["Type"] == state["type"]
                    and record.get("SetIdentifier") == state.get("setIdentifier")
                )
                if same:
                    return dict(record)
        return None


def _record(inputs: Inputs) -> dict[str, Any]:
    record = pick(inputs, "name", "type", "setIdentifier", "healthCheckId", ttl="TTL")
    if inputs.get("records"):
        record["ResourceRecords"] = [{"Value": value} for value in inputs["records"]]
    failover = inputs.get("failoverRoutingPolicies")
    if failover:
        record["Failover"] = failover[0]["type"]
    weighted = inputs.get("weightedRoutingPolicies")
    if weighted:
        record["Weight"] = weighted[0]["weight"]
    aliases = inputs.get("aliases")
    if aliases:
        record["AliasTarget"] = {
            "HostedZoneId": aliases[0]["zoneId"],
            "DNSName": aliases[0]["name"],
            "EvaluateTargetHealth": bool(aliases[0].get("evaluateTargetHealth")),
        }
    return record


def _change(aws: Aws, zone_id: str, action: str, record: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    aws.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)


HANDLERS = (Zone(), HealthCheck(), Record())
