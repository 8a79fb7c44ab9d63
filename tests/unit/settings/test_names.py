"""Names: every one fits its service, whatever the suffix."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

import hypothesis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bicoastal.settings import Names, Regions, Settings, check, region_code, validate
from bicoastal.settings.models import Database, Network
from bicoastal.settings.namelimits import NAME_LIMITS
from bicoastal.settings.tables import regions

LAZY = hypothesis.settings(deadline=None, max_examples=60)  # the machine may be busy
REGIONS = sorted(regions())
THREE = st.lists(st.sampled_from(REGIONS), min_size=3, max_size=3, unique=True)
WORDS = st.lists(st.text("abyz019", min_size=1, max_size=12), min_size=1, max_size=12)
LEGAL = WORDS.map(lambda words: "-".join(words)[:50].strip("-"))


def legal_settings(suffix: str, homes: list[str], instances: int = 2, zones: int = 3) -> Settings:
    return Settings(
        environment_suffix=suffix,
        regions=Regions(home=homes[0], standby=homes[1], witness=homes[2]),
        database=Database(instances_per_member=instances),
        network=Network(zones_per_region=zones),
    )


@LAZY
@given(
    LEGAL | st.sampled_from(["x" * 50, "1" * 50, "-".join("x" * 25) + "x"]),
    THREE,
    st.integers(1, 15),
)
def test_every_name_of_a_legal_suffix_fits_its_service(
    suffix: str, homes: list[str], instances: int
) -> None:
    settings = legal_settings(suffix, homes, instances)
    pairs = Names.all(settings)
    assert len(pairs) > 60
    for kind, name in pairs:
        assert NAME_LIMITS[kind].fullmatch(name), f"{kind}: {name}"


@LAZY
@given(st.from_regex(r"[a-z0-9-]{1,50}", fullmatch=True))
def test_a_suffix_is_accepted_exactly_if_every_name_fits(suffix: str) -> None:
    fits = all(
        NAME_LIMITS[k].fullmatch(n) for k, n in Names.all(Settings(environment_suffix=suffix))
    )
    assert fits == (validate({"environmentSuffix": suffix}) == [])


@LAZY
@given(st.text(alphabet="aZ9-_.é\n", min_size=1, max_size=53))
@example("x" * 50)
@example("x" * 51)
@example("dev\n")
def test_a_suffix_is_accepted_exactly_if_it_is_a_word_of_small_letters(suffix: str) -> None:
    legal = len(suffix) <= 50 and re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", suffix) is not None
    assert legal == (validate({"environmentSuffix": suffix}) == [])


@LAZY
@given(LEGAL, THREE)
def test_things_of_one_kind_have_different_names(suffix: str, homes: list[str]) -> None:
    pairs = Names.all(legal_settings(suffix, homes))
    kinds = {"DB cluster", "DB instance", "IAM role", "Lambda function", "SNS topic", "log group"}
    for kind in kinds:
        names = [name for found, name in pairs if found == kind]
        assert len(names) == len(set(names)), kind


def test_names_are_by_region_and_end_with_the_suffix() -> None:
    names = Names("dev")
    assert names.global_cluster == "global-dev"
    assert names.cluster("us-east-1") == "aurora-use1-dev"
    assert names.instance("us-east-1", 1) == "db-use1-1-dev"
    assert names.prober("us-west-2") == "probe-usw2-dev"
    assert names.controller("us-west-2") == "control-usw2-dev"
    assert names.record_table == "record-dev"
    assert names.peering("us-east-1", "us-east-2") == "peer-use1-use2-dev"
    assert names.set_identifier("us-west-2") == "usw2"
    assert names.key_alias("us-east-1") == "alias/aurora-use1-dev"
    assert Names(Settings()) == names
    with pytest.raises(dataclasses.FrozenInstanceError):
        names.suffix = "x"  # type: ignore[misc]


def test_no_name_tells_a_role() -> None:
    for _, name in Names.all(Settings()):
        assert not any(role in name for role in ("primary", "secondary", "writer", "standby"))


@pytest.mark.parametrize("attribute", [name for name in vars(Names) if not name.startswith("_")])
def test_all_names_covers_every_kind_of_name(attribute: str) -> None:
    """A new name must be in `Names.all`, or nothing proves that it fits."""
    marked = Settings(environment_suffix="zz")
    listed = {name for _, name in Names.all(marked)}
    member = getattr(Names("zz"), attribute)
    samples: Mapping[str, tuple[object, ...] | None] = {
        "all": None,
        "function_log_group": ("probe-use1-zz",),
        "cluster_log_group": ("us-east-1", "error"),
        "instance": ("us-east-1", 1),
        "subnet": ("us-east-1", "private", 1),
        "route_table": ("us-east-1", "public"),
        "peering": ("us-east-1", "us-west-2"),
        "alarm": ("cpu", "us-east-1"),
        "event_subscription": ("us-east-1", "cluster"),
        "vote_filter": ("us-east-1", "down"),
    }
    if attribute == "all":
        return
    name = member(*samples.get(attribute) or ("us-east-1",)) if callable(member) else member
    assert name in listed


@pytest.mark.parametrize(
    ("region", "code"),
    (
        ("us-east-1", "use1"),
        ("us-west-2", "usw2"),
        ("us-east-2", "use2"),
        ("ap-southeast-2", "apse2"),
        ("ap-northeast-1", "apne1"),
        ("eu-central-1", "euc1"),
        ("us-gov-west-1", "usgw1"),
    ),
)
def test_region_codes(region: str, code: str) -> None:
    assert region_code(region) == code


def test_region_codes_are_short_and_tell_regions_apart() -> None:
    codes = [region_code(region) for region in REGIONS]
    assert len(set(codes)) == len(codes)
    assert all(len(code) <= 5 for code in codes)


@pytest.mark.parametrize("text", ("", "useast1", "us-east", "US-EAST-1", "us-east-1 "))
def test_what_is_no_region_has_no_code(text: str) -> None:
    with pytest.raises(ValueError, match="is not a region name"):
        region_code(text)


def test_absurd_counts_make_no_endless_list_of_names() -> None:
    settings = legal_settings("dev", ["us-east-1", "us-west-2", "us-east-2"], 10**12, 10**12)
    assert len(Names.all(settings)) < 1000
    assert {"BC214", "BC409"} <= {finding.rule_id for finding in check(settings)}
