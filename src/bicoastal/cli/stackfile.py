"""Reading the settings that a command works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bicoastal.settings import Settings

PLACEHOLDER_SECRET = "arn:aws:secretsmanager:{region}:123456789012:secret:database-AbCdEf"  # noqa: S105


def deployable_settings(stack: Path | None) -> Settings:
    """Settings of a stack file, or the defaults, with a secret to refer to.

    A plan and a drill need some secret's ARN and never its value: where the stack file names none,
    a placeholder stands in. `pulumi up` refuses such a stack.

    Args:
        stack: Stack file, or None for the defaults of the `validation` profile.

    Returns:
        The validated settings.

    Raises:
        InvalidSettingsError: Any key is wrong; the message lists every finding.
    """
    from bicoastal.settings import load, load_stack_file

    settings = load({}) if stack is None else load_stack_file(stack)
    if settings.secret_arn is None:
        placeholder = PLACEHOLDER_SECRET.format(region=settings.regions.home)
        return settings.model_copy(update={"secret_arn": placeholder})
    return settings
