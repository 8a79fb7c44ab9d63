"""The page on configuration is true: every key with its default, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel

from bicoastal.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
COMPUTED = {
    "secretArn": "none",
    "hostedZoneId": "none",
    "domainName": "`db-<suffix>.example.com`",
    "health.caFile": "none",
    "adopt.cluster": "none",
    "adopt.kmsKeyArn": "none",
    "adopt.subnetGroup": "none",
    "adopt.vpcId": "none",
    "budget.monthlyUsd": "none",
    "expiresAfter": "none",
    "database.backupWindow": "AWS chooses",
    "database.maintenanceWindow": "AWS chooses",
}


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `([\w.]+)` \| (.+?) \|", PAGE.read_text(), re.MULTILINE)
    return dict(rows)


def keys(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for field in model.model_fields.values():
        name = f"{prefix}{field.alias}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys(kind, f"{name}.")
            continue
        if name in COMPUTED:
            found[name] = COMPUTED[name]
            continue
        value = field.get_default(call_default_factory=True)
        text = value if isinstance(value, str) else json.dumps(value)
        found[name] = f"`{text}`"
    return found


def test_every_key_is_documented_with_its_default():
    assert documented() == keys(Settings)
