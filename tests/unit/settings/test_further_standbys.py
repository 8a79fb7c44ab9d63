"""Further standbys in the settings: which regions there are, and the ranges of their VPCs."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bicoastal.settings import RULES, Names, Settings, load, tables, validate
from bicoastal.settings.names import region_code
from bicoastal.settings.ranges import default_cidr

IRELAND, SYDNEY = "eu-west-1", "ap-southeast-2"
NINE = (
    "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1",
    "ap-southeast-1", "ap-southeast-2", "ap-northeast-1",
)  # fmt: skip


def with_further(*regions: str, **network: object) -> Settings:
    return load({"regions": {"furtherStandbys": list(regions)}, "network": network})


def errors(raw: dict[str, object]) -> list[str]:
    return [found.rule_id for found in validate(raw) if found.severity == "error"]


def test_members_are_the_pair_and_the_further_standbys_and_witnesses_stay_three() -> None:
    regions = with_further(IRELAND, SYDNEY).regions
    assert regions.pair == ("us-east-1", "us-west-2")
    assert regions.members == ("us-east-1", "us-west-2", IRELAND, SYDNEY)
    assert regions.witnesses == ("us-east-1", "us-west-2", "us-east-2")
    assert regions.all == ("us-east-1", "us-west-2", "us-east-2", IRELAND, SYDNEY)


def test_headless_means_every_standby() -> None:
    raw = {"database": {"headlessStandby": True}, "failover": {"mode": "approve"}}
    settings = load(raw | {"regions": {"furtherStandbys": [IRELAND]}})
    assert [settings.instances(region) for region in settings.regions.members] == [1, 0, 0]


def test_nine_further_standbys_are_lawful_and_ten_are_not() -> None:
    assert errors({"regions": {"furtherStandbys": list(NINE)}}) == []
    assert errors({"regions": {"furtherStandbys": [*NINE, "sa-east-1"]}}) == ["BC252"]


# --- ranges -------------------------------------------------------------------------------------
def test_no_default_range_overlaps_another() -> None:
    defaults = [IPv4Network(default_cidr(region)) for region in tables.regions()]
    named = [IPv4Network(cidr) for cidr in Settings().cidrs]
    assert not [pair for pair in combinations((*defaults, *named), 2) if pair[0].overlaps(pair[1])]
    octets = [region.octet for region in tables.regions().values()]
    assert octets == list(range(100, 100 + len(octets))), "they never change, new ones follow"


@given(st.permutations(NINE), st.integers(0, 9))
def test_a_region_keeps_its_range_whatever_else_is_there(order: list[str], count: int) -> None:
    """Another range would replace the VPC, and the member in it."""
    settings = Settings.model_validate({"regions": {"furtherStandbys": order[:count]}})
    for region in settings.regions.further_standbys:
        assert settings.cidr(region) == default_cidr(region)
    assert settings.cidr("us-east-2") == "10.30.0.0/16"


def test_ranges_that_are_given_come_first_and_belong_to_their_regions() -> None:
    settings = with_further(IRELAND, SYDNEY, furtherCidrs=["10.40.0.0/16", "172.16.0.0/16"])
    assert (settings.cidr(IRELAND), settings.cidr(SYDNEY)) == ("10.40.0.0/16", "172.16.0.0/16")
    one = Settings.model_validate(
        {"regions": {"furtherStandbys": [IRELAND, SYDNEY]}, "network": {"furtherCidrs": ["a"]}}
    )
    assert one.cidrs[3:] == ("a", default_cidr(SYDNEY)), "still something that a rule can judge"
    more = Settings.model_validate({"network": {"furtherCidrs": ["a"]}})
    assert len(more.cidrs) == len(more.regions.all) == 3


def test_a_region_that_is_newer_than_the_table_has_a_range_apart_from_all_known_ones() -> None:
    newer = IPv4Network(default_cidr("eu-east-1"))
    assert newer.subnet_of(IPv4Network("10.192.0.0/10"))
    assert not any(newer.overlaps(IPv4Network(default_cidr(r))) for r in tables.regions())
    assert default_cidr("eu-east-1") == str(newer)


@pytest.mark.parametrize(
    ("rule_id", "key", "words"),
    (
        ("BC401", "regions.furtherStandbys[1]", "the same as regions.standby"),
        ("BC252", "regions.furtherStandbys", "which makes 11 secondaries"),
        ("BC253", "database.instancesPerMember", "beside 2 standbys"),
        ("BC255", "regions.furtherStandbys[0]", "the same as regions.witness"),
        ("BC256", "network.furtherCidrs", "has 2 ranges, but regions.furtherStandbys has 1"),
        ("BC408", "network.furtherCidrs[0]", "overlaps network.homeCidr"),
        ("BC402", "regions.furtherStandbys[1]", "is not the name of a region"),
    ),
)
def test_a_finding_names_the_very_entry(rule_id: str, key: str, words: str) -> None:
    found = [
        finding
        for example in RULES[rule_id].fails
        if isinstance(example, dict)
        for finding in validate(example)
        if finding.rule_id == rule_id and finding.key == key
    ]
    assert any(words in finding.message for finding in found), found


def test_every_name_of_every_member_is_checked_and_unlike_all_others() -> None:
    settings = with_further(*NINE)
    names = Names.all(settings)
    for region in NINE:
        assert ("DB cluster", f"aurora-{region_code(region)}-dev") in names
        assert ("Name tag", f"peer-use1-{region_code(region)}-dev") in names
    clusters = [name for kind, name in names if kind == "DB cluster"]
    assert len(clusters) == len(set(clusters)) == 11
