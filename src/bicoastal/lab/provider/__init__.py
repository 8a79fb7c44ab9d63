"""A Pulumi provider for the embedded AWS: what the stack needs of `aws`, through boto3."""

from __future__ import annotations

from bicoastal.lab.provider.aws import Credentials, ProviderError
from bicoastal.lab.provider.provider import LabProvider
from bicoastal.lab.provider.registry import HANDLERS

__all__ = ["HANDLERS", "Credentials", "LabProvider", "ProviderError"]
