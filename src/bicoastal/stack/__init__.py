"""What is deployed: `TapStack` and one component for each concern.

Importing this package imports Pulumi; what only talks about settings imports `bicoastal.settings`.
"""

from bicoastal.settings import TapStackArgs
from bicoastal.stack.tap_stack import TapStack

__all__ = ["TapStack", "TapStackArgs"]
