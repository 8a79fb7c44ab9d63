"""Named scenarios: what goes wrong, what is expected, and what the rehearsal would catch."""

from bicoastal.lab.scenarios.library import all_scenarios, find
from bicoastal.lab.scenarios.model import Expectation, Mutant, Scenario, Step

__all__ = ["Expectation", "Mutant", "Scenario", "Step", "all_scenarios", "find"]
