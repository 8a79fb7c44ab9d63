"""The page on the policy pack is what the guards say, and names only policies that exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from bicoastal.policy.catalogue import GUARDS
from bicoastal.policy.reference import page
from bicoastal.settings import RULES

PAGE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text("utf-8")


def test_the_page_is_not_stale() -> None:
    command = [sys.executable, "-m", "bicoastal.policy.reference"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == page() == PAGE, (
        "run: python -m bicoastal.policy.reference > docs/policies.md"
    )


def test_every_policy_has_a_row_and_its_rule_a_link() -> None:
    rows = {row[2:].partition("`")[0]: row for row in re.findall(r"^\| (`bc.*)$", PAGE, re.M)}
    rows = {re.findall(r"`([\w-]+)`", row)[0]: row for row in rows.values()}
    assert set(rows) == {guard.name for guard in GUARDS}
    for guard in GUARDS:
        assert guard.source in rows[guard.name]
        assert (f"rules.md#{guard.rule_id.lower()}" in rows[guard.name]) == (guard.rule_id in RULES)


def test_the_example_configures_policies_that_exist_with_keys_that_they_have() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    guards = {guard.name: guard for guard in GUARDS}
    for name, wanted in json.loads(example).items():
        assert name in guards
        assert wanted == "disabled" or set(wanted) <= set(guards[name].config)
