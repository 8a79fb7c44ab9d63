"""From a draft of settings to the account that it would be deployed into."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from bicoastal.live.account import look
from bicoastal.operate.access import Access, Told, endpoints
from bicoastal.operate.target import Target
from bicoastal.settings import region_code
from bicoastal.settings.account import Account
from bicoastal.settings.draft import Draft
from bicoastal.settings.loading import Look

_WHOLE_FILE = {"yaml", "unreadable", "not-a-mapping"}


def looker(given: Iterable[str], tell: Told) -> Look:
    """What reads the account of each stack file.

    Args:
        given: `URL` for every region, or `REGION=URL` for one; empty for AWS itself.
        tell: takes progress, and why an account was not asked.

    Returns:
        A function that reads the account. It gives None for settings of which nothing can be
        asked: those have an error that says so.

    Raises:
        BadRequest: not an address; and, when the function is called, there are no credentials.
    """
    endpoint = endpoints(given)

    def looked(draft: Draft) -> Account | None:
        if not _can_be_asked(draft):
            tell("the account is not asked: neither the file nor its regions make sense so far")
            return None
        clients = Access(Target(draft.settings), endpoint).clients
        return look(draft.settings, clients, tell)

    return looked


def _can_be_asked(draft: Draft) -> bool:
    """Whether it is known which regions would be asked."""
    if any(fault.kind in _WHOLE_FILE and not fault.key for fault in draft.faults):
        return False
    regions = draft.settings.regions.all
    with suppress(ValueError):
        return all(region_code(region) for region in regions) and draft.trusts("regions")
    return False
