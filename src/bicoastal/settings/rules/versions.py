"""BC206 to BC208, BC218 and BC219: the engine version, against the release calendar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from bicoastal.settings import tables
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted

CALENDAR = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/"
    "AuroraMySQL.release-calendars.html"
)

LONG_TERM = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/"
    "AuroraMySQL.Updates.LTS.html"
)

UPGRADE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "aurora-global-database-upgrade.html"
)

_VERSION_KEY = "database.engineVersion"

_DEFAULT_VERSION = "8.0.mysql_aurora.3.10.4"

_NOTICE = timedelta(days=182)


def _database(**keys: object) -> dict[str, dict[str, object]]:
    return {"database": keys}


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
        message += (
            " 3 or 8.4; version 2 left standard support on 2024-10-31 and is charged for by the "
            "vCPU and hour as Extended Support"
        )
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


@rule(
    "BC218",
    "info",
    source=LONG_TERM,
    passes=[
        {"profile": "production"},
        _database(engineVersion="8.0.mysql_aurora.3.12.0"),
        {"profile": "production"} | _database(engineVersion="8.0.mysql_aurora.3.99.0"),
    ],
    fails=[{"profile": "production"} | _database(engineVersion="8.0.mysql_aurora.3.12.0")],
)
def version_long_term(draft: Draft) -> Iterable[Problem]:
    """A production database has a version with long-term support."""
    settings = draft.settings
    chosen = settings.database.engine_version
    version = tables.parse_version(chosen)
    release = tables.release(version) if version else None
    if settings.profile == "production" and release and not release.lts:
        yield Problem(
            _VERSION_KEY,
            f"{_VERSION_KEY} is {chosen}, which is no long-term support release: its standard "
            f"support ends on {release.standard_support_ends}, and both regions must be upgraded "
            "together before that.",
            f"Choose {_DEFAULT_VERSION}, unless you need what is newer.",
            chosen,
            related=("profile",),
        )


@rule(
    "BC219",
    "info",
    source=CALENDAR,
    passes=[
        _database(engineVersion=v)
        for v in (_DEFAULT_VERSION, "8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.99.0", "3")
    ],
    fails=[_database(engineVersion="8.0.mysql_aurora.3.12.0")],
)
def version_lasts(draft: Draft) -> Iterable[Problem]:
    """`engineVersion` has at least half a year of standard support left."""
    chosen = draft.settings.database.engine_version
    version = tables.parse_version(chosen)
    release = tables.release(version) if version else None
    if release is None:
        return
    today = date.fromisoformat(tables.as_of("versions"))
    if today <= release.standard_support_ends < today + _NOTICE:
        yield Problem(
            _VERSION_KEY,
            f"{_VERSION_KEY} is {chosen}, whose standard support ends on "
            f"{release.standard_support_ends}, within half a year of {today}, when the calendar "
            "was read.",
            f"Plan the upgrade, or start with {_DEFAULT_VERSION}.",
            chosen,
        )
