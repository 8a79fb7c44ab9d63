"""BC1xx: names, domain and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bicoastal.settings.draft import Draft
from bicoastal.settings.keys import dotted
from bicoastal.settings.models import EXPIRY_TAG, Regions, default_domain
from bicoastal.settings.namelimits import NAME_LIMITS
from bicoastal.settings.names import Names
from bicoastal.settings.rules.base import Problem, rule
from bicoastal.settings.secrecy import quoted

SUFFIX = re.compile(r"[a-z0-9-]{1,50}")
RDS_NAMES = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html"
DNS_FORMAT = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"
DNS_TYPES = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"
TAGS = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
IAM_TAGS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}")
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")  # letters and digits of every script, as AWS allows
_OWN_TAGS = ("Environment", "Project", "CostCenter", "ManagedBy", EXPIRY_TAG)
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "org"}
_MOST_TAGS = 50


@rule(
    "BC101",
    "error",
    source=RDS_NAMES,
    passes=[{"environmentSuffix": "pr-42"}, {"environmentSuffix": "x" * 50}, {}],
    fails=[{"environmentSuffix": "Bad_Suffix!"}, {"environmentSuffix": "x" * 51}],
)
def suffix_pattern(draft: Draft) -> Iterable[Problem]:
    """`environmentSuffix` is 1 to 50 lower-case letters, digits and hyphens."""
    suffix = draft.settings.environment_suffix
    if not SUFFIX.fullmatch(suffix):
        yield Problem(
            "environmentSuffix",
            f"environmentSuffix is {quoted('environmentSuffix', suffix)}, but every name ends with "
            "it, and AWS's names take only lower-case letters, digits and hyphens there, 1 to 50.",
            "Choose something like dev, staging or pr-42.",
            suffix,
        )


@rule(
    "BC102",
    "error",
    source=RDS_NAMES,
    passes=[{"environmentSuffix": "a"}, {"environmentSuffix": "1"}, {"environmentSuffix": "a-b-c"}],
    fails=[{"environmentSuffix": s} for s in ("dev-", "-dev", "a--b", "-")],
)
def derived_names(draft: Draft) -> Iterable[Problem]:
    """Every name made with environmentSuffix is one that its service takes."""
    settings = draft.settings
    if not SUFFIX.fullmatch(settings.environment_suffix):
        return
    # The regions have rules of their own; here any well-formed ones will do.
    pairs = Names.all(settings.model_copy(update={"regions": Regions()}))
    refused = {kind: name for kind, name in pairs if not NAME_LIMITS[kind].fullmatch(name)}
    if refused:
        kind, name = next(iter(refused.items()))
        yield Problem(
            "environmentSuffix",
            f"environmentSuffix is {settings.environment_suffix!r}, so the {kind} would be called "
            f"{name}, which AWS refuses ({len(refused)} kinds of name in all): no hyphen may be "
            "last, or next to another.",
            "Start and end with a letter or digit, and use single hyphens.",
            settings.environment_suffix,
        )


@rule(
    "BC103",
    "error",
    source=DNS_FORMAT,
    passes=[{"domainName": "db.example.com"}, {"domainName": "writer.db.corp.internal"}],
    fails=[
        {"domainName": name}
        for name in ("db..example.com", "-db.example.com", "d b.example.com", "db.example.com.")
    ]
    + [{"domainName": "x" * 64 + ".example.com"}, {"domainName": "a." * 130 + "example.com"}],
)
def domain_name(draft: Draft) -> Iterable[Problem]:
    """`domainName` is a host name: labels of 1 to 63 letters, digits and hyphens, 255 in all."""
    settings = draft.settings
    domain = settings.domain_name
    if domain == default_domain(settings.environment_suffix):
        return  # the suffix has rules of its own
    labels = domain.split(".")
    bad = [label for label in labels if not _LABEL.fullmatch(label)]
    if not bad and len(domain) <= 255:
        return
    reason = f"it has {len(domain)} characters"
    if bad:
        reason = f"{quoted('domainName', bad[0])} is not a label"
    yield Problem(
        "domainName",
        f"domainName is {quoted('domainName', domain)}, which is not a host name: {reason}.",
        "Use labels of 1 to 63 letters, digits and inner hyphens, joined by single dots.",
        domain,
    )


@rule(
    "BC104",
    "error",
    source="https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html",
    passes=[{"hostedZoneId": "Z2FDTNDATAQYW2"}, {}],
    fails=[{"hostedZoneId": "/hostedzone/Z2FDTNDATAQYW2"}, {"hostedZoneId": "example.com"}],
)
def hosted_zone_id(draft: Draft) -> Iterable[Problem]:
    """`hostedZoneId` is an id of Route 53."""
    zone = draft.settings.hosted_zone_id
    if zone is None or _ZONE_ID.fullmatch(zone):
        return
    bare = zone.rsplit("/", 1)[-1]
    cure = "Take the id from the Route 53 console, such as Z2FDTNDATAQYW2."
    if _ZONE_ID.fullmatch(bare):
        cure = f"Write {bare} alone."
    yield Problem(
        "hostedZoneId",
        f"hostedZoneId is {quoted('hostedZoneId', zone)}, but an id is Z and up to 31 capital "
        "letters and digits.",
        cure,
        zone,
    )


@rule(
    "BC105",
    "error",
    source=DNS_TYPES,
    passes=[{"domainName": "db.example.com"}, {"domainName": "db.example.co.uk"}],
    fails=[{"domainName": "example.com"}, {"domainName": "db"}, {"domainName": "example.co.uk"}],
)
def not_at_apex(draft: Draft) -> Iterable[Problem]:
    """`domainName` lies below a zone: a CNAME cannot stand at a zone's apex."""
    domain = draft.settings.domain_name
    labels = domain.lower().split(".")
    country = len(labels) == 3 and labels[1] in _SECOND_LEVEL and len(labels[2]) == 2
    if len(labels) < 3 or country:
        yield Problem(
            "domainName",
            f"domainName is {quoted('domainName', domain)}, the apex of its zone, where DNS allows "
            "no CNAME; the name that clients use is a CNAME to the writer.",
            "Put a label before it, such as db.",
            domain,
        )


@rule(
    "BC111",
    "warning",
    source=DNS_FORMAT,
    passes=[{"hostedZoneId": "Z2FDTNDATAQYW2", "domainName": "db.corp.internal"}, {}],
    fails=[{"hostedZoneId": "Z2FDTNDATAQYW2"}],
)
def domain_in_zone(draft: Draft) -> Iterable[Problem]:
    """An existing hosted zone comes with a domain name that lies in it."""
    settings = draft.settings
    domain = settings.domain_name
    if settings.hosted_zone_id and domain == default_domain(settings.environment_suffix):
        yield Problem(
            "hostedZoneId",
            f"hostedZoneId names a zone of your own, but domainName is the default, {domain}, "
            "which lies in it only if the zone is example.com; Route 53 refuses a "
            "record outside its zone.",
            "Set domainName to a name in the zone.",
            settings.hosted_zone_id,
            related=("domainName", "environmentSuffix"),
        )


@rule(
    "BC106",
    "error",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html",
    passes=[{"tags": {"Owner": "data platform", "Größe": "zehn"}}, {"tags": {"Empty": ""}}],
    fails=[
        {"tags": {"": "x"}},
        {"tags": {"k" * 129: "x"}},
        {"tags": {"Owner": "v" * 257}},
        {"tags": {"Owner": "me; you"}},
        {"tags": {"a*b": "x"}},
        {"project": "a<b"},
        {"costCenter": "x" * 257},
    ],
)
def tag_limits(draft: Draft) -> Iterable[Problem]:
    """Tags have keys of 1 to 128 and values of up to 256 permitted characters."""
    settings = draft.settings
    for key, value in settings.tags.items():
        path, name = dotted(["tags", key]), quoted("tags", key)
        if not 1 <= len(key) <= 128 or not _TAG_TEXT.fullmatch(key):
            yield Problem(
                path,
                f"The tag key {name} is not one that AWS takes: 1 to 128 letters, digits, spaces "
                "and . : / = + - @ _.",
                "Shorten or reword the key.",
                key,
                at_key=True,
            )
        yield from _tag_value(path, value)
    yield from _tag_value("project", settings.project)
    yield from _tag_value("costCenter", settings.cost_center)


def _tag_value(key: str, value: str) -> Iterable[Problem]:
    if len(value) <= 256 and _TAG_TEXT.fullmatch(value):
        return
    yield Problem(
        key,
        f"{key} is the value of a tag, but it has a character or a length ({len(value)}) that AWS "
        "refuses: up to 256 letters, digits, spaces and . : / = + - @ _.",
        "Shorten or reword the value.",
        value,
    )


@rule(
    "BC107",
    "error",
    source=TAGS,
    passes=[{"tags": {"awsome": "x"}}],
    fails=[{"tags": {"aws:owner": "x"}}, {"tags": {"AWS:owner": "x"}}],
)
def reserved_tags(draft: Draft) -> Iterable[Problem]:
    """No tag starts with aws:, which AWS keeps for itself."""
    for key in draft.settings.tags:
        if key.lower().startswith("aws:"):
            yield Problem(
                dotted(["tags", key]),
                f"The tag {quoted('tags', key)} starts with aws:, which AWS keeps for itself.",
                "Choose another prefix.",
                key,
                at_key=True,
            )


@rule(
    "BC108",
    "error",
    source=TAGS,
    passes=[{"tags": {f"k{n}": "v" for n in range(45)}}],
    fails=[{"tags": {f"k{n}": "v" for n in range(46)}}],
)
def tag_count(draft: Draft) -> Iterable[Problem]:
    """A resource has at most 50 tags, the project's own and its Name among them."""
    count = len(draft.settings.all_tags()) + 1  # and Name
    if count > _MOST_TAGS:
        yield Problem(
            "tags",
            f"tags makes {count} tags with the project's own ones and Name, but a resource takes "
            f"at most {_MOST_TAGS}.",
            f"Remove {count - _MOST_TAGS} of them.",
            draft.settings.tags,
        )


@rule(
    "BC109",
    "warning",
    source=TAGS,
    passes=[{"tags": {"Owner": "me"}}],
    fails=[{"tags": {key: "x"}} for key in ("Environment", "Name", EXPIRY_TAG)],
)
def own_tags(draft: Draft) -> Iterable[Problem]:
    """Tags do not override the project's own."""
    keys = {
        "Environment": "environmentSuffix",
        "Project": "project",
        "CostCenter": "costCenter",
        EXPIRY_TAG: "expiresAfter",
    }
    for key in draft.settings.tags:
        if key in (*_OWN_TAGS, "Name"):
            cure = f"Set {keys[key]} instead." if key in keys else "Remove it."
            yield Problem(
                dotted(["tags", key]),
                f"The tag {key} is one that bicoastal sets itself.",
                cure,
                key,
                at_key=True,
            )


@rule(
    "BC110",
    "error",
    source=IAM_TAGS,
    passes=[{"tags": {"Owner": "me", "Team": "us"}}, {"tags": {"Project": "x"}}],
    fails=[{"tags": {"Owner": "me", "owner": "me"}}, {"tags": {"environment": "x"}}],
)
def tag_case(draft: Draft) -> Iterable[Problem]:
    """Tag keys differ by more than case: IAM roles take no two that do not."""
    seen = {key.lower(): key for key in (*_OWN_TAGS, "Name")}
    for key in draft.settings.tags:
        other = seen.setdefault(key.lower(), key)
        if other != key:
            yield Problem(
                dotted(["tags", key]),
                f"The tags {quoted('tags', key)} and {quoted('tags', other)} differ only in case; "
                "the functions' roles cannot have both, because IAM does not tell them apart.",
                "Keep one of them.",
                key,
                at_key=True,
            )
