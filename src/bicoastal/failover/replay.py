"""Replays an audit trail: what was written is what the decision says about what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bicoastal.failover import decision
from bicoastal.failover.audit import MAX_REASON, Entry, verify_chain
from bicoastal.failover.state import Policy, Record
from bicoastal.failover.votes import Evidence

_CONTROLLER = "controller/"


def replay(entries: Sequence[Entry], policies: Mapping[str, Policy]) -> list[str]:
    """Run an audit trail through the decision again.

    Every entry that carries evidence must follow from it: the same record, the same reason. What
    a controller wrote without evidence may change nothing, and between two entries nothing may
    change but the moment of the latest bad round, which is written without an entry.

    Args:
        entries: the trail, oldest first; its oldest entries may have been dropped.
        policies: each controller's policy, by region, with its durations at the trail's pace.

    Returns:
        What is wrong, in words; empty when the hash chain holds and everything follows.
    """
    problems = verify_chain(entries)
    previous: Entry | None = None
    for entry in entries:
        try:
            problems += (f"entry {entry.seq}: {words}" for words in _wrong(entry, policies))
            if previous is not None and (
                Record.from_dict(previous.after).settled()
                != Record.from_dict(entry.before).settled()
            ):
                problems.append(f"entry {entry.seq} does not begin where the one before it ended")
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"entry {entry.seq} cannot be replayed ({error!r})")
        previous = entry
    return problems


def _wrong(entry: Entry, policies: Mapping[str, Policy]) -> Iterator[str]:
    before, after = Record.from_dict(entry.before), Record.from_dict(entry.after)
    told = (entry.from_state, entry.to_state, entry.epoch)
    if told != (before.state, after.state, after.epoch):
        yield "its summary is not that of its records"
    if after.version != before.version + 1:
        yield f"version {after.version} does not follow {before.version}"
    if not entry.requester.startswith(_CONTROLLER):
        return
    if entry.evidence is None:
        if replace(after, version=before.version) != before:
            yield "a controller changed the record without evidence"
        return
    region = entry.requester.removeprefix(_CONTROLLER)
    if region not in policies:
        yield f"no policy is known for the controller of {region}"
        return
    evidence = Evidence.from_dict(entry.evidence)
    # Code and configuration may have changed since: what looked then said which it was.
    policy = replace(policies[region], deployment=evidence.deployment)
    step = decision.step(before, evidence, entry.at, policy)
    if replace(step.record, version=after.version) != after:
        yield f"the decision gives {step.record.state}, the trail says {after.state}"
    if step.reason[:MAX_REASON] != entry.reason:
        yield f"the decision's reason is {step.reason!r}"
