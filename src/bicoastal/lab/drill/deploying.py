"""The stack in the embedded AWS: deployed by the unchanged program, destroyed, compared."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from bicoastal.errors import DeploymentError
from bicoastal.lab.drill.environment import Environment
from bicoastal.lab.drill.report import Deployment as DeploymentReport
from bicoastal.lab.engine import (
    DeployedResource,
    Deployment,
    Event,
    JournalEntry,
    PlannedChange,
    Transform,
)
from bicoastal.lab.planning import PROJECT, pulumi_config
from bicoastal.lab.provider import LabProvider
from bicoastal.operate import dismantling
from bicoastal.operate.errors import Refused
from bicoastal.operate.inventory import inventory
from bicoastal.settings import Settings
from bicoastal.stack.program import program

_PACKAGES = (
    "cloudwatch", "dynamodb", "ec2", "iam", "kms", "lambda_", "rds", "route53",
    "secretsmanager", "sns", "vpc",
)  # fmt: skip


def import_ahead() -> threading.Thread:
    """Begin to import what the program will need of Pulumi's AWS package, over a second's worth.

    Returns:
        The thread that does it, while servers start; nobody has to wait for it.
    """

    def run() -> None:
        for package in _PACKAGES:
            importlib.import_module(f"pulumi_aws.{package}")

    thread = threading.Thread(target=run, name="import-ahead", daemon=True)
    thread.start()
    return thread


class Stack:
    """One deployment of `TapStack` in a lab.

    Args:
        environment: The lab.
        settings: What to deploy; its secret is replaced by the lab's.
        transform: Changes resources on the way, to rehearse a defect.
        on_event: Is told of the engine's progress, from several threads.
    """

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        *,
        transform: Transform | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.environment = environment
        self._settings = settings
        self._regions = settings.regions.all
        # The lab has a secret and a hosted zone of its own, as it has no account of yours.
        deployed = settings.model_copy(
            update={"secret_arn": environment.secret_arn, "hosted_zone_id": None}
        )
        self._provider = LabProvider(environment.aws.endpoint_url)
        self.deployment = Deployment(
            PROJECT,
            settings.environment_suffix,
            pulumi_config(deployed),
            provider=self._provider,
            transform=transform,
            on_event=on_event,
        )
        self._before = self._inventory()
        self._resources: list[DeployedResource] = []
        self.outputs: Mapping[str, Any] = {}
        self._deleted = 0
        self._leftovers: list[str] = []

    @property
    def journal(self) -> list[JournalEntry]:
        """What the engine did so far, in order, with everything that it keeps of it."""
        return self.deployment.journal

    def deploy(self) -> Mapping[str, Any]:
        """Run the Pulumi program.

        Returns:
            The stack's outputs.

        Raises:
            DeploymentError: Some resources failed; the message lists them all, and says what is
                left after the rest was destroyed again.
        """
        try:
            result = self.deployment.up(program)
        except DeploymentError as error:
            left = self.destroy()
            outcome = f"this is left: {', '.join(left)}" if left else "nothing is left"
            raise DeploymentError(
                f"{error}\nWhat had been created was destroyed; {outcome}."
            ) from error
        self._resources = list(result.resources)
        self.outputs = result.outputs
        return self.outputs

    def changes(self, *, refresh: bool = True) -> list[PlannedChange]:
        """What `pulumi up --refresh` would do now; empty when the program is quiet.

        Args:
            refresh: Read what is there first; without it the last reading counts.

        Raises:
            DeploymentError: Something could not be read or compared.
        """
        if refresh:
            self.deployment.refresh()
        return self.deployment.compare(program)

    def destroy(self) -> list[str]:
        """Delete everything, as `bicoastal destroy` does it, and look what is left.

        Returns:
            What the program created and the destruction left behind.

        Raises:
            DeploymentError: Something could not be deleted.
        """
        client, settings = self._provider.client, self._settings
        try:
            steps = dismantling.steps(settings, dismantling.look(client, settings))
            dismantling.dismantle(client, steps, pace=self.environment.pace)
        except Refused as error:
            raise DeploymentError(str(error)) from error
        self._deleted = len(self.deployment.destroy())
        self._leftovers = sorted(self._inventory() - self._before)
        return self._leftovers

    def report(self) -> DeploymentReport:
        """Describe the deployment for the drill's record."""
        return DeploymentReport(
            resources=len(self._resources),
            by_type=dict(sorted(Counter(r.type for r in self._resources).items())),
            by_region=dict(sorted(Counter(r.region or "" for r in self._resources).items())),
            destroyed=self._deleted,
            leftovers=self._leftovers,
        )

    def _inventory(self) -> frozenset[str]:
        return inventory(self._provider.client, self._regions)
