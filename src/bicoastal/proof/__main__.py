"""`python -m bicoastal.proof`: explore the decision, break it, and tell what was noticed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from bicoastal.proof.mutants import MUTANTS
from bicoastal.proof.report import INVARIANTS, SCENES, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof.

    Args:
        arguments: the command line; None takes the process's own.

    Returns:
        The exit code: 0 when everything holds and every mutant is noticed, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m bicoastal.proof", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.add_argument(
        "--no-mutants", action="store_true", help="explore the shipped code only, break nothing"
    )
    options = parser.parse_args(arguments)
    if not options.json:
        _say("What is required:")
        for name, words in INVARIANTS.items():
            _say(f"  {name:4} {words}")
    mutants = () if options.no_mutants else MUTANTS
    proof = run(SCENES, mutants, (lambda _line: None) if options.json else _say)
    if options.json:
        _say(json.dumps(proof.to_dict(), indent=2))
    else:
        killed = sum(result.problem is not None for _, result in proof.mutants)
        verdict = "PROVEN" if proof.holds else "BROKEN"
        _say(f"{verdict}: {killed} of {len(proof.mutants)} mutants noticed")
    return 0 if proof.holds else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
