"""The page on the policy pack: `python -m bicoastal.policy.reference > docs/policies.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from bicoastal.policy.catalogue import GUARDS
from bicoastal.policy.guard import Guard, ResourceGuard
from bicoastal.settings import RULES

_HEAD = """\
# How do I guard stacks that bicoastal did not write?

`bicoastal check` reads a stack file. The policy pack in `policy/` looks at resources, whoever wrote
the program that registers them, and refuses before anything is made:

```console
$ .venv/bin/pip install --require-hashes -r requirements/policy.txt
$ pulumi preview --policy-pack policy
$ pulumi up --policy-pack policy --policy-pack-config guard.json
```

An *error* is mandatory and stops the update; a *warning* and an *info* advise. Where a guard
speaks for a rule of [rules.md](rules.md), id, severity, summary and source are that rule's, and
most run the rule itself over the resource's properties. `BC8xx` are those that settings cannot
break.

What a preview cannot know yet is not judged then, but when the resource is made. A guard of *a
stack* needs more than one resource: it runs in the preview, and once more when the update is done,
which is too late to prevent it (`pulumi up --skip-preview` skips the first). A copy in a global
database is recognised by `replicationSourceIdentifier`, `sourceRegion`, or a
`globalClusterIdentifier` without a user, a password or a snapshot.

The guards were run in process and over Pulumi's analyzer protocol against this program, a naive one
and every guard's own examples (`make test`), not by the Pulumi CLI.

## The budget

`BC824` prices what is paid for by existing: instances, or the least capacity of Serverless v2,
keys, alarms, health checks, zones, secrets. It cannot price what is paid for by use (storage, I/O,
functions, tables, transfer), other engines, and classes that the price list does not know; `BC825`
names the resources that it leaves out. The limit is `monthlyUsd` in the pack's configuration or,
without it, the stack file's own `budget.monthlyUsd`. For our own stacks
[`bicoastal cost`](cost.md) knows everything.

## Configuration

```json
{
  "bc824-budget": { "monthlyUsd": 120 },
  "bc813-tagged": { "required": ["Owner", "CostCenter"] },
  "bc308-short-ttl": "disabled"
}
```

"""


def page() -> str:
    """Write the page.

    Returns:
        Markdown with a newline at its end.
    """
    return _HEAD + "\n".join([*_configurable(), "", *_table()]) + "\n"


def _configurable() -> Iterator[str]:
    yield "| Key | Policies | Default |"
    yield "|---|---|---|"
    keys = dict.fromkeys((key, json.dumps(v)) for g in GUARDS for key, v in g.config.items())
    for key, default in keys:
        names = [
            f"`{guard.name}`"
            for guard in GUARDS
            if key in guard.config and json.dumps(guard.config[key]) == default
        ]
        shown = "none" if default == "null" else f"`{default}`"
        yield f"| `{key}` | {', '.join(names)} | {shown} |"


def _table() -> Iterator[str]:
    yield "## All policies"
    yield ""
    yield "| Policy | Severity | Looks at | Wants |"
    yield "|---|---|---|---|"
    for guard in GUARDS:
        yield f"| `{guard.name}` | {guard.severity} | {_sight(guard)} | {_wanted(guard)} |"


def _sight(guard: Guard) -> str:
    if not isinstance(guard, ResourceGuard):
        return "a stack"
    kinds = [kind.rpartition(":")[2] for kind in guard.types]
    return ", ".join(kinds) if len(kinds) <= 3 else "whatever has tags"


def _wanted(guard: Guard) -> str:
    summary = guard.summary.replace("<", "&lt;")
    wanted = f"{summary} [Source]({guard.source})"
    rule = f" [{guard.rule_id}](rules.md#{guard.rule_id.lower()})"
    return wanted + rule if guard.rule_id in RULES else wanted


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
