"""`python -m bicoastal.lab.provider`: the provider as Pulumi's plugin `pulumi-resource-aws`."""

from __future__ import annotations

import os
import sys

from bicoastal.lab.provider.serve import main

sys.exit(main(os.environ))
