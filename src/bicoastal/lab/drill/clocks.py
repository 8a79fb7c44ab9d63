"""Clocks that are wrong: the function's own code, with an offset in the clock that it reads.

Nobody's clock is set. Lambda's clocks are kept by AWS; what is rehearsed is that nothing is decided
by time alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bicoastal.lab.drill.defects import changed_bundle

if TYPE_CHECKING:
    from bicoastal.lab.drill.stage import Stage
    from bicoastal.lab.scenarios.model import Step

_FILE = "handlers.py"
_MADE = "Controller(settings, pace, store, world)"
_SIGNED = "at=time.time())"


def skew_controller(stage: Stage, step: Step) -> str:
    """Set the clock of a region's controller `amount` seconds of AWS time ahead, or back.

    An invocation that is under way goes on with the clock that it has.
    """
    offset_s = step.measure() / stage.pace
    clock = f"clock=lambda: time.time() + {offset_s!r}"
    changed = f"Controller(settings, pace, store, world, {clock})"
    _upload(stage, step, stage.controllers[stage.region(step.place)], (_MADE, changed))
    return _told(step, stage.region(step.place), "controller")


def skew_witness(stage: Stage, step: Step) -> str:
    """Set the clock by which a region's witness signs its token `amount` seconds ahead, or back."""
    offset_s = step.measure() / stage.pace
    changed = f"at=time.time() + {offset_s!r})"
    _upload(stage, step, stage.probers[stage.region(step.place)], (_SIGNED, changed))
    return _told(step, stage.region(step.place), "witness")


def _upload(stage: Stage, step: Step, function: str, change: tuple[str, str]) -> None:
    code = changed_bundle(_FILE, *change, Path(stage.lab.admission.ca_file))
    stage.lab.client("lambda", stage.region(step.place)).update_function_code(
        FunctionName=function, ZipFile=code
    )


def _told(step: Step, region: str, whose: str) -> str:
    return f"the clock of the {whose} in {region} is {step.measure():+g} s off"
