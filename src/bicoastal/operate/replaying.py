"""Does an audit trail follow from what it says was seen, with the functions as they are now?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bicoastal.failover.audit import Entry
from bicoastal.failover.config import CONFIG_VARIABLE, ControllerConfig
from bicoastal.failover.replay import replay
from bicoastal.failover.state import Policy
from bicoastal.operate.access import Access, ask


def deployed_policy(client: Any, function: str, pace: float = 1.0) -> Policy:
    """The policy of a controller, from its configuration as deployed.

    Args:
        client: a boto3 client of Lambda, in the controller's region.
        function: the controller's function.
        pace: by how much durations are divided; not 1 in a lab only.

    Returns:
        The policy.

    Raises:
        ConfigError: the function's configuration is not one.
        ClientError, BotoCoreError: Lambda refused, or did not answer.
    """
    answer = client.get_function_configuration(FunctionName=function)
    text = answer["Environment"]["Variables"][CONFIG_VARIABLE]
    return Policy.of(ControllerConfig.from_json(text), pace)


def replay_problems(access: Access, entries: Sequence[Entry], pace: float = 1.0) -> list[str]:
    """Run a trail through the decision again, as the controllers are configured now.

    Args:
        access: the way to the stack.
        entries: the trail, oldest first.
        pace: by how much durations are divided; not 1 in a lab only.

    Returns:
        What does not follow, in words: first the controllers that did not tell their
        configuration, whose entries therefore cannot be replayed.
    """
    names = access.target.names
    policies, silent = {}, []
    for region in access.target.settings.regions.pair:
        client = access.clients.get("lambda", region)
        answer = ask(deployed_policy, client, names.controller(region), pace)
        if answer.problem is None:
            policies[region] = answer.value
        else:
            silent.append(f"the controller of {region} does not tell its policy: {answer.problem}")
    return silent + replay(entries, policies)
