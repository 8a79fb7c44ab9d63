"""What a contestant outside the drill has to offer, and how a scenario is played on it."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import Any

from benchmarks.peers import canary
from benchmarks.peers.judging import Run
from benchmarks.peers.place import Place
from bicoastal.errors import LabError
from bicoastal.lab import oracle
from bicoastal.lab.clients import Driver, Writers
from bicoastal.lab.drill.stall import StallWatch
from bicoastal.lab.scenarios.model import Step
from bicoastal.lab.waiting import wait_until

RECENT_S = 1.0


class Peer(ABC):
    """Some other way to keep a database available in two regions.

    Attributes:
        place: Where it runs.
        driver: How clients talk to it.
        patience_s: Longest wait for it to serve in the other region, beyond the window.
        one_writer: Whether only one member is meant to take writes.
    """

    driver: Driver
    patience_s = 10.0
    one_writer = True

    def __init__(self, place: Place) -> None:
        self.place = place

    @abstractmethod
    def start(self, running: ExitStack) -> None:
        """Start the servers and all that watches them, in the main thread.

        Args:
            running: Whatever is entered here ends with the run.
        """

    @abstractmethod
    def prepare(self, connection: Any) -> None:
        """Create the clients' table through a connection to the home member."""

    @abstractmethod
    def kill(self, member: str) -> None:
        """SIGKILL of everything that the member runs."""

    @abstractmethod
    def hang(self, member: str) -> None:
        """SIGSTOP of everything that the member runs."""

    @abstractmethod
    def resume(self, member: str) -> None:
        """SIGCONT."""

    @abstractmethod
    def restart(self, member: str) -> None:
        """Start a killed member again."""

    @abstractmethod
    def final_writer(self) -> str:
        """The member that holds the truth at the end."""

    def cut(self, source: str, member: str) -> None:
        """Drop every packet from a source (or `*`) to a member, both ways."""
        self.place.network.cut(source=source, member=member)

    def heal(self, source: str, member: str) -> None:
        """Let packets through again."""
        self.place.network.heal(source=source, member=member)

    def connect(self, member: str) -> Any:
        """Connect as the clients do, with more patience."""
        return self.driver.connect(
            self.place.address(member), replace(self.place.target, timeout_s=5.0)
        )


def play(peer: Peer, tell: Callable[[str], None]) -> Run:
    """Play the scenario of the place's options on a peer.

    Args:
        peer: Not started yet.
        tell: Is told what happens.

    Returns:
        What was seen.

    Raises:
        LabError: It could not be started.
    """
    place = peer.place
    with ExitStack() as running:
        peer.start(running)
        with closing(peer.connect(place.home)) as connection:
            peer.prepare(connection)
            canary.create_table(connection)
        addresses = {member: place.address(member) for member in place.plan.members}
        canaries = running.enter_context(canary.Canaries(peer.driver, place.target, addresses))
        writers = running.enter_context(place.writers(peer.driver))
        player = _Player(peer, writers, tell)
        with StallWatch(place.workspace.path) as stall:
            player.play()
        writers.stop()
        rows = {member: _rows(peer, member) for member in place.plan.members}
    final = peer.final_writer()
    old = rows[place.home if final == place.standby else place.standby]
    held = rows[final]
    if held is None:
        raise LabError(f"the final writer, {final}, cannot be read")
    judgement = oracle.judge(writers.history, held, old, fault_s=player.fault_s)
    return Run(
        plan=place.plan,
        home=place.home,
        history=writers.history,
        canaries=canaries.attempts(),
        fault_s=player.fault_s,
        lost=len(judgement.lost),
        divergent=None if old is None else len(judgement.divergent),
        one_writer=peer.one_writer,
        stall_s=stall.longest_s,
    )


def _rows(peer: Peer, member: str) -> list[oracle.Row] | None:
    with suppress(*peer.driver.errors, OSError), closing(peer.connect(member)) as connection:
        return oracle.read_rows(connection)
    return None


class _Player:
    """Does what `lab.drill.steps` does in a drill, with what a peer has."""

    def __init__(self, peer: Peer, writers: Writers, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._peer = peer
        self._writers = writers
        self._place = peer.place
        self._pace = peer.place.options.pace
        self.fault_s = 0.0

    def play(self) -> None:
        options = self._place.options
        time.sleep(
            options.steady_s + random.Random(options.seed).uniform(0, self._place.interval_s)
        )
        for step in options.scenario.steps:
            if step.do is not None:
                self.fault_s = self.fault_s or time.monotonic()
                self._do(step)
            elif step.until is not None:
                self._until(step)
            else:
                time.sleep((step.wait_s or 0.0) / self._pace)

    def _do(self, step: Step) -> None:
        region = {"home": self._place.home, "standby": self._place.standby}
        member = region[step.place]
        source = "*" if step.source is None else region[step.source]
        self._tell(f"{step.do} {member}" + ("" if source == "*" else f" from {source}"))
        match step.do:
            case "kill":
                self._peer.kill(member)
            case "hang":
                self._peer.hang(member)
            case "resume":
                self._peer.resume(member)
            case "restart":
                self._peer.restart(member)
            case "cut":
                self._peer.cut(source, member)
            case "heal":
                self._peer.heal(source, member)
            case _:
                raise LabError(f"no peer can do {step.do!r}")

    def _until(self, step: Step) -> None:
        failover = self._place.settings.failover
        most_s = (failover.window_s + 3 * failover.probe_interval_s) / self._pace
        if step.until == "standby-serves":
            seen = wait_until(self._standby_serves, most_s + self._peer.patience_s)
            self._tell(f"standby serves: {'seen' if seen else 'NOT seen in time'}")
        else:  # a member that returned has no controller here that would say so
            time.sleep(most_s / 4)

    def _standby_serves(self) -> bool:
        now = time.monotonic()
        for op in reversed(self._writers.history.ops):
            if op.outcome == "ok":
                recent = op.done_s > self.fault_s and now - op.done_s < RECENT_S
                return recent and self._place.plan.member_of(op.address) == self._place.standby
        return False
