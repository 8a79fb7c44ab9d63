"""What people do while clients write, through the code of the operator's commands."""

from __future__ import annotations

import time

from bicoastal.errors import LabError
from bicoastal.failover import record, switching
from bicoastal.failover.errors import RecordError
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.scenarios.model import Step
from bicoastal.operate import moving, rejoining
from bicoastal.operate import switching as planning
from bicoastal.operate.access import Access
from bicoastal.operate.conduct import Conduct
from bicoastal.operate.target import Target

REQUESTER = "drill"
REASON = "rehearsal"


def arm(stage: Stage, _step: Step) -> str:
    """Arm, as an operator does."""
    record.arm(stage.store, REQUESTER, REASON, time.time())
    return "armed by a human"


def disarm(stage: Stage, _step: Step) -> str:
    """Disarm."""
    record.disarm(stage.store, REQUESTER, REASON, time.time())
    return "disarmed by a human"


def maintain(stage: Stage, step: Step) -> str:
    """Begin a maintenance window of `amount` seconds of AWS time."""
    until = time.time() + step.measure() / stage.pace
    record.maintain(stage.store, REQUESTER, REASON, time.time(), until=until)
    return f"maintenance for {step.measure():g} s"


def approve(stage: Stage, step: Step) -> str:
    """Approve for `amount` seconds of AWS time."""
    valid_s = step.measure() / stage.pace
    try:
        record.approve(stage.store, REQUESTER, REASON, time.time(), valid_s=valid_s)
    except RecordError as refusal:
        return f"approval refused: {refusal}"
    return "approved by a human"


def acknowledge(stage: Stage, _step: Step) -> str:
    """Say that a human has seen the last failover."""
    record.acknowledge(stage.store, REQUESTER, REASON, time.time())
    return "the last failover is acknowledged by a human"


def switchover(stage: Stage, _step: Step) -> str:
    """Move the writer to the standby region without losing a write."""
    return _switch(stage, stage.settings.regions.standby)


def failback(stage: Stage, _step: Step) -> str:
    """Move the writer home without losing a write."""
    return _switch(stage, stage.settings.regions.home)


def rejoin(stage: Stage, _step: Step) -> str:
    """Look whether the old writer is a clean replica again, and end the failover's record."""
    found = rejoining.examine(_access(stage), stage.store, stage.pace)
    if found.refusals:
        raise LabError(f"{found.region} is no clean standby yet: {'; '.join(found.refusals)}")
    end = switching.end_rejoining(stage.store, REQUESTER, REASON, time.time())
    return f"{found.region} is a clean standby; the record is in {end.state}"


def _switch(stage: Stage, region: str) -> str:
    access = _access(stage)
    plan = planning.plan(access, stage.store, region, stage.pace)
    if plan.done:
        return f"{region} is the writer already"
    conduct = Conduct(REQUESTER, REASON, pace=stage.pace)
    end = moving.carry_out(access, stage.store, plan, conduct)
    return f"{end.writer} is the writer, in epoch {end.epoch}; nothing was lost"


def _access(stage: Stage) -> Access:
    aws = stage.lab.aws
    return Access(Target(stage.settings), lambda _: aws.endpoint_url, session=aws.new_session())
