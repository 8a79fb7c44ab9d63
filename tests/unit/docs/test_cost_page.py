"""The page on cost is true: its figures, its usage keys with their defaults, its sources."""

from __future__ import annotations

import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

from bicoastal.costs.alternatives import alternatives, break_even
from bicoastal.costs.estimate import Estimate, estimate
from bicoastal.costs.prices import snapshot
from bicoastal.costs.usage import Usage, camel
from bicoastal.settings import load

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "cost.md").read_text("utf-8")


def rows(pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, PAGE, re.MULTILINE))


def share(usd: Decimal) -> str:
    return f"{usd / 1051 * 100:.1f} %"


def idle(*, free_tier: bool) -> Estimate:
    nobody = Usage(free_tier=free_tier, reads_per_second=Decimal(0), writes_per_second=Decimal(0))
    return estimate(load({}), nobody)


def test_every_usage_key_is_documented_with_its_default():
    usage = PAGE.partition("## Usage")[2]
    documented = dict(re.findall(r"^\| `(\w+)` \| `?([\w.]+)`? \|", usage, re.MULTILINE))
    expected = {
        camel(entry.name): "none" if entry.default is None else str(entry.default)
        for entry in fields(Usage)
    }
    expected["freeTier"] = "true"
    assert documented == expected


def test_the_table_of_prices_is_what_the_command_prints():
    documented = rows(r"^\| ([^|`]*(?:`\w+`)?[^|]*) \| ([\d,.]+) \|$")
    found = {other.name: other.estimate.total for other in alternatives(load({}))}
    default = estimate(load({}))
    instances = sum(line.usd for line in default.lines if line.key.startswith("aurora:acu"))
    expected = {
        "the default (`validation`)": default.total,
        "the same in an account": estimate(load({}), Usage(free_tier=False)).total,
        "that without any": idle(free_tier=False).total,
        "of it, the instances": instances,
        "profile `staging`": found["profile staging"],
        "one db.r6g.large": found["one db.r6g.large a member"],
        "profile `production`": found["profile production"],
        "serverless with the 8 ACU": found["serverless, minimum 8 ACU"],
        "four hours": default.lifetime(Decimal(4)),
    }
    assert len(documented) == len(expected)
    for start, usd in expected.items():
        (text,) = (text for name, text in documented.items() if name.startswith(start))
        assert text == f"{usd:,.2f}", start


def test_every_source_is_linked():
    pages = {figure.source for figure in snapshot().figures.values()}
    assert [page for page in pages if f"]({page})" not in PAGE] == []


def test_the_shares_and_lines_in_the_text_are_true():
    total = estimate(load({})).total
    gross = estimate(load({}), Usage(free_tier=False))
    assert f"{share(total)} of that" in PAGE
    assert f"**{share(gross.total)} with a row" in PAGE
    assert f"it is {share(idle(free_tier=False).total)} as long as nobody uses" in PAGE
    assert f"used or not: {share(gross.total_of('fixed'))})" in PAGE
    controller = max(line.usd for line in gross.lines if line.name == "Controller, duration")
    assert f"({controller})" in PAGE
    rivals = sorted(
        (line.usd for line in gross.lines if "Serverless" not in line.name), reverse=True
    )
    assert rivals[:3] == [Decimal("6.00"), controller, Decimal("2.00")]
    assert str(snapshot().max_age_days) in PAGE


def test_what_is_compared_is_as_the_command_prints_it():
    found = {other.name: other for other in alternatives(load({}), Usage(free_tier=False))}
    assert f"({found['headless standby'].estimate.total} in place of" in PAGE
    assert f"db.t4g.medium ({found['binlog replica, db.t4g.medium'].estimate.total})" in PAGE
    assert f"costs\n{-found['rounds every 30 s, threshold 3'].difference} less" in PAGE
    point = break_even(load({}))
    assert point is not None
    assert f"cheaper storage: {point.requests:,} for the" in PAGE


def test_a_further_standby_costs_what_the_page_says():
    one = {"regions": {"furtherStandbys": ["eu-west-1"]}}
    headless = {"database": {"headlessStandby": True}, "failover": {"mode": "approve"}}
    for raw, words in (({}, "eu-west-1 adds {}"), (headless, "only {} where")):
        more = estimate(load(raw | one)).total - estimate(load(raw)).total
        assert words.format(more) in PAGE
    busy = Usage(writes_per_second=Decimal(500), row_kib=Decimal(4))
    of = [estimate(load(raw), busy).lines for raw in (one, {})]
    copies = [
        sum(
            line.usd for line in lines
            if line.name.startswith(("Replicated write I/O", "Global database to "))
        )
        for lines in of
    ]  # fmt: skip
    assert f"the copy alone is {copies[0] - copies[1]} a month" in PAGE


COVERAGE = {
    "instances by class": ("aurora:instance",),
    "Serverless v2 capacity": ("aurora:acu",),
    "storage, I/O, backup": ("aurora:storage", "aurora:io", "aurora:backup"),
    "global cluster, replicated writes": ("aurora:replicated-io",),
    "bytes of the global database": ("transfer",),
    "probes, votes and latch between regions": ("transfer",),
    "functions' requests and duration": ("lambda:request", "lambda:duration"),
    "schedules": ("events:schedule",),
    "calls that put the latch, its metric": ("cloudwatch:request", "cloudwatch:metric"),
    "health checks on endpoints, with options": ("route53:check/endpoint", "route53:check/feature"),
    "checks over metrics and over checks": ("route53:check/derived",),
    "keys": ("kms:key", "kms:request"),
    "secret": ("secrets:secret",),
    "alarms": ("cloudwatch:alarm",),
    "alarms over alarms": ("cloudwatch:composite",),
    "dashboards": ("cloudwatch:dashboard",),
    "metrics of votes": ("cloudwatch:metric",),
    "logs": ("logs:ingestion", "logs:storage"),
    "Enhanced Monitoring": ("logs:ingestion", "logs:storage"),
    "zone, queries": ("route53:zone", "route53:query"),
    "record: a global table with a witness": (
        "dynamodb:read", "dynamodb:write", "dynamodb:storage", "dynamodb:recovery",
    ),
    "messages, e-mails": ("sns:request", "sns:email"),
    "public addresses of instances": ("vpc:address",),
    "free allowances": (),
}  # fmt: skip
"""Row of the table against other tools -> the figures that price it."""


def test_every_figure_is_in_the_table_against_other_tools():
    table = PAGE.partition("## Why not infracost")[2].partition("\n## ")[0]
    found = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", table, re.MULTILINE)
    assert [row[0] for row in found[1:]] == list(COVERAGE)
    told = {key for keys in COVERAGE.values() for key in keys}
    figures = snapshot().figures
    assert not [key for key in figures if not key.startswith(tuple(told))]
    assert not [key for key in told if not [name for name in figures if name.startswith(key)]]


def test_what_is_said_of_infracost_names_the_file_or_thread_that_shows_it():
    table = PAGE.partition("## Why not infracost")[2].partition("\n## ")[0]
    defined = dict(
        re.findall(r"^\[(.+?)\]: (https://github\.com/infracost/\S+)$", table, re.MULTILINE)
    )
    used = set()
    for name, said in re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", table, re.MULTILINE)[1:]:
        labels = {
            label for pair in re.findall(r"\[([^]]+)\](?:\[([^]]+)\])?", said) for label in pair
        }
        used |= labels & defined.keys()
        assert labels & defined.keys() or said.startswith(("no", "the same")), name
    assert used | {"registry"} == set(defined)


def test_the_page_names_every_permission_that_reading_what_is_deployed_needs():
    asked = set()
    for module in ("member", "existing", "counting", "expiry"):
        code = (ROOT / "src" / "bicoastal" / "live" / f"{module}.py").read_text("utf-8")
        asked |= set(re.findall(r'"([a-z0-9]+:(?:Describe|Get|List)\w+)"', code))
    assert len(asked) > 10
    assert not [action for action in asked if f"`{action}`" not in PAGE]
