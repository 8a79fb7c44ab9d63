"""What is deployed: `TapStack` and one component for each concern.

Importing this package imports Pulumi; `bicoastal.settings` is what to import to talk about settings.
"""

from bicoastal.stack.tap_stack import TapStack

__all__ = ["TapStack"]
