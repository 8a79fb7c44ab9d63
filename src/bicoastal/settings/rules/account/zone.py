"""BC708 and BC709: the hosted zone that the failover records go into."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.account.base import SILENCE, account_rule, seen
from bicoastal.settings.rules.base import Problem, not_checked

GET_ZONE = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html"
CHANGE = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"

_ZONE, _DOMAIN = "hostedZoneId", "domainName"
_GIVEN = {_ZONE: "Z0123456789ABC", _DOMAIN: "db.example.org"}


@account_rule(
    "BC708",
    "error",
    source=GET_ZONE,
    passes=[seen("the zone is called example.org", _GIVEN, zone="example.org.")],
    fails=[
        seen("there is no such zone", _GIVEN, zone=None),
        seen("Route 53 did not answer", _GIVEN, zone=SILENCE),
    ],
)
def zone_exists(draft: Draft, account: Account) -> Iterable[Problem]:
    """The hosted zone exists in the account."""
    zone = draft.settings.hosted_zone_id
    if zone is None:
        return
    if isinstance(account.zone, Unread):
        yield not_checked(_ZONE, "whether the hosted zone exists", account.zone)
    elif account.zone is None:
        yield Problem(
            _ZONE,
            f"{_ZONE} is {zone}, but the account that was asked has no such hosted zone.",
            "Choose one that aws route53 list-hosted-zones lists, or leave the key out: bicoastal "
            "then makes a private zone.",
            zone,
        )


@account_rule(
    "BC709",
    "error",
    source=CHANGE,
    passes=[seen("the zone is called db.example.org", _GIVEN, zone="db.example.org.")],
    fails=[
        seen("the zone is called example.com", _GIVEN, zone="example.com."),
        seen("the zone is called b.example.org", _GIVEN, zone="b.example.org."),
        seen("Route 53 did not answer", _GIVEN, zone=SILENCE),
    ],
)
def zone_contains_name(draft: Draft, account: Account) -> Iterable[Problem]:
    """The domain name lies in the hosted zone."""
    settings, zone = draft.settings, account.zone
    if settings.hosted_zone_id is None or zone is None:
        return
    if isinstance(zone, Unread):
        yield not_checked(_DOMAIN, "whether it lies in the hosted zone", zone, (_ZONE,))
        return
    name, within = settings.domain_name.lower().rstrip("."), zone.lower().rstrip(".")
    if not f".{name}".endswith(f".{within}"):
        yield Problem(
            _DOMAIN,
            f"{_DOMAIN} is {settings.domain_name}, which does not lie in the hosted zone "
            f"{settings.hosted_zone_id} ({_ZONE}): that is {within}.",
            f"Choose a name such as db.{within}, or the zone that holds {settings.domain_name}.",
            settings.domain_name,
            (_ZONE,),
        )
