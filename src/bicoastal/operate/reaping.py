"""Destroying what has expired: `bicoastal destroy`, one environment after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bicoastal.errors import BicoastalError
from bicoastal.live.expiry import Environment
from bicoastal.operate import destroying, pulumi_cli
from bicoastal.operate.access import Access, Told
from bicoastal.operate.errors import Refused
from bicoastal.operate.target import Target
from bicoastal.settings import Settings, durations, load_stack_file


def stack_file_of(environment: Environment, files: Iterable[Path]) -> tuple[Path, Settings]:
    """The stack file that an environment was deployed from.

    Only it says what a destruction has to respect, such as final snapshots, and whose state Pulumi
    keeps.

    Args:
        environment: the environment.
        files: the stack files that there are.

    Returns:
        The file and its settings.

    Raises:
        Refused: there is none, or more than one.
    """
    found = []
    for file in files:
        try:
            settings = load_stack_file(file)
        except BicoastalError:
            continue
        same_place = set(environment.regions) <= set(settings.regions.members)
        if settings.environment_suffix == environment.suffix and same_place:
            found.append((file, settings))
    if len(found) != 1:
        why = f"{len(found)} stack files are" if found else "no stack file is"
        raise Refused(
            f"{why} of {environment.suffix} in {', '.join(environment.regions)}: run this in the "
            "folder of its stack file, or give --stacks"
        )
    return found[0]


def check_file(environment: Environment, settings: Settings, now: datetime) -> None:
    """Refuse what its stack file lets live.

    Args:
        environment: the environment, which has expired by its tag.
        settings: what its stack file says.
        now: the present.

    Raises:
        Refused: the file says nothing of expiring, or a longer life, that was not deployed yet.
    """
    life = settings.expires_after
    if life is None:
        raise Refused("its stack file has no expiresAfter: deploy it, and the tag goes")
    if environment.age_s(now) < (durations.seconds(life) or 0):
        raise Refused(f"its stack file lets it live for {life}: deploy it, and the tag says so too")


@dataclass(frozen=True)
class Outcome:
    """What became of an environment that was to be destroyed.

    Attributes:
        suffix: which one.
        refused: why it was not destroyed, or not to its end; None if it was.
        left: what is left of it.
    """

    suffix: str
    refused: str | None = None
    left: tuple[str, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        return self.refused is None and not self.left


def destroy_expired(
    environment: Environment,
    folder: Path,
    endpoint: Callable[[str], str | None],
    agree: Callable[[], None],
    *,
    now: datetime,
    pace: float = 1.0,
    tell: Told = lambda _line: None,
) -> Outcome:
    """Destroy an environment that has expired, as `bicoastal destroy` would.

    Args:
        environment: the environment.
        folder: where its stack file is.
        endpoint: a region's address, None for boto3's own.
        agree: asks whether it may be done; raises if not.
        now: the present.
        pace: by how much durations are divided.
        tell: takes progress.

    Returns:
        What became of it.
    """
    try:
        file, settings = stack_file_of(environment, sorted(folder.glob("Pulumi.*.yaml")))
        check_file(environment, settings, now)
        rest = pulumi_cli.find(file, None).destroy
        access = Access(Target(settings, None, any_topology=True), endpoint)
        agreed = destroying.plan(access, tell)
        if agreed.refusals:
            return Outcome(environment.suffix, "; ".join(agreed.refusals))
        agree()
        left = destroying.destroy(
            access,
            agreed,
            rest,
            requester=access.requester(access.target.order[0]),
            reason=f"it has outlived its expiresAfter, {environment.life}",
            pace=pace,
            tell=tell,
        )
    except BicoastalError as error:
        return Outcome(environment.suffix, str(error))
    return Outcome(environment.suffix, None, left)
