"""BC715 and BC716: the cluster that is to be adopted, beside what the stack file says of it."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.account import Account, Adopted, Unread
from bicoastal.settings.draft import Draft
from bicoastal.settings.rules.account.base import SILENCE, account_rule, seen
from bicoastal.settings.rules.adopting import IMPORT, WHOLE
from bicoastal.settings.rules.base import Problem, not_checked
from bicoastal.settings.secrecy import quoted

_KEY = "adopt.cluster"
_GIVEN = {"adopt": WHOLE}
_SAME = Adopted((), ())


@account_rule(
    "BC715",
    "error",
    source=IMPORT,
    passes=[seen("the cluster is as the file says", _GIVEN, adopted=_SAME)],
    fails=[
        seen("there is no such cluster", _GIVEN, adopted=None),
        seen("it is not encrypted", _GIVEN, adopted=Adopted(("it is not encrypted",), ())),
        seen("RDS did not answer", _GIVEN, adopted=SILENCE),
    ],
)
def adoptable(draft: Draft, account: Account) -> Iterable[Problem]:
    """The cluster can be adopted without being replaced, and without cutting anybody off."""
    name, found = draft.settings.adopt.cluster, account.adopted
    if name is None:
        return
    if isinstance(found, Unread):
        yield not_checked(_KEY, "whether it can be adopted", found)
        return
    home = draft.settings.regions.home
    reasons = (f"{home} has no such cluster",) if found is None else found.forbidden
    for reason in reasons:
        yield Problem(
            _KEY,
            f"{_KEY} is {quoted(_KEY, name)}, but it cannot be adopted so: {reason}.",
            "Write what the cluster has, or change the cluster first; then check again.",
            name,
            ("adopt",),
        )


@account_rule(
    "BC716",
    "warning",
    source=IMPORT,
    passes=[seen("the cluster is as the file says", _GIVEN, adopted=_SAME)],
    fails=[
        seen("its port is another", _GIVEN, adopted=Adopted((), ("Port from 3306 to 3307",))),
        seen("RDS did not answer", _GIVEN, adopted=SILENCE),
    ],
)
def adopted_as_it_is(draft: Draft, account: Account) -> Iterable[Problem]:
    """Adopting the cluster changes nothing of it."""
    found = account.adopted
    name = draft.settings.adopt.cluster
    if name is None:
        return
    if isinstance(found, Unread):
        yield not_checked(_KEY, "what adopting it changes", found)
        return
    for change in found.changed if found else ():
        yield Problem(
            _KEY,
            f"{_KEY} is {quoted(_KEY, name)}: adopting it changes {change}.",
            "Write what the cluster has, where a key says it, or accept the change.",
            name,
            ("adopt", "database"),
        )
