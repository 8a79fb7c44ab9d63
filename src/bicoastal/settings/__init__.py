"""What may be asked for: typed settings, the rules that they must meet, and the names they give."""

from bicoastal.settings.args import TapStackArgs
from bicoastal.settings.findings import Finding, InvalidSettingsError, Severity
from bicoastal.settings.loading import load
from bicoastal.settings.models import (
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

__all__ = [
    "PROFILES",
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
    "load",
    "region_code",
]
