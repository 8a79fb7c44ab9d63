"""What is answered to whom."""

from __future__ import annotations

import pytest

from bicoastal.lab.network import AddressPlan
from bicoastal.lab.route53.rules import Record
from bicoastal.lab.route53.zones import Answer, Snapshot, Zone, lookup, member_of_endpoint, normal

PLAN = AddressPlan("127.70.1", ("clients", "internet"), ("us-east-1", "us-west-2"))
HOME = "aurora-use1-dev.cluster-abc123.us-east-1.rds.amazonaws.com."
STANDBY = "aurora-usw2-dev.cluster-def456.us-west-2.rds.amazonaws.com."
GLOBAL = "global-dev.global-0a1b2c.global.rds.amazonaws.com."


def pair(name: str) -> tuple[Record, Record]:
    return (
        Record(name, "CNAME", 5, (HOME.rstrip("."),), "use1", "PRIMARY", "latch"),
        Record(name, "CNAME", 5, (STANDBY.rstrip("."),), "usw2", "SECONDARY"),
    )


ZONES = Snapshot(
    zones=(
        Zone("com.", (Record("db.example.com.", "A", 60, ("192.0.2.9",)),)),
        Zone(
            "example.com.",
            (
                *pair("db.example.com."),
                Record("text.example.com.", "TXT", 60, ('"hello"',)),
                Record("host.example.com.", "A", 60, ("192.0.2.1",)),
                Record("alias.example.com.", "CNAME", 30, ("DB.example.com",)),
                Record("away.example.com.", "CNAME", 30, ("www.example.net",)),
                Record("broken.example.com.", "CNAME", 30, ("nothing.example.com",)),
                Record("circle.example.com.", "CNAME", 30, ("circle.example.com",)),
                Record("global.example.com.", "CNAME", 30, (GLOBAL,)),
            ),
        ),
    ),
    writers={GLOBAL: "us-west-2"},
)


def ask(name: str, type_: str = "A", *, latch: bool = True, source: str = "clients") -> Answer:
    return lookup(name, type_, snapshot=ZONES, statuses={"latch": latch}, plan=PLAN, source=source)


def test_the_healthy_primary_leads_to_the_home_members_address() -> None:
    answer = ask("db.example.com")
    assert answer.code == "NOERROR"
    assert answer.chain == (HOME,)
    assert answer.address == PLAN.address("clients", "us-east-1")
    assert [row.ttl_s for row in answer.rows] == [5, 5]


def test_the_unhealthy_primary_gives_way_to_the_secondary() -> None:
    answer = ask("db.example.com.", latch=False)
    assert answer.chain == (STANDBY,)
    assert answer.address == PLAN.address("clients", "us-west-2")


def test_each_asker_gets_the_address_of_its_own_path() -> None:
    assert ask(HOME, source="internet").address == PLAN.address("internet", "us-east-1")


def test_names_are_compared_without_case_and_chains_are_followed() -> None:
    answer = ask("ALIAS.Example.COM")
    assert answer.chain == ("db.example.com.", HOME)
    assert answer.address == PLAN.address("clients", "us-east-1")


def test_the_cname_itself_can_be_asked_for() -> None:
    answer = ask("db.example.com", "CNAME")
    assert [row.values for row in answer.rows] == [(HOME.rstrip("."),)]
    assert answer.address is None


def test_the_global_endpoint_follows_the_writer() -> None:
    assert ask("global.example.com").address == PLAN.address("clients", "us-west-2")


@pytest.mark.parametrize(
    ("name", "type_", "code", "rows"),
    (
        ("host.example.com", "A", "NOERROR", 1),
        ("text.example.com", "TXT", "NOERROR", 1),
        ("text.example.com", "A", "NOERROR", 0),  # the name exists, the type does not
        ("db.example.com", "AAAA", "NOERROR", 1),  # the chain, without an address at its end
        (HOME, "AAAA", "NOERROR", 0),
        ("nothing.example.com", "A", "NXDOMAIN", 0),
        ("broken.example.com", "A", "NXDOMAIN", 1),
        ("away.example.com", "A", "NOERROR", 1),  # leaves our zones: the chain so far
        ("www.example.net", "A", "REFUSED", 0),
        ("notexample.com", "A", "NXDOMAIN", 0),  # in com., not in example.com.
        ("x.cluster-abc.eu-west-1.rds.amazonaws.com", "A", "NXDOMAIN", 0),
        ("gone.global-x.global.rds.amazonaws.com", "A", "NXDOMAIN", 0),
        ("circle.example.com", "A", "SERVFAIL", 8),
    ),
)
def test_response_codes(name: str, type_: str, code: str, rows: int) -> None:
    answer = ask(name, type_)
    assert (answer.code, len(answer.rows)) == (code, rows)


@pytest.mark.parametrize(
    ("name", "member"),
    (
        (HOME, "us-east-1"),
        (HOME.upper(), "us-east-1"),
        ("aurora-use1-dev.cluster-ro-abc123.us-east-1.rds.amazonaws.com", "us-east-1"),
        ("db-usw2-1-dev.abc123.us-west-2.rds.amazonaws.com", "us-west-2"),
        (GLOBAL, "us-west-2"),
        ("db.example.com", None),
        ("rds.amazonaws.com", None),
    ),
)
def test_endpoint_names_belong_to_members(name: str, member: str | None) -> None:
    assert member_of_endpoint(name, ZONES, PLAN) == member


def test_normal_names() -> None:
    assert normal("A.b") == normal("a.B.") == "a.b."
