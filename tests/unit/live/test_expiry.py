"""Which environments say how long they live, and since when they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bicoastal.live.expiry import Environment, Part, find, parts, regions_of
from bicoastal.settings.account import Unread

from .conftest import ACCOUNT, HOME, STANDBY

BEGUN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def hours(number: float) -> datetime:
    return BEGUN + timedelta(hours=number)


def mapping(arn: str, name: str, suffix: str = "pr-1", life: str = "4h") -> dict[str, Any]:
    tags = {"ExpiresAfter": life, "Environment": suffix, "Name": name}
    return {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}


def cluster(region: str = HOME, code: str = "use1", **changes: str) -> dict[str, Any]:
    name = f"aurora-{code}-pr-1"
    return mapping(f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{name}", name, **changes)


def key(number: int = 1, name: str = "aurora-use1-pr-1", **changes: str) -> dict[str, Any]:
    return mapping(f"arn:aws:kms:{HOME}:{ACCOUNT}:key/{number}", name, **changes)


def tagged(stubs: Any, *found: dict[str, Any], region: str = HOME, more: str = "") -> None:
    answer = {"ResourceTagMappingList": list(found), "PaginationToken": more}
    stubs.answer("resourcegroupstaggingapi", "get_resources", answer, region)


def made(stubs: Any, at: datetime, region: str = HOME) -> None:
    answer = {"DBClusters": [{"ClusterCreateTime": at}]}
    stubs.answer("rds", "describe_db_clusters", answer, region)


def key_made(stubs: Any, at: datetime, state: str = "Enabled") -> None:
    found = {"KeyId": "k", "CreationDate": at, "KeyState": state}
    stubs.answer("kms", "describe_key", {"KeyMetadata": found})


def test_clusters_and_keys_on_every_page_with_the_moment_of_their_creation(stubs: Any) -> None:
    tagged(stubs, cluster(), more="more")
    tagged(stubs, key())
    made(stubs, hours(1))
    key_made(stubs, BEGUN)
    assert parts(stubs, HOME) == (
        Part("pr-1", HOME, "4h", hours(1)),
        Part("pr-1", HOME, "4h", BEGUN),
    )


def test_what_bears_another_name_is_not_ours(stubs: Any) -> None:
    other = f"arn:aws:rds:{HOME}:{ACCOUNT}:cluster:shop"
    nameless = {"ResourceARN": other, "Tags": [{"Key": "ExpiresAfter", "Value": "1h"}]}
    tagged(stubs, mapping(other, "shop"), nameless, key(name="else"), cluster(code="usw2"))
    assert parts(stubs, HOME) == ()


def test_what_is_gone_or_going_does_not_count(stubs: Any) -> None:
    tagged(stubs, cluster(), key(1), key(2))
    stubs.refuse("rds", "describe_db_clusters", "DBClusterNotFoundFault")
    key_made(stubs, BEGUN, "PendingDeletion")
    stubs.refuse("kms", "describe_key", "NotFoundException")
    assert parts(stubs, HOME) == ()


@pytest.mark.parametrize("action", ("tag:GetResources", "rds:DescribeDBClusters"))
def test_what_may_not_be_read_is_unread(action: str, stubs: Any) -> None:
    if action.startswith("tag"):
        stubs.refuse("resourcegroupstaggingapi", "get_resources", "AccessDeniedException")
    else:
        tagged(stubs, cluster())
        stubs.refuse("rds", "describe_db_clusters", "AccessDenied")
    found = parts(stubs, HOME)
    assert isinstance(found, Unread)
    assert found.cure == f"Grant {action} in us-east-1 to whoever checks."


def test_an_environment_is_as_old_as_its_oldest_part_and_lives_as_long_as_any_says(
    stubs: Any,
) -> None:
    tagged(stubs, key(life="4h"))
    key_made(stubs, BEGUN)
    tagged(stubs, cluster(STANDBY, "usw2", life="2d"), region=STANDBY)
    made(stubs, hours(30), STANDBY)  # made anew after a failover
    found, unread = find(stubs, (HOME, STANDBY))
    assert found == (Environment("pr-1", (HOME, STANDBY), BEGUN, "2d"),)
    assert unread == ()


def test_environments_come_by_age_and_silence_is_told(stubs: Any) -> None:
    tagged(stubs, key(), key(2, "aurora-use1-b", suffix="b"))
    key_made(stubs, hours(1))
    key_made(stubs, BEGUN)
    stubs.refuse("resourcegroupstaggingapi", "get_resources", "InternalFailure", STANDBY)
    found, (unread,) = find(stubs, (HOME, STANDBY))
    assert [each.suffix for each in found] == ["b", "pr-1"]
    assert unread.reason.startswith("tag:GetResources in us-west-2: InternalFailure")


@pytest.mark.parametrize(
    ("life", "at", "expired"),
    (("4h", 3.99, False), ("4h", 4, True), ("1d12h", 35, False), ("1d12h", 37, True),
     ("soon", 9999, False)),
)  # fmt: skip
def test_it_has_expired_when_it_is_as_old_as_its_tag_says(
    life: str, at: float, expired: bool
) -> None:
    environment = Environment("pr-1", (HOME,), BEGUN, life)
    assert environment.has_expired(hours(at)) is expired


def test_what_cannot_be_read_counts_as_without_end(stubs: Any) -> None:
    tagged(stubs, key(life="4h"), cluster(life="when I am done"))
    key_made(stubs, BEGUN)
    made(stubs, BEGUN)
    ((environment,), _) = find(stubs, (HOME,))
    assert (environment.life, environment.life_s) == ("when I am done", None)


def test_an_age_is_never_negative_though_clocks_differ() -> None:
    assert Environment("pr-1", (HOME,), hours(1), "4h").age_s(BEGUN) == 0
    assert Environment("pr-1", (HOME,), BEGUN, "4h").overdue_s(hours(5)) == 3600


def test_the_accounts_regions(stubs: Any) -> None:
    found = {"Regions": [{"RegionName": name} for name in (STANDBY, HOME)]}
    stubs.answer("ec2", "describe_regions", found)
    assert regions_of(stubs, HOME) == (HOME, STANDBY)
