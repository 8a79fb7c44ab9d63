"""Clocks that are wrong: the function's own code, with an offset in the clock that it reads.

Nobody's clock is set. Lambda's clocks are kept by AWS; what is rehearsed is that nothing is decided
by time alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bicoastal.lab.drill.defects import Change, change_of, changed_bundle

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
    _upload(stage, step, "controllers", Change(_FILE, _MADE, changed))
    return _told(step, stage.region(step.place), "controller")


def skew_witness(stage: Stage, step: Step) -> str:
    """Set the clock by which a region's witness signs its token `amount` seconds ahead, or back."""
    offset_s = step.measure() / stage.pace
    changed = f"at=time.time() + {offset_s!r})"
    _upload(stage, step, "probers", Change(_FILE, _SIGNED, changed))
    return _told(step, stage.region(step.place), "witness")


def _upload(
    stage: Stage, step: Step, kind: Literal["controllers", "probers"], skew: Change
) -> None:
    region, mutant = stage.region(step.place), stage.mutant
    # Whoever is broken on purpose stays so.
    kept = change_of(mutant) if mutant is not None and mutant.of == kind else None
    changes = [skew] if kept is None else [kept, skew]
    functions = stage.controllers if kind == "controllers" else stage.probers
    stage.lab.client("lambda", region).update_function_code(
        FunctionName=functions[region],
        ZipFile=changed_bundle(changes, Path(stage.lab.admission.ca_file)),
    )


def _told(step: Step, region: str, whose: str) -> str:
    return f"the clock of the {whose} in {region} is {step.measure():+g} s off"
