"""BC20x: instance class and engine version, against what a global database takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import nearest
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

CALENDAR = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/"
    "AuroraMySQL.release-calendars.html"
)

UPGRADE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-upgrade.html"
)

_CLASS_KEY = "database.instanceClass"

_VERSION_KEY = "database.engineVersion"

_CLASS = re.compile(r"(?P<family>db\.[a-z][a-z0-9-]*)\.(?P<size>[0-9]*x?large|medium|small|micro)")

_ALTERNATIVES = (
    "Use db.serverless with a low serverlessMinAcu (0.5 is the least that is of use), or db.r6g."
    "large, the smallest class that is also cheap."
)

_DEFAULT_VERSION = "8.0.mysql_aurora.3.10.4"


def _database(**keys: object) -> dict[str, dict[str, object]]:
    return {"database": keys}


def _split(instance_class: str) -> tuple[str, str]:
    """Family and size of a class; empty if it has not the form of one."""
    match = _CLASS.fullmatch(instance_class)
    return (match["family"], match["size"]) if match else ("", "")


# --- instance classes -------------------------------------------------------------------------
@rule(
    "BC201",
    "error",
    source=GLOBAL,
    passes=[_database(instanceClass="db.r6g.large"), {}],
    fails=[
        _database(instanceClass=f"db.{name}") for name in ("t4g.medium", "t3.small", "t2.small")
    ],
)
def burstable(draft: Draft) -> Iterable[Problem]:
    """A global database takes no burstable instance class."""
    chosen = draft.settings.database.instance_class
    family, size = _split(chosen)
    lawful = tables.classes()["burstable"].get(family)
    if lawful is None:
        return
    message = (
        f"{_CLASS_KEY} is {chosen}, a burstable class, and a global database takes only "
        "memory-optimised ones and db.serverless; AWS refuses the instance after it has made the "
        "clusters."
    )
    if size not in lawful:
        message += f" Aurora MySQL 3 and 8.4 do not offer {chosen} at all."
    yield Problem(_CLASS_KEY, message, _ALTERNATIVES, chosen)


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
    passes=[_database(instanceClass="db.r7g.16xlarge"), _database(instanceClass="db.t3.small")],
    fails=[_database(instanceClass=c) for c in ("db.r9g.large", "db.r6g.48xlarge")],
)
def class_known(draft: Draft) -> Iterable[Problem]:
    """The instance class is in the table of known classes."""
    chosen = draft.settings.database.instance_class
    family, size = _split(chosen)
    table = tables.classes()
    entry = table["memory_optimized"].get(family, {"sizes": ()})
    judged = [*class_offered.check(draft), *burstable.check(draft)]
    if family and size not in entry["sizes"] and not judged:
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


# --- engine version ---------------------------------------------------------------------------
@rule(
    "BC206",
    "error",
    source=UPGRADE,
    passes=[_database(engineVersion=v) for v in (_DEFAULT_VERSION, "8.4.mysql_aurora.8.4.7")],
    fails=[
        _database(engineVersion=v)
        for v in (
            "3.10.4",
            "8.4.7",
            "8.0",
            "8.0.mysql_aurora.3.10",
            "8.0.mysql_aurora.3",
            "5.7.mysql_aurora.2.12.0",
            "16.4",
        )
    ],
)
def version_form(draft: Draft) -> Iterable[Problem]:
    """`engineVersion` is one full version of Aurora MySQL 3 or 8.4, the same for both members."""
    chosen = draft.settings.database.engine_version
    if tables.parse_version(chosen):
        return
    message = (
        f"{_VERSION_KEY} is {quoted(_VERSION_KEY, chosen)}, not a full version of Aurora MySQL"
    )
    if chosen.startswith("5.7"):
        message += " 3 or 8.4; version 2 left standard support on 2024-10-31"
    else:
        message += "; a differing patch level in the regions disables managed failover"
    cure = f"Write it in full, such as {_DEFAULT_VERSION}."
    prefixes = ("8.0.mysql_aurora.", "8.4.mysql_aurora.")
    meant = [prefix + chosen for prefix in prefixes if tables.parse_version(prefix + chosen)]
    if meant:
        cure = f"Write {meant[0]}."
    yield Problem(_VERSION_KEY, f"{message}.", cure, chosen)


@rule(
    "BC207",
    "warning",
    source=CALENDAR,
    passes=[_database(engineVersion=v) for v in (_DEFAULT_VERSION, "8.0.mysql_aurora.3.12.0")],
    fails=[
        _database(engineVersion=v)
        for v in ("8.0.mysql_aurora.3.10.9", "8.0.mysql_aurora.3.14.0", "8.4.mysql_aurora.8.4.12")
    ],
)
def version_known(draft: Draft) -> Iterable[Problem]:
    """`engineVersion` is in the release calendar."""
    chosen = draft.settings.database.engine_version
    version = tables.parse_version(chosen)
    if version is None:
        return
    release = tables.release(version)
    if release and (release.patches is None or version.text in release.patches):
        return
    yield Problem(
        _VERSION_KEY,
        f"{_VERSION_KEY} is {chosen}, which is not among the supported versions as of "
        f"{tables.as_of('versions')}; it may be newer than that, withdrawn, or not exist.",
        "Ask AWS: aws rds describe-db-engine-versions --engine aurora-mysql --query "
        "'DBEngineVersions[?SupportsGlobalDatabases].EngineVersion'.",
        chosen,
    )


@rule(
    "BC208",
    "warning",
    source=CALENDAR,
    passes=[_database(engineVersion=v) for v in (_DEFAULT_VERSION, "8.0.mysql_aurora.3.99.0")],
    fails=[_database(engineVersion="8.0.mysql_aurora.3.08.0")],
)
def version_supported(draft: Draft) -> Iterable[Problem]:
    """`engineVersion` is in standard support."""
    chosen = draft.settings.database.engine_version
    version = tables.parse_version(chosen)
    release = tables.release(version) if version else None
    if release and release.standard_support_ends.isoformat() < tables.as_of("versions"):
        yield Problem(
            _VERSION_KEY,
            f"{_VERSION_KEY} is {chosen}, whose standard support ended on "
            f"{release.standard_support_ends}; AWS may refuse it for a new cluster, or upgrade it.",
            f"Use a long-term support version, such as {_DEFAULT_VERSION}.",
            chosen,
        )
