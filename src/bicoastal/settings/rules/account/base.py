"""What the rules of this family share: they need an account, and their examples show one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from bicoastal.settings.account import Account, Concurrency, Engine, Offer, Secret, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.findings import Severity
from bicoastal.settings.rules import places
from bicoastal.settings.rules.base import Problem, Rule, Seen, rule

T = TypeVar("T")

HOME, STANDBY, WITNESS = "us-east-1", "us-west-2", "us-east-2"
MEMBERS = (HOME, STANDBY)
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bicoastal/dev-AbCdEf"  # noqa: S105  (an address)
SETTINGS: Mapping[str, Any] = {"secretArn": SECRET_ARN}

SILENCE = Unread("rds:DescribeDBClusters in us-west-2: no answer", "Check again when it answers.")

SOUND = Account(
    offers={
        region: Offer((f"{region}a", f"{region}b"), (f"{region}a", f"{region}b"))
        for region in MEMBERS
    },
    engines=dict.fromkeys(MEMBERS, Engine(creatable=True, is_global=True)),
    secret=Secret(deleted=False, key=None, replicas={STANDBY: "InSync"}),
    replica=Secret(deleted=False, key=None, replicas={}),
    secret_faults=(),
    keys=(),
    zone=None,
    quotas=dict.fromkeys((*MEMBERS, WITNESS), ()),
    concurrency=dict.fromkeys(MEMBERS, Concurrency(1000, 1000, 1)),
    denied=dict.fromkeys(MEMBERS, ()),
    failover_denied=None,
    ranges=dict.fromkeys((*MEMBERS, WITNESS), ()),
)
"""An account in which the default settings can be deployed."""

LiveCheck = Callable[[Draft, Account], Iterable[Problem]]


def seen(note: str, settings: Mapping[str, Any] | None = None, **changes: Any) -> Seen:
    """An example: settings beside an account that differs from a sound one.

    Args:
        note: the difference in words.
        settings: settings beside the default ones.
        **changes: attributes of the account.

    Returns:
        The example.
    """
    return Seen({**SETTINGS, **(settings or {})}, SOUND._replace(**changes), note)


REPLICA = {"topology": "binlog-replica", "failover": {"mode": "observe"}}
"""Settings without a global database."""


def at_standby(facts: Mapping[str, Any], fact: object) -> dict[str, Any]:
    """Facts by region with another one for the standby's.

    Args:
        facts: facts by region.
        fact: the standby's.

    Returns:
        A changed copy.
    """
    return {**facts, STANDBY: fact}


def account_rule(
    rule_id: str,
    severity: Severity,
    *,
    source: str,
    passes: Iterable[Seen] = (),
    fails: Iterable[Seen],
) -> Callable[[LiveCheck], Rule]:
    """Make a rule of a check that needs an account. Without one it finds nothing.

    Args:
        rule_id: the rule's id.
        severity: how bad a finding is; what could not be checked is a warning.
        source: the address of the page that states it.
        passes: examples that pass, beside the sound account.
        fails: examples that fail.

    Returns:
        A decorator that turns the check into a `Rule`.
    """

    def decorate(check: LiveCheck) -> Rule:
        def judged(draft: Draft) -> Iterable[Problem]:
            return () if draft.account is None else check(draft, draft.account)

        judged.__doc__ = check.__doc__
        sound = seen("everything that the deployment needs")
        made = rule(rule_id, severity, source=source, passes=[sound, *passes], fails=fails)
        return made(judged)

    return decorate


def by_region(draft: Draft, facts: Mapping[str, T]) -> Iterator[tuple[str, str, T]]:
    """Facts with the key that names their region.

    Args:
        draft: the settings.
        facts: region -> fact.

    Yields:
        Key, region and fact, in the order home, standby, witness, further standbys.
    """
    for key, region in places.regions(draft.settings):
        if region in facts:
            yield key, region, facts[region]
