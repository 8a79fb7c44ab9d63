"""The estimate's properties, variants, disputes, and what is not priced."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from bicoastal.costs.alternatives import alternatives, break_even
from bicoastal.costs.estimate import Estimate, cents, disputes, estimate
from bicoastal.costs.prices import GLOBAL, Figure, Snapshot, snapshot
from bicoastal.costs.report import make_report
from bicoastal.costs.usage import Usage
from bicoastal.settings import Settings, load

D = Decimal
HOME = "us-east-1"
CLASSES = ("db.serverless", "db.r6g.large", "db.r5.large", "db.r8g.2xlarge")
REGIONS = (
    {"home": "us-east-1", "standby": "us-west-2", "witness": "us-east-2"},
    {"home": "us-west-2", "standby": "us-east-2", "witness": "us-east-1"},
    {"home": "eu-west-1", "standby": "eu-central-1", "witness": "eu-west-2"},
)


@st.composite
def stacks(draw: st.DrawFn) -> Settings:
    public = draw(st.booleans())
    return load(
        {
            "regions": draw(st.sampled_from(REGIONS)),
            "database": {
                "instanceClass": draw(st.sampled_from(CLASSES)),
                "instancesPerMember": draw(st.integers(1, 3)),
                "storageType": draw(st.sampled_from(("aurora", "aurora-iopt1"))),
                "backupRetentionDays": draw(st.sampled_from((1, 7, 35))),
                "monitoringIntervalS": draw(st.sampled_from((0, 60))),
            },
            "health": {"endpointCheck": "public" if public else "private"},
            "dns": {"mode": "health-check" if public else "latch"},
            "monitoring": {"alarmEmails": ["dba@example.com"]},
        }
    )


NUMBERS = [entry.name for entry in fields(Usage) if isinstance(entry.default, Decimal)]
KINDS: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.decimals(0, 10_000, places=2) for name in NUMBERS},
    "free_tier": st.booleans(),
    **dict.fromkeys(
        ("global_transfer", "replicated_io", "derived_checks"),
        st.sampled_from(("billed", "included")),
    ),
}
usages = st.fixed_dictionaries(KINDS).map(lambda values: Usage(**values))


@limits(deadline=None)
@given(stacks(), usages)
def test_lines_add_up_to_the_total_to_the_cent(settings: Settings, usage: Usage) -> None:
    found = estimate(settings, usage)
    assert found.total == sum(line.usd for line in found.lines)
    assert all(line.usd == line.usd.quantize(D("0.01")) for line in found.lines)
    assert found.total == found.total_of("fixed") + found.total_of("usage")
    assert found.total_of("fixed") >= 0
    assert found.total_of("usage") >= 0


@limits(deadline=None)
@given(stacks(), usages, st.integers(1, 50))
def test_more_usage_never_costs_less(settings: Settings, usage: Usage, factor: int) -> None:
    more = replace(usage, **{name: getattr(usage, name) * factor for name in NUMBERS})
    assert estimate(settings, more).total >= estimate(settings, usage).total


@limits(deadline=None)
@given(stacks(), usages, st.sampled_from(NUMBERS), st.decimals(0, 10**6, places=3))
def test_more_of_one_thing_never_costs_less(
    settings: Settings, usage: Usage, name: str, more: Decimal
) -> None:
    dearer = replace(usage, **{name: getattr(usage, name) + more})
    assert estimate(settings, dearer).total >= estimate(settings, usage).total


@limits(deadline=None)
@given(stacks(), usages)
def test_another_instance_never_costs_less(settings: Settings, usage: Usage) -> None:
    count = settings.database.instances_per_member + 1
    database = settings.database.model_copy(update={"instances_per_member": count})
    larger = settings.model_copy(update={"database": database})
    assert estimate(larger, usage).total >= estimate(settings, usage).total


def level(prices: Snapshot) -> Snapshot:
    """The same prices in all regions: those of us-east-1, or of us-west-2 to it."""

    def usd(figure: Figure) -> dict[str, Decimal]:
        if GLOBAL in figure.usd:
            return dict(figure.usd)
        one = figure.usd.get(HOME, prices.figures["transfer:us-west-2"].usd[HOME])
        return dict.fromkeys((HOME, "us-west-2", "us-east-2"), one)

    figures = {key: replace(figure, usd=usd(figure)) for key, figure in prices.figures.items()}
    for region in (HOME, "us-west-2", "us-east-2"):
        figures[f"transfer:{region}"] = figures["transfer:us-west-2"]
    return replace(prices, figures=figures)


LEVEL = level(snapshot())


@limits(deadline=None, max_examples=40)
@given(stacks(), usages, st.permutations((HOME, "us-west-2", "us-east-2")))
def test_where_prices_agree_the_order_of_regions_does_not_matter(
    settings: Settings, usage: Usage, order: list[str]
) -> None:
    # Only the rounding of single lines can differ. Two things follow us-east-1, not the order: the
    # alarm on Route 53's status, of which there is one in any case, and that alarm's topic.
    usage = replace(usage, free_tier=False)
    totals: list[Decimal] = []
    alarms: list[Decimal] = []
    lines = 0
    for home, standby, witness in (order, sorted(order)):
        regions = settings.regions.model_copy(
            update={"home": home, "standby": standby, "witness": witness}
        )
        found = estimate(settings.model_copy(update={"regions": regions}), usage, LEVEL)
        assert found.unpriced == ()
        totals.append(sum((line.usd for line in found.lines if line.service != "SNS"), D(0)))
        alarms.append(
            sum((line.usd for line in found.lines if line.key == "cloudwatch:alarm"), D(0))
        )
        lines = len(found.lines)
    assert alarms[0] == alarms[1]
    assert abs(totals[0] - totals[1]) <= D("0.01") * lines


@limits(deadline=None, max_examples=30)
@given(stacks(), usages)
def test_taking_a_resource_away_never_costs_more(settings: Settings, usage: Usage) -> None:
    asked = estimate(settings, usage).total
    headless = settings.database.model_copy(update={"headless_standby": True})
    less = settings.model_copy(update={"database": headless})
    assert estimate(less, usage).total <= asked
    for group, key, without in (
        ("monitoring", "alarm_emails", ()),
        ("database", "monitoring_interval_s", 0),
        ("dns", "mode", "global-endpoint"),
        ("health", "endpoint_check", "private"),
    ):
        fewer = getattr(settings, group).model_copy(update={key: without})
        assert estimate(settings.model_copy(update={group: fewer}), usage).total <= asked, key
    given = settings.model_copy(update={"hosted_zone_id": "Z0123456789ABCDEFGHIJ"})
    assert estimate(given, usage).total <= asked


def names(found: Estimate) -> dict[tuple[str, str], Decimal]:
    return {(line.region, line.name): line.usd for line in found.lines}


def test_a_headless_standby_has_a_volume_and_nothing_that_reads_it() -> None:
    shape = {"failover": {"mode": "approve"}, "health": {"endpointCheck": "public"}}
    whole = names(estimate(load(shape), Usage(standby_reads_per_second=D(9))))
    headless = load({**shape, "database": {"headlessStandby": True}})
    found = names(estimate(headless, Usage(standby_reads_per_second=D(9))))
    changed = {
        key: whole[key] - found.get(key, D(0)) for key in whole if whole[key] != found.get(key)
    }
    assert changed == {
        ("us-west-2", "Serverless v2, minimum 0.5 ACU"): D("43.80"),
        ("us-west-2", "Serverless v2, above it, average 0.5 ACU"): D(0),
        ("us-west-2", "Read I/O"): D("4.73"),
        ("us-west-2", "Enhanced Monitoring, written"): whole[
            "us-west-2", "Enhanced Monitoring, written"
        ],
        ("us-west-2", "Enhanced Monitoring, kept 30 days"): D("0.01"),
        ("us-west-2", "Public addresses"): D("3.65"),
        ("us-west-2", "Alarms"): D("0.60"),  # those on what instances report
    }
    assert found["us-west-2", "Storage"] == D("1.00")


def test_io_optimised_storage_has_no_io_but_replicates() -> None:
    settings = load({"database": {"storageType": "aurora-iopt1"}})
    found = names(estimate(settings))
    assert ("us-east-1", "Write I/O") not in found
    assert found["us-east-1", "Replicated write I/O"] == D("0.53")
    assert found["us-east-1", "Serverless v2, minimum 0.5 ACU"] == D("58.40")  # 365 x 0.16
    assert found["us-east-1", "Storage"] == D("2.25")
    spared = names(estimate(settings, Usage(replicated_io="included")))
    assert spared["us-east-1", "Replicated write I/O"] == 0
    standard = names(estimate(load({}), Usage(replicated_io="included")))
    assert standard["us-east-1", "Replicated write I/O"] == D("0.53")


def test_a_public_endpoint_is_paid_for_by_address_check_and_option() -> None:
    raw: dict[str, Any] = {
        "health": {"endpointCheck": "public", "intervalS": 10},
        "dns": {"mode": "health-check"},
    }
    found = names(estimate(load(raw), Usage(free_tier=False)))
    assert found["us-west-2", "Public addresses"] == D("3.65")  # 730 x 0.005
    assert found["global", "Check on the endpoint"] == D("0.50")
    assert found["global", "Option: an interval of 10 s"] == D("1.00")
    assert found["global", "Checks over metrics and checks"] == D("0.50")
    assert ("us-east-1", "PutMetricData of the latch") not in found
    slow = names(estimate(load({**raw, "health": {"endpointCheck": "public", "intervalS": 30}})))
    assert slow["global", "Option: an interval of 10 s"] == 0


def test_the_global_endpoint_needs_no_checks() -> None:
    found = estimate(load({"dns": {"mode": "global-endpoint"}}))
    assert not [line for line in found.lines if line.key.startswith("route53:check")]


def test_an_existing_zone_is_not_paid_for_twice() -> None:
    settings = load({"hostedZoneId": "Z0123456789ABCDEFGHIJ", "domainName": "db.example.org"})
    assert ("global", "Private zone") not in names(estimate(settings))


def test_e_mails_are_counted_for_each_reader_and_topic() -> None:
    settings = load({"monitoring": {"alarmEmails": ["a@example.com", "b@example.com"]}})
    found = estimate(settings, Usage(notifications=D(10_000), free_tier=False))
    sent = [line for line in found.lines if line.name == "E-mails"]
    assert [(line.quantity, line.usd) for line in sent] == [(D(20_000), D("0.40"))] * 2


def test_no_enhanced_monitoring_costs_nothing() -> None:
    found = estimate(load({"database": {"monitoringIntervalS": 0}}))
    assert not [line for line in found.lines if line.name.startswith("Enhanced")]


@pytest.mark.parametrize(
    ("average", "usd"),
    ((None, "0"), ("0.1", "0"), ("1", "43.80"), ("2", "131.40"), ("9", "131.40")),
)
def test_average_capacity_is_kept_within_the_range(average: str | None, usd: str) -> None:
    usage = Usage(average_acu=None if average is None else D(average))
    above = [line for line in estimate(load({}), usage).lines if "above it" in line.name]
    assert [line.usd for line in above] == [D(usd)] * 2  # 730 x (average - 0.5) x 0.12


@pytest.mark.parametrize(("rotations", "usd"), ((0, 1), (1, 2), (2, 3), (9, 3)))
def test_a_rotated_key_costs_more_at_most_twice(rotations: int, usd: int) -> None:
    found = names(estimate(load({}), Usage(key_rotations=D(rotations))))
    assert found["us-east-1", "Key"] == usd


def test_what_is_not_known_is_listed_and_never_nothing() -> None:
    found = estimate(load({"regions": REGIONS[2]}))
    keys = {(item.key, item.region) for item in found.unpriced}
    assert ("dynamodb:read", "eu-west-1") in keys
    assert ("dynamodb:write", "eu-west-2") in keys
    assert not [line for line in found.lines if line.service == "DynamoDB" and line.quantity > 0]
    (warning,) = (text for text in found.warnings(found.oldest.as_of) if "Not priced" in text)
    assert "dynamodb:read in eu-west-1" in warning


def test_an_unknown_class_or_region_is_not_priced() -> None:
    settings = load({"database": {"instanceClass": "db.r9g.large"}})
    found = estimate(settings)
    assert {item.key for item in found.unpriced} == {"aurora:instance/db.r9g.large/aurora"}
    assert [item.quantity for item in found.unpriced] == [730, 730]
    nowhere = Settings.model_validate({"regions": {"home": "xx-north-9"}})
    assert "xx-north-9" in {item.region for item in estimate(nowhere).unpriced}
    assert not [line for line in estimate(nowhere).lines if line.region == "xx-north-9"]


def test_what_has_no_quantity_need_not_have_a_price() -> None:
    settings = Settings.model_validate({"regions": {"home": "xx-north-9"}})
    listed = {item.name for item in estimate(settings).unpriced}
    assert "Storage" in listed
    assert "Backup beyond the free part" not in listed


def test_old_prices_are_called_old() -> None:
    found = estimate(load({}))
    limit = timedelta(days=snapshot().max_age_days)
    assert found.warnings(found.oldest.as_of + limit) == ()
    (warning,) = found.warnings(found.oldest.as_of + limit + timedelta(days=1))
    assert f"{limit.days + 1} days old" in warning
    assert found.oldest.key in warning


def test_both_outcomes_of_every_dispute() -> None:
    found = {item.key: item for item in disputes(load({}))}
    assert set(found) == {"freeTier", "globalTransfer", "replicatedIo", "derivedChecks"}
    assert (found["freeTier"].total, found["freeTier"].other_total) == (D("101.83"), D("117.75"))
    assert found["derivedChecks"].other_total == D("99.83")  # four checks of 0.50
    assert found["globalTransfer"].other_total == D("101.73")
    turned = Usage(free_tier=False, global_transfer="included", derived_checks="included")
    again = {item.key: item for item in disputes(load({}), turned)}
    assert again["freeTier"].other == "deducted"
    assert again["globalTransfer"].other == "billed"
    assert again["globalTransfer"].other_total - again["globalTransfer"].total == D("0.10")


@pytest.mark.parametrize(
    ("hours", "zone"), (("4", "0"), ("12", "0"), ("13", "0.50"), ("730", "0.50"), ("731", "1.00"))
)
def test_a_life_is_priced_by_the_hour_and_its_zone_by_the_month(hours: str, zone: str) -> None:
    found = estimate(load({}))
    expected = (found.total - D("0.50")) * D(hours) / 730 + D(zone)
    assert found.lifetime(D(hours)) == expected.quantize(D("0.01"))


def test_four_hours_of_validation_cost_about_half_a_dollar() -> None:
    assert estimate(load({})).lifetime(D(4)) == D("0.56")


def test_alternatives_say_what_they_cost_and_give_up() -> None:
    found = {other.name: other for other in alternatives(load({}))}
    assert found["as asked for"].estimate.total == D("101.83")
    assert found["profile validation"].difference == 0
    # Two instances of 0.26 in place of two halves of an ACU.
    assert found["one db.r6g.large a member"].difference == D("379.60") - D("87.60") + D(
        "0.20"
    )  # two alarms
    assert found["serverless, minimum 8 ACU"].difference == D("1401.60") - D("87.60")
    assert found["two db.r6g.large a member"].difference > D(600)
    assert "storage aurora-iopt1" in found
    assert all(other.gives for name, other in found.items() if name != "as asked for")
    optimised = load({"database": {"storageType": "aurora-iopt1"}})
    assert "storage aurora" in {other.name for other in alternatives(optimised)}


def test_alternatives_of_a_replica_are_lawful() -> None:
    asked = {"topology": "binlog-replica", "failover": {"mode": "observe"}}
    replica = load({**asked, "database": {"instanceClass": "db.t4g.medium"}})
    first, *others = alternatives(replica)
    assert first.failover == "none; promoted by hand"
    by_hand = {other.name for other in others if other.failover == first.failover}
    assert by_hand == {
        "binlog replica, db.t4g.medium", "rounds every 30 s, threshold 3", "storage aurora-iopt1",
    }  # fmt: skip
    headless = next(other for other in others if other.name == "headless standby")
    assert not any("db.t4g" in line.key for line in headless.estimate.lines)


def test_alternatives_say_who_fails_over() -> None:
    found = {other.name: other for other in alternatives(load({}), Usage(free_tier=False))}
    # An instance of half an ACU, its Enhanced Monitoring and its six alarms.
    assert found["headless standby"].difference == D("-43.80") - D("0.18") - D("0.60")
    assert found["headless standby"].failover.startswith("managed, once")
    # Two of 0.073 for two halves of an ACU; its own writes instead of replicated ones.
    replica = found["binlog replica, db.t4g.medium"]
    # And an alarm in each region on local storage.
    assert replica.difference == D("106.58") - D("87.60") + D("0.20")
    assert replica.failover.startswith("none")
    assert not [line for line in replica.estimate.lines if line.name == "Replicated write I/O"]
    # 30.5 instead of 50.5 seconds of every minute, a third of the rounds.
    assert found["rounds every 30 s, threshold 3"].difference == D("-2.09")


def test_a_third_of_the_rounds_leaves_the_window_as_it_is() -> None:
    failover = load({}).failover
    slower = failover.model_copy(update={"probe_interval_s": 30, "threshold": 3})
    assert slower.window_s == failover.window_s


def test_io_optimised_storage_breaks_even() -> None:
    # (0.16 - 0.12) x 730 for capacity, 2 x 10 x (0.225 - 0.10) for storage, 0.20 a million.
    point = break_even(load({}))
    assert point is not None
    assert (point.extra, point.requests) == (D("31.70"), D(158_500_000))
    assert point.asked == 2 * 730 * 3600
    at = Usage(
        free_tier=False,
        reads_per_second=D(0),
        writes_per_second=D(0),
        standby_reads_per_second=point.requests / (730 * 3600),
    )
    optimised = load({"database": {"storageType": "aurora-iopt1"}})
    assert abs(estimate(optimised, at).total - estimate(load({}), at).total) <= D("0.01")
    assert break_even(optimised) == point


def test_no_break_even_without_a_price() -> None:
    assert break_even(load({"database": {"instanceClass": "db.r9g.large"}})) is None
    nowhere = Settings.model_validate({"regions": {"home": "xx-north-9"}})
    assert break_even(nowhere) is None


def test_a_provisioned_instance_is_billed_for_ten_minutes_at_least() -> None:
    found = estimate(load({"database": {"instanceClass": "db.r6g.large"}}), Usage(free_tier=False))
    instances = D("379.60")  # 2 x 730 x 0.26
    rest = found.total - instances - D("0.50")  # the zone, free within 12 hours
    minute = D(1) / 60
    assert found.lifetime(minute) == cents(instances / 730 / 6 + rest * minute / 730)
    assert found.lifetime(D(1)) == cents((instances + rest) / 730)


def test_a_report_knows_the_day() -> None:
    old = make_report(load({}), Usage())
    assert any("days old" in warning for warning in old.warnings)
    fresh = make_report(load({}), Usage(), today=date(2025, 12, 1))
    assert fresh.warnings == ()
    assert fresh.lifetime is None
    assert fresh.alternatives == ()
    assert fresh.is_cheap
    assert not make_report(load({"profile": "production"}), Usage()).is_cheap
