"""What DNS answers to a client that looks for the writer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence

from bicoastal.operate.report import DnsReport
from bicoastal.operate.target import Target

Resolve = Callable[[str], Sequence[str]]
"""Gives a name's aliases and addresses; raises OSError when there is no answer."""
SYSTEM = "this machine's resolver"
TIMEOUT_S = 3.0


def dns_report(target: Target, resolve: Resolve, asked: str = SYSTEM) -> DnsReport:
    """Ask for the name that clients use.

    Args:
        target: whose name.
        resolve: asks; it may take its time, after 3 s nobody waits any more.
        asked: who is asked, in words.

    Returns:
        The answer, and the member's region that its aliases name.
    """
    name = target.settings.domain_name
    answers: list[tuple[str, ...]] = []
    problems: list[str] = []

    def ask() -> None:
        try:
            answers.append(tuple(resolve(name)))
        except (OSError, UnicodeError) as error:
            problems.append(f"no answer ({error})")

    # The system's resolver cannot be interrupted: a daemon does not keep the process alive.
    thread = threading.Thread(target=ask, name="dns", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    if not answers:
        problem = problems[0] if problems else f"no answer within {TIMEOUT_S:g} s"
        return DnsReport(name, asked, problem=problem)
    return DnsReport(name, asked, answers[0], _region(target, answers[0]))


def system_answer(name: str) -> Sequence[str]:
    """Ask this machine's resolver.

    Args:
        name: the name.

    Returns:
        Aliases and addresses.

    Raises:
        OSError: there is no answer.
    """
    canonical, aliases, addresses = socket.gethostbyname_ex(name)
    return tuple(dict.fromkeys((*aliases, canonical, *addresses)))


def _region(target: Target, answer: Sequence[str]) -> str | None:
    """The member whose endpoint is among the aliases: its first label is the cluster's name."""
    labels = {text.split(".", 1)[0] for text in answer}
    found = [r for r in target.settings.regions.members if target.names.cluster(r) in labels]
    return found[0] if len(found) == 1 else None
