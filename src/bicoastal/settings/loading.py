"""From raw mappings to `Settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bicoastal.settings.findings import Finding, InvalidSettingsError
from bicoastal.settings.models import Settings


def load(raw: Mapping[str, Any]) -> Settings:
    """Turn a raw mapping in camel case into settings."""
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        found = [
            Finding("BC002", "error", ".".join(map(str, e["loc"])), "", e["msg"], "", "")
            for e in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidSettingsError(found) from None
