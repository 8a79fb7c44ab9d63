"""The Pulumi program: read the stack's configuration, build `TapStack`, export what it says."""

from __future__ import annotations

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from bicoastal.errors import BicoastalError
from bicoastal.settings import TapStackArgs, from_pulumi_config
from bicoastal.stack.tap_stack import TapStack


def program() -> None:
    """Register everything that the stack's configuration asks for.

    Raises:
        BicoastalError: the configuration cannot be used; nothing has been registered then.
    """
    settings = from_pulumi_config({**get_config_env(), **CONFIG.get()}, deploying=True)
    stack = TapStack(settings.project, TapStackArgs(settings=settings))
    for key, value in stack.outputs.items():
        pulumi.export(key, value)


def main() -> None:
    """What `pulumi up` runs: the program, with mistakes told in words and without a traceback.

    Raises:
        pulumi.RunError: the configuration cannot be used.
    """
    try:
        program()
    except BicoastalError as error:
        raise pulumi.RunError(str(error)) from None
