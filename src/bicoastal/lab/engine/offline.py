"""Answers to the program's questions when there is no AWS to ask: for `Deployment.preview`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from bicoastal.lab.engine.values import Secret

ACCOUNT = "123456789012"
"""The account number that AWS's own documentation uses for examples."""

Answer = Mapping[str, Any]


def _caller_identity(args: Answer, region: str) -> Answer:
    del args, region
    arn = f"arn:aws:iam::{ACCOUNT}:user/preview"
    return {"accountId": ACCOUNT, "arn": arn, "id": ACCOUNT, "userId": "AIDAPREVIEW"}


def _availability_zones(args: Answer, region: str) -> Answer:
    names = [region + letter for letter in "abc"]
    zone_ids = [f"{region}-az{number}" for number in (1, 2, 3)]
    return {**args, "id": region, "region": region, "names": names, "zoneIds": zone_ids}


def _managed_prefix_list(args: Answer, region: str) -> Answer:
    name = args.get("name", "")
    digest = hashlib.sha256(f"{region}/{name}".encode()).hexdigest()
    identifier = args.get("id") or f"pl-{digest[:17]}"
    arn = f"arn:aws:ec2:{region}:aws:prefix-list/{identifier}"
    return {
        **args,
        "id": identifier,
        "arn": arn,
        "name": name,
        "addressFamily": "IPv4",
        "entries": [],
        "maxEntries": 0,
        "ownerId": "AWS",
        "region": region,
        "tags": {},
        "version": 1,
    }


def _secret_version(args: Answer, region: str) -> Answer:
    """Stand in for the credentials, in the form that the stack expects of its secret."""
    secret_id = args.get("secretId", "")
    text = json.dumps({"username": "preview", "password": "known-only-to-aws"})
    return {
        **args,
        "id": f"{secret_id}|AWSCURRENT",
        "arn": secret_id,
        "region": region,
        "secretString": Secret(text),
        "versionId": "preview",
        "versionStages": ["AWSCURRENT"],
    }


_ANSWERS: dict[str, Callable[[Answer, str], Answer]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
}


def answer(token: str, args: Answer, region: str) -> Answer:
    """Answer an invoke without asking anybody.

    Args:
        token: the function, such as `aws:index/getCallerIdentity:getCallerIdentity`.
        args: its arguments.
        region: AWS region of the provider that would be asked.

    Returns:
        The answer; a secret's text is made up, and marked as secret.

    Raises:
        KeyError: there is no offline answer for that function.
    """
    return _ANSWERS[token](args, region)
