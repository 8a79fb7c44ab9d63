"""The questions that a program asks: functions of the provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bicoastal.lab.engine.values import Secret
from bicoastal.lab.provider.aws import Aws, ProviderError, pick
from bicoastal.lab.provider.ec2 import first

Args = Mapping[str, Any]


def _filters(args: Args) -> dict[str, Any]:
    filters = [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters") or []]
    return {"Filters": filters} if filters else {}


def _caller_identity(aws: Aws, args: Args) -> dict[str, Any]:
    del args
    found = aws.client("sts").get_caller_identity()
    account = found["Account"]
    return {"accountId": account, "arn": found["Arn"], "id": account, "userId": found["UserId"]}


def _availability_zones(aws: Aws, args: Args) -> dict[str, Any]:
    """List the zones; the filters are applied here, because not every emulator knows them."""
    found = aws.client("ec2").describe_availability_zones(**pick(args, "allAvailabilityZones"))
    state = args.get("state")
    zones = [
        zone
        for zone in found["AvailabilityZones"]
        if state in {None, zone["State"]} and _matches(zone, args)
    ]
    zones.sort(key=lambda zone: zone["ZoneName"])
    return {
        **args,
        "id": aws.region,
        "region": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId", "") for zone in zones],
        "groupNames": sorted({zone.get("GroupName", aws.region) for zone in zones}),
    }


def _matches(zone: Mapping[str, Any], args: Args) -> bool:
    """Apply the filter on opt-in status: local and wavelength zones are not for databases."""
    status = zone.get("OptInStatus", "opt-in-not-required")
    wanted = [f["values"] for f in args.get("filters") or [] if f["name"] == "opt-in-status"]
    return all(status in values for values in wanted)


def _managed_prefix_list(aws: Aws, args: Args) -> dict[str, Any]:
    arguments = _filters(args)
    if args.get("name"):
        by_name = {"Name": "prefix-list-name", "Values": [args["name"]]}
        arguments["Filters"] = [*arguments.get("Filters", []), by_name]
    if args.get("id"):
        arguments["PrefixListIds"] = [args["id"]]
    ec2 = aws.client("ec2")
    found = first(ec2.describe_managed_prefix_lists(**arguments), "PrefixLists")
    if found is None:
        message = f"no managed prefix list {args.get('name') or args.get('id')} in {aws.region}"
        raise ProviderError(message, "NotFound")
    id_ = found["PrefixListId"]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=id_).get("Entries", [])
    return {
        **args,
        "id": id_,
        "arn": found.get("PrefixListArn", ""),
        "name": found["PrefixListName"],
        "addressFamily": found.get("AddressFamily", "IPv4"),
        "entries": [
            {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
            for entry in entries
        ],
        "maxEntries": found.get("MaxEntries", len(entries)),
        "ownerId": found.get("OwnerId", "AWS"),
        "region": aws.region,
        "tags": {},
        "version": found.get("Version", 1),
    }


def _secret_version(aws: Aws, args: Args) -> dict[str, Any]:
    found = aws.client("secretsmanager").get_secret_value(
        **pick(args, "secretId", "versionId", "versionStage")
    )
    return {
        **args,
        "id": f"{found['ARN']}|{found['VersionId']}",
        "arn": found["ARN"],
        "region": aws.region,
        "secretString": Secret(found["SecretString"]),
        "versionId": found["VersionId"],
        "versionStages": found.get("VersionStages", ["AWSCURRENT"]),
    }


INVOKES: Mapping[str, Callable[[Aws, Args], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
}
