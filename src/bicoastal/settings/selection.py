"""Choosing rules by id or by the beginning of an id."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.errors import BicoastalError
from bicoastal.settings.catalogue import RULES
from bicoastal.settings.keys import nearest
from bicoastal.settings.rules.base import Rule

_LONGEST = 20
_LOOK_ALIKE = str.maketrans("OIL", "011")


class UnknownRuleError(BicoastalError, ValueError):
    """Some text is neither the id of a rule nor the beginning of one."""


def rule_ids(words: Iterable[str]) -> frozenset[str]:
    """The rules that some words choose.

    Args:
        words: ids (`BC203`) or beginnings of ids (`BC2`), in any case; several in one word may be
            joined by commas.

    Returns:
        The ids of all rules that are chosen.

    Raises:
        UnknownRuleError: a word chooses nothing.
    """
    chosen: set[str] = set()
    for word in (part.strip() for joined in words for part in joined.split(",")):
        found = {rule_id for rule_id in RULES if word and rule_id.startswith(word.upper())}
        if not found:
            raise UnknownRuleError(_unknown(word))
        chosen |= found
    return frozenset(chosen)


def one_rule(word: str) -> Rule:
    """The rule of an id.

    Args:
        word: the id, in any case.

    Returns:
        The rule.

    Raises:
        UnknownRuleError: there is no such rule.
    """
    rule = RULES.get(word.strip().upper())
    if rule is None:
        raise UnknownRuleError(_unknown(word))
    return rule


def _unknown(word: str) -> str:
    # Letters that look like digits are put right first.
    meant = nearest(word[:_LONGEST].upper().translate(_LOOK_ALIKE), RULES)
    cure = f"Did you mean {meant}?" if meant else "bicoastal check --list-rules lists them."
    return f"{word[:_LONGEST]!r} is not the id of a rule, nor the beginning of one. {cure}"
