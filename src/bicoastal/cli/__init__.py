"""The command `bicoastal`."""

from bicoastal.cli.app import main

__all__ = ["main"]
