"""Scenarios in words, for the manual's page and for the reports."""

from __future__ import annotations

from bicoastal.lab.scenarios.model import Expectation, Step


def told_step(step: Step) -> str:
    """Say what a step does.

    Args:
        step: The step; its seconds are AWS's.

    Returns:
        A few words, the action in Markdown's bold.
    """
    if step.wait_s is not None:
        return f"{step.wait_s:g} s"
    if step.until is not None:
        return f"until {step.until}"
    words = [f"**{step.do}**", step.place if step.place != "home" else "", step.match, step.error]
    if step.source is not None:
        words.append(f"from {step.source}")
    if step.amount is not None:
        words.append(f"{step.amount:g}")
    return " ".join(word for word in words if word)


def told_expectation(expect: Expectation) -> str:
    """Say what must be seen.

    Args:
        expect: The expectation.

    Returns:
        Its parts, separated by commas.
    """
    words = [
        "the standby is promoted, once" if expect.promotion else "nobody is promoted",
        f"the record ends in {' or '.join(expect.states)}",
    ]
    if expect.paged is not None:
        words.append("a human is told" if expect.paged else "nobody is woken")
    if expect.page_says:
        words.append(f'a page says "{expect.page_says}"')
    if expect.serving is not None:
        words.append(f"clients write to the {expect.serving} region at the end")
    if expect.felt is not None:
        words.append("clients feel it" if expect.felt else "clients notice nothing")
    if expect.told:
        words.append(f'the audit trail says "{expect.told}"')
    if expect.divergent is not None:
        words.append("divergent writes are listed" if expect.divergent else "no write diverges")
    return ", ".join(words)
