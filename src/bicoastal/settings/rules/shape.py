"""BC0xx: what can be read at all. Each rule answers for one kind of fault of the draft."""

from __future__ import annotations

from collections.abc import Iterable

from bicoastal.settings.draft import Draft, Fault, FaultKind
from bicoastal.settings.rules.base import Check, Problem, rule

CONFIG = "https://www.pulumi.com/docs/iac/concepts/config/"
STACK_FILE = "https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/"
YAML = "https://yaml.org/spec/1.1/"
MANUAL = "https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration"

_GOOD = "config:\n  bicoastal:environmentSuffix: dev\n"


def problem_of(fault: Fault, *, at_key: bool) -> Problem:
    """What a rule says of a fault.

    Args:
        fault: the fault.
        at_key: whether the place to show is the key itself rather than its value.

    Returns:
        The problem.
    """
    return Problem(
        fault.key,
        fault.message,
        fault.cure,
        fault.value,
        at_key=at_key,
        line=fault.line,
        column=fault.column,
    )


def _of(kind: FaultKind, summary: str, *, at_key: bool = False) -> Check:
    def faults(draft: Draft) -> Iterable[Problem]:
        for fault in draft.faults:
            if fault.kind == kind:
                yield problem_of(fault, at_key=at_key)

    faults.__doc__ = summary
    return faults


unknown_key = rule(
    "BC001",
    "error",
    source=MANUAL,
    passes=[{"environmentSuffix": "dev"}, {"database": {"port": 3307}}, {}],
    fails=[{"enviromentSuffix": "dev"}, {"database": {"prot": 3307}}, {"database_": {}}],
)(_of("unknown-key", "Every key is known.", at_key=True))

wrong_type = rule(
    "BC002",
    "error",
    source=MANUAL,
    passes=[{"database": {"port": "3307"}}, {"tags": {"Owner": "me"}}],
    fails=[{"database": {"port": "many"}}, {"tags": {"Owner": 1}}, {"network": 5}],
)(_of("type", "Every value has the right type."))

wrong_choice = rule(
    "BC003",
    "error",
    source=MANUAL,
    passes=[{"profile": "production"}, {"dns": {"mode": "latch"}}],
    fails=[{"profile": "prod"}, {"dns": {"mode": "lach"}}],
)(_of("choice", "A value that is one of a few is one of them."))

unreadable = rule(
    "BC004",
    "error",
    source=STACK_FILE,
    passes=[_GOOD, b""],
    fails=[b"config:\n  bicoastal:costCenter: caf\xe9\n"],
)(_of("unreadable", "The stack file can be read."))

malformed = rule(
    "BC005",
    "error",
    source=YAML,
    passes=[_GOOD],
    fails=["config: [", "config:\n\tbicoastal:project: x\n", "a: !!python/none x\n"],
)(_of("yaml", "The stack file is well-formed YAML."))

not_a_mapping = rule(
    "BC006",
    "error",
    source=STACK_FILE,
    passes=[_GOOD, "encryptionsalt: v1\n", ""],
    fails=["config: 5\n", "- config\n", "config:\n  - bicoastal:project\n"],
)(_of("not-a-mapping", "The stack file holds a mapping named config."))

duplicate = rule(
    "BC007",
    "error",
    source=YAML,
    passes=[_GOOD],
    fails=[
        _GOOD + "  bicoastal:environmentSuffix: prod\n",
        "config:\n  bicoastal:database:\n    port: 3306\n    port: 3307\n",
        _GOOD + "config: {}\n",
    ],
)(_of("duplicate", "No key is written twice."))

not_json = rule(
    "BC008",
    "error",
    source=MANUAL,
    passes=["config:\n  bicoastal:database: '{\"port\": 3307}'\n"],
    fails=["config:\n  bicoastal:database: '{port: 3307'\n"],
)(_of("json", "A structured value that is given as text is JSON."))

encrypted = rule(
    "BC009",
    "info",
    source="https://www.pulumi.com/docs/iac/concepts/secrets/",
    passes=[_GOOD],
    fails=[
        "config:\n  bicoastal:secretArn:\n    secure: AAABAAAA\n",
        "config:\n  bicoastal:database:\n    port:\n      secure: AAABAAAA\n",
    ],
)(_of("encrypted", "An encrypted value is checked only when the program runs."))

namespace = rule(
    "BC010",
    "warning",
    source=CONFIG,
    passes=[_GOOD, "config:\n  aws:region: us-east-1\n  other: 1\n"],
    fails=["config:\n  environmentSuffix: dev\n", "config:\n  bicostal:project: x\n"],
)(_of("namespace", "Keys are in the namespace of this project."))

_IGNORE = "config:\n  bicoastal:failover: {mode: observe}  # bicoastal: ignore "

ignore_has_reason = rule(
    "BC011",
    "warning",
    source=YAML,
    passes=[_GOOD, _IGNORE + "BC314 -- armed after the audit\n"],
    fails=[_IGNORE + "BC314\n", _IGNORE + "BC314 --\n"],
)(_of("ignore-reason", "A comment that ignores a finding gives its reason."))

ignore_is_of_use = rule(
    "BC012",
    "warning",
    source=YAML,
    passes=[_GOOD, _IGNORE + "BC314 -- armed after the audit\n"],
    fails=[_IGNORE + "BC305 -- two regions are enough\n", _GOOD + "# bicoastal: ignore BC314 -- x"],
)(_of("ignore-unused", "A comment that ignores a finding has one to ignore."))

ignore_names_a_rule = rule(
    "BC013",
    "warning",
    source=YAML,
    passes=[_GOOD, _IGNORE + "BC314 -- armed after the audit\n"],
    fails=[_IGNORE + "BC3114 -- a slip\n", _IGNORE + "-- which?\n"],
)(_of("ignore-rule", "A comment that ignores a finding names rules that exist."))
