"""Who is compared, what each needs, and what must be known about its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.peers import drilled, galera, patroni
from benchmarks.peers.judging import Run
from benchmarks.peers.naive import Naive
from benchmarks.peers.peer import Peer, play
from benchmarks.peers.place import Place
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.settings import Settings

CLASSICAL_PATIENCE_S = 4.0
"""Nobody promotes there: waiting longer only makes the run longer."""

Tell = Callable[[str], None]
Play = Callable[[Settings, DrillOptions, Tell], Run]


@dataclass(frozen=True)
class Contestant:
    """One column's worth of rows.

    Attributes:
        name: Short name, also on the command line.
        what: What it is, in a line.
        detects: When it believes that a member is lost, in words.
        run: Plays the scenario of the options.
        missing: Says what has to be installed, or nothing.
        version: Says what ran.
    """

    name: str
    what: str
    detects: Callable[[Settings, float], str]
    run: Play
    missing: Callable[[], str]
    version: Callable[[], str]


def _classical(settings: Settings, options: DrillOptions, tell: Tell) -> Run:
    patient = replace(options, patience_s=CLASSICAL_PATIENCE_S)
    return drilled.drill(settings, drilled.classical(settings), patient, tell)


def _ours(settings: Settings, options: DrillOptions, tell: Tell) -> Run:
    return drilled.drill(settings, drilled.OURS, options, tell)


def _peer(make: Callable[[Place], Peer]) -> Play:
    def run(settings: Settings, options: DrillOptions, tell: Tell) -> Run:
        with Place(settings, options) as place:
            return play(make(place), tell)

    return run


def _rounds(settings: Settings, pace: float) -> str:
    failover = settings.failover
    seconds = failover.probe_interval_s * failover.threshold / pace
    return f"{failover.threshold} failed checks, {seconds:.1f} s and what the checks take"


def _window(settings: Settings, pace: float) -> str:
    failover = settings.failover
    return (
        f"{failover.threshold} bad rounds of {failover.quorum} of 3 witnesses and "
        f"{failover.grace_s / pace:.1f} s of grace, {failover.window_s / pace:.1f} s"
    )


def _galera(settings: Settings, pace: float) -> str:
    return "evs.suspect_timeout, 5 s, and clients are moved after " + _rounds(settings, pace)


def _patroni(_settings: Settings, _pace: float) -> str:
    return "ttl, 30 s, renewed every loop_wait, 10 s"


def _nothing() -> str:
    return ""


CONTESTANTS: tuple[Contestant, ...] = (
    Contestant(
        "route53", "Route 53 failover pair with TCP checks; nobody promotes",
        _rounds, _classical, _nothing, drilled.database_version,
    ),
    Contestant(
        "naive", "one prober in the standby region: promotes and moves DNS",
        _rounds, _peer(Naive), _nothing, drilled.database_version,
    ),
    Contestant(
        "galera", "two data nodes and an arbiter; a checker moves the clients' name",
        _galera, _peer(galera.Galera), galera.missing, galera.version,
    ),
    Contestant(
        "patroni", "PostgreSQL with etcd in three regions; a checker moves the clients' name",
        _patroni, _peer(patroni.Patroni), patroni.missing, patroni.version,
    ),
    Contestant(
        "bicoastal", "this project: three witnesses, window, fence, latch",
        _window, _ours, _nothing, drilled.database_version,
    ),
)  # fmt: skip
