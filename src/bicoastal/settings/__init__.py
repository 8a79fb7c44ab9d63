"""What may be asked for: typed settings, the rules that they must meet, and the names they give.

The parts load when they are first asked for: whoever needs only a name does not pay for pydantic,
and nothing here imports Pulumi or boto3.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bicoastal.settings.args import TapStackArgs
    from bicoastal.settings.catalogue import RULES
    from bicoastal.settings.findings import Finding, InvalidSettingsError, Severity
    from bicoastal.settings.loading import (
        check,
        from_pulumi_config,
        load,
        load_stack_file,
        review_stack_file,
        validate,
        validate_pulumi_config,
        validate_stack_file,
    )
    from bicoastal.settings.models import (
        Adopt,
        Budget,
        Database,
        Dns,
        Failover,
        Health,
        Monitoring,
        Network,
        Regions,
        Settings,
    )
    from bicoastal.settings.names import Names, region_code
    from bicoastal.settings.profiles import PROFILES

_HOME = {
    "PROFILES": "profiles",
    "RULES": "catalogue",
    "Adopt": "models",
    "Budget": "models",
    "Database": "models",
    "Dns": "models",
    "Failover": "models",
    "Finding": "findings",
    "Health": "models",
    "InvalidSettingsError": "findings",
    "Monitoring": "models",
    "Names": "names",
    "Network": "models",
    "Regions": "models",
    "Settings": "models",
    "Severity": "findings",
    "TapStackArgs": "args",
    "check": "loading",
    "from_pulumi_config": "loading",
    "load": "loading",
    "load_stack_file": "loading",
    "region_code": "names",
    "review_stack_file": "loading",
    "validate": "loading",
    "validate_pulumi_config": "loading",
    "validate_stack_file": "loading",
}

__all__ = [
    "PROFILES",
    "RULES",
    "Adopt",
    "Budget",
    "Database",
    "Dns",
    "Failover",
    "Finding",
    "Health",
    "InvalidSettingsError",
    "Monitoring",
    "Names",
    "Network",
    "Regions",
    "Settings",
    "Severity",
    "TapStackArgs",
    "check",
    "from_pulumi_config",
    "load",
    "load_stack_file",
    "region_code",
    "review_stack_file",
    "validate",
    "validate_pulumi_config",
    "validate_stack_file",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value  # the next look-up is a plain one
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
