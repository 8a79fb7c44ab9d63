"""BC201 to BC205 and BC225: the instance class, against what a global database takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import nearest
from bicoastal.settings.rules import places
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted

GLOBAL = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database.configuration.requirements.html"
)

CLASSES = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "Concepts.DBInstanceClass.SupportAurora.html"
)

BY_REGION = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "Concepts.DBInstanceClass.RegionSupportAurora.html"
)

_CLASS_KEY = "database.instanceClass"

_VERSION_KEY = "database.engineVersion"

_CLASS = re.compile(
    r"(?P<family>db\.[a-z][a-z0-9-]{,20})\.(?P<size>[0-9]{,3}x?large|medium|small|micro)"
)

_ALTERNATIVES = (
    "Use db.serverless with serverlessMinAcu: 0.5 (about $44 a month for each instance at rest, in "
    "us-east-1 or us-west-2), or db.r6g.large, the cheapest lawful class (about $190)."
)


def _database(**keys: object) -> dict[str, dict[str, object]]:
    return {"database": keys}


def _europe(standby: str) -> dict[str, dict[str, str]]:
    return {"regions": {"home": "eu-west-1", "standby": standby, "witness": "eu-central-1"}}


def _split(instance_class: str) -> tuple[str, str]:
    """Family and size of a class; empty if it has not the form of one."""
    match = _CLASS.fullmatch(instance_class)
    return (match["family"], match["size"]) if match else ("", "")


# --- instance classes -------------------------------------------------------------------------
@rule(
    "BC201",
    "error",
    source=GLOBAL,
    passes=[
        _database(instanceClass="db.r6g.large"),
        {},
        {"topology": "binlog-replica", **_database(instanceClass="db.t4g.medium")},
    ],
    fails=[
        *(_database(instanceClass=f"db.{name}") for name in ("t4g.medium", "t3.small", "t2.small")),
        {"topology": "binlog-replica", **_database(instanceClass="db.t3.small")},
    ],
)
def burstable(draft: Draft) -> Iterable[Problem]:
    """A global database takes no burstable instance class."""
    chosen = draft.settings.database.instance_class
    family, size = _split(chosen)
    lawful = tables.classes()["burstable"].get(family)
    is_global = draft.settings.is_global
    if lawful is None or (size in lawful and not is_global):
        return
    message = f"{_CLASS_KEY} is {chosen}, a burstable class"
    message += (
        ", and a global database takes only memory-optimised ones and db.serverless; AWS refuses "
        "the instance after it has made the clusters."
        if is_global
        else "."
    )
    cure = _ALTERNATIVES
    if size not in lawful:
        message += f" Aurora MySQL 3 and 8.4 do not offer {chosen} at all."
    else:
        cure += " topology: binlog-replica takes it, without managed failover."
    yield Problem(_CLASS_KEY, message, cure, chosen, related=("topology",))


@rule(
    "BC202",
    "error",
    source=CLASSES,
    passes=[_database(instanceClass="db.r8g.large"), _database(instanceClass="db.serverless")],
    fails=[
        _database(instanceClass=f"db.{name}")
        for name in ("r6gd.xlarge", "r4.large", "m6g.large", "r6g.medium", "c7g.large")
    ],
)
def class_offered(draft: Draft) -> Iterable[Problem]:
    """The instance class is one that Aurora MySQL offers."""
    chosen = draft.settings.database.instance_class
    family, size = _split(chosen)
    table = tables.classes()
    reason = table["not_offered"].get(family)
    if family in table["memory_optimized"] and size in {"micro", "small", "medium"}:
        reason = "the smallest size of this family is large"
    if re.match(r"db\.[cm][0-9]", family):
        reason = "it is not memory-optimised, and Aurora offers no such class"
    if reason:
        yield Problem(
            _CLASS_KEY,
            f"{_CLASS_KEY} is {chosen}, which Aurora MySQL 3 and 8.4 do not offer: {reason}.",
            _ALTERNATIVES,
            chosen,
        )


@rule(
    "BC203",
    "error",
    source=CLASSES,
    passes=[_database(instanceClass="db.r6g.large"), _database(instanceClass="db.r99z.8xlarge")],
    fails=[
        _database(instanceClass=c) for c in ("r6g.large", "db.r6g", "db.r6g.hugge", "serverless")
    ],
)
def class_form(draft: Draft) -> Iterable[Problem]:
    """The instance class has the form db.<family>.<size>, or is db.serverless."""
    chosen = draft.settings.database.instance_class
    if chosen == "db.serverless" or _CLASS.fullmatch(chosen):
        return
    known = ["db.serverless"]
    for family, entry in tables.classes()["memory_optimized"].items():
        known += [f"{family}.{size}" for size in entry["sizes"]]
    meant = nearest(chosen, known)
    yield Problem(
        _CLASS_KEY,
        f"{_CLASS_KEY} is {quoted(_CLASS_KEY, chosen)}, which is not the name of a class.",
        f"Did you mean {meant}?" if meant else _ALTERNATIVES,
        chosen,
    )


@rule(
    "BC204",
    "warning",
    source=CLASSES,
    passes=[
        _database(instanceClass="db.r7g.16xlarge"),
        _database(instanceClass="db.t3.small"),
        {"topology": "binlog-replica", **_database(instanceClass="db.t3.medium")},
    ],
    fails=[_database(instanceClass=c) for c in ("db.r9g.large", "db.r6g.48xlarge")],
)
def class_known(draft: Draft) -> Iterable[Problem]:
    """The instance class is in the table of known classes."""
    chosen = draft.settings.database.instance_class
    family, size = _split(chosen)
    table = tables.classes()
    entry = table["memory_optimized"].get(family, {"sizes": ()})
    sizes = (*entry["sizes"], *table["burstable"].get(family, ()))
    judged = [*class_offered.check(draft), *burstable.check(draft)]
    if family and size not in sizes and not judged:
        yield Problem(
            _CLASS_KEY,
            f"{_CLASS_KEY} is {chosen}, which is not among the classes of Aurora MySQL as of "
            f"{table['as_of']}; it may be newer than that, or not exist.",
            "Ask AWS: aws rds describe-orderable-db-instance-options --engine aurora-mysql "
            f"--db-instance-class {chosen}.",
            chosen,
        )


@rule(
    "BC205",
    "error",
    source=CLASSES,
    passes=[_database(instanceClass="db.r8g.large", engineVersion="8.4.mysql_aurora.8.4.7")],
    fails=[_database(instanceClass="db.r8g.large", engineVersion="8.0.mysql_aurora.3.04.3")],
)
def class_needs_version(draft: Draft) -> Iterable[Problem]:
    """The engine version is new enough for the instance class."""
    database = draft.settings.database
    family, _ = _split(database.instance_class)
    entry = tables.classes()["memory_optimized"].get(family)
    version = tables.parse_version(database.engine_version)
    if entry and version and version.number < tables.number(entry["since"]).number:
        yield Problem(
            _CLASS_KEY,
            f"{_CLASS_KEY} is {database.instance_class}, which needs Aurora MySQL "
            f"{entry['since']} or later, but {_VERSION_KEY} is {database.engine_version}.",
            "Choose a later version, or db.r6g of the same size.",
            database.instance_class,
            related=(_VERSION_KEY,),
        )


@rule(
    "BC225",
    "warning",
    source=BY_REGION,
    passes=[
        _database(instanceClass="db.r8g.large"),
        _database(instanceClass="db.r6g.large") | _europe("eu-west-3"),
        _database(instanceClass="db.r8g.large") | {"regions": {"standby": "us-west-9"}},
    ],
    fails=[
        _database(instanceClass="db.r8g.large") | _europe("eu-west-2"),
        _database(instanceClass="db.r8g.large") | {"regions": {"furtherStandbys": ["eu-west-2"]}},
    ],
)
def class_in_region(draft: Draft) -> Iterable[Problem]:
    """The instance class has a price in every member's region."""
    settings = draft.settings
    chosen = settings.database.instance_class
    family, size = _split(chosen)
    table = tables.classes()
    missing = table["priced"]["not_in"].get(family, ())
    for key, region in places.members(settings):
        if region in missing:
            yield Problem(
                _CLASS_KEY,
                f"{_CLASS_KEY} is {chosen}, which has no price in {region} ({key}) as of "
                f"{table['priced']['as_of']}; it may be newer than that, or AWS does not offer it "
                "there.",
                f"Choose db.r6g.{size}, or ask AWS: aws rds describe-orderable-db-instance-options "
                f"--engine aurora-mysql --db-instance-class {chosen} --region {region}.",
                chosen,
                related=(key,),
            )
