"""The functions: that their code is this version's, and that the controllers are run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bicoastal.failover import bundle
from bicoastal.failover.gateway import Clients
from bicoastal.live.asking import client, if_there
from bicoastal.operate.doctor.finding import Finding
from bicoastal.settings import Settings

_DEPLOY = "pulumi up --refresh"
_MISSING = "ResourceNotFoundException"


def function(clients: Clients, settings: Settings, region: str, name: str) -> Iterator[Finding]:
    """Examine a function.

    Args:
        clients: boto3's clients.
        settings: say which authorities its zip holds.
        region: its region.
        name: its name.

    Yields:
        That it is missing, is of another version, or cannot be called.
    """
    found = if_there(
        lambda: client(clients, "lambda", region).get_function_configuration(FunctionName=name),
        _MISSING,
    )
    subject = f"{region} {name}"
    if found is None:
        why = "without it nobody probes or decides there"
        yield Finding("function-missing", subject, "gone", "there", why, _DEPLOY)
        return
    authorities = settings.health.ca_file
    wanted = bundle.digest(None if authorities is None else Path(authorities))
    if found["CodeSha256"] != wanted:
        yield Finding(
            "function-code",
            subject,
            f"code {found['CodeSha256'][:12]}",
            f"code {wanted[:12]}, of this version of bicoastal",
            "witnesses and controllers of differing versions may not understand each other",
            "pulumi up, from the version that should run",
        )
    state = found.get("State", "Active")
    if state != "Active":
        why = "a function that is not active answers no call"
        yield Finding("function-state", subject, state, "Active", why, "wait, or pulumi up")


def schedule(clients: Clients, region: str, name: str) -> Iterator[Finding]:
    """Examine the rule that runs a controller.

    Args:
        clients: boto3's clients.
        region: its region.
        name: its name.

    Yields:
        That it is missing or switched off.
    """
    found = if_there(lambda: client(clients, "events", region).describe_rule(Name=name), _MISSING)
    why = "a controller that is not run neither watches nor keeps the latch fresh"
    if found is None:
        yield Finding("schedule-missing", f"{region} {name}", "gone", "there", why, _DEPLOY)
    elif found.get("State") != "ENABLED":
        cure = f"aws events enable-rule --region {region} --name {name}"
        live = str(found.get("State"))
        yield Finding("schedule-disabled", f"{region} {name}", live, "ENABLED", why, cure)
