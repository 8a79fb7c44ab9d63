"""Patroni on PostgreSQL with etcd in each of three regions, everything at its defaults."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.memory import tree
from benchmarks.peers.peer import Peer
from benchmarks.peers.place import Place
from benchmarks.peers.postgres import SCHEMA, PostgreSql
from benchmarks.peers.redirect import Redirect
from benchmarks.peers.wan import needs_root, wan_of
from bicoastal.errors import LabError
from bicoastal.failover.config import probe_timeout
from bicoastal.lab.processes import Child
from bicoastal.lab.waiting import wait_until

ENVIRONMENT = Path(os.environ.get("PATRONI_VENV") or Path(sys.prefix) / "peers")
"""Patroni's own virtual environment; `make peers` makes it."""
ETCD = "etcd"
_START_S = 90.0
_SUPERUSER = "postgres"
_PORT = 5432
_NETWORK = "10.99.0.0/24"


class Patroni(Peer):
    """One PostgreSQL in each member region; whoever holds the lock in etcd is primary."""

    patience_s = 45.0

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.driver = PostgreSql(ENVIRONMENT)
        self._wan = wan_of(place)
        self._password = secrets.token_urlsafe(18)
        self._nodes: dict[tuple[str, str], Child] = {}
        # A member that says it is primary holds the lock: one question is enough.
        self._redirect = Redirect(place, self._serves, threshold=1)

    def start(self, running: ExitStack) -> None:
        place, wan = self.place, self._wan
        running.enter_context(wan)
        place.workspace.path.chmod(0o711)  # PostgreSQL's user must get through
        sockets = {m: self._folder(m) / f".s.PGSQL.{_PORT}" for m in place.plan.members}
        place.start_network(
            sockets=sockets, listings=[wan.listing(member) for member in place.plan.members]
        )
        running.callback(self._end)
        for region in wan.regions:
            self._start_etcd(region)
        self._start_patroni(place.home)
        if not wait_until(self._make_database, _START_S, 0.5):
            raise LabError(f"no primary: {self._nodes[place.home, 'patroni'].log_tail()[-500:]}")
        self._start_patroni(place.standby)
        if not wait_until(self._streams, _START_S, 0.5):
            raise LabError(f"no replica: {self._nodes[place.standby, 'patroni'].log_tail()[-500:]}")
        running.enter_context(self._redirect)

    def prepare(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SCHEMA)

    def kill(self, member: str) -> None:
        for node in self._of(member):
            node.kill()

    def hang(self, member: str) -> None:
        self._signal(member, signal.SIGSTOP)

    def resume(self, member: str) -> None:
        self._signal(member, signal.SIGCONT)

    def restart(self, member: str) -> None:
        self._start_etcd(member)
        self._start_patroni(member)

    def cut(self, source: str, member: str) -> None:
        super().cut(source, member)
        self._wan.cut(source, member)

    def heal(self, source: str, member: str) -> None:
        self._wan.heal(source, member)
        super().heal(source, member)

    def final_writer(self) -> str:
        return self._redirect.member

    def _of(self, member: str) -> list[Child]:
        return [node for (region, _), node in self._nodes.items() if region == member]

    def _end(self) -> None:
        for node in self._nodes.values():
            node.kill()

    def _signal(self, member: str, number: signal.Signals) -> None:
        for node in self._of(member):
            for pid in tree(node.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _folder(self, region: str) -> Path:
        folder = self.place.workspace.path / f"pg-{region}"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            shutil.chown(folder, server_user())
        return folder

    def _start(self, region: str, kind: str, *command: str) -> None:
        """Run a command in a region as PostgreSQL's user, in a process namespace of its own.

        PostgreSQL outlives a Patroni that is killed, and is meant to; the kernel ends everything
        in a process namespace with its first process, and that one ends with us.
        """
        user = server_user()
        self._nodes[region, kind] = Child(
            [
                *self._wan.inside(region),
                "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                "setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}",
                # The kernel forgets unshare's --kill-child when the user changes: again, after it.
                "--clear-groups", "--pdeathsig=KILL", "--", *command,
            ],
            log=self.place.workspace.path / f"{kind}-{region}.log",
            name=f"{kind} in {region}",
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder(region))},
        )  # fmt: skip

    def _start_etcd(self, region: str) -> None:
        own = f"http://{self._wan.address(region)}"
        cluster = ",".join(f"{r}=http://{self._wan.address(r)}:2380" for r in self._wan.regions)
        self._start(
            region, "etcd", str(shutil.which(ETCD)),
            f"--name={region}",
            f"--data-dir={self._folder(region) / 'etcd'}",
            f"--listen-peer-urls={own}:2380",
            f"--initial-advertise-peer-urls={own}:2380",
            f"--listen-client-urls={own}:2379",
            f"--advertise-client-urls={own}:2379",
            f"--initial-cluster={cluster}",
        )  # fmt: skip

    def _start_patroni(self, region: str) -> None:
        folder = self._folder(region)
        file = folder / "patroni.yml"
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(self._config(region)))
        shutil.chown(file, server_user())
        self._start(region, "patroni", str(ENVIRONMENT / "bin" / "patroni"), str(file))

    def _config(self, region: str) -> dict[str, Any]:
        own, folder = self._wan.address(region), self._folder(region)
        login = {"username": _SUPERUSER, "password": self._password}
        return {
            "scope": "peers",
            "name": region,
            "etcd3": {"hosts": [f"{self._wan.address(r)}:2379" for r in self._wan.regions]},
            "restapi": {"listen": f"{own}:8008", "connect_address": f"{own}:8008"},
            "bootstrap": {
                "dcs": {"postgresql": {"use_pg_rewind": True}},
                "initdb": [{"encoding": "UTF8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{own}:{_PORT}",
                "connect_address": f"{own}:{_PORT}",
                "bin_dir": str(programs()),
                "data_dir": str(folder / "data"),
                "authentication": {
                    "superuser": login,
                    "replication": {"username": "replicator", "password": self._password},
                },
                # Only the set-up is quicker by it: the first copy does not wait for a checkpoint.
                "basebackup": [{"checkpoint": "fast"}],
                "parameters": {"unix_socket_directories": str(folder)},
                "pg_hba": [
                    "local all all scram-sha-256",
                    f"host all all {_NETWORK} scram-sha-256",
                    f"host replication all {_NETWORK} scram-sha-256",
                ],
            },
        }

    def _admin(self, member: str) -> Any:
        target = replace(
            self.place.target,
            user=_SUPERUSER, password=self._password, database="postgres", timeout_s=5.0,
        )  # fmt: skip
        return self.driver.connect(self.place.address(member), target)

    def _make_database(self) -> bool:
        target = self.place.target
        with (
            suppress(*self.driver.errors, OSError),
            closing(self._admin(self.place.home)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT pg_is_in_recovery()")
            if cursor.fetchall()[0][0]:
                return False
            # A statement that creates something takes no parameters; the password is ours.
            cursor.execute(f"CREATE ROLE {target.user} LOGIN PASSWORD '{target.password}'")
            cursor.execute(f"CREATE DATABASE {target.database} OWNER {target.user}")
            return True
        return False

    def _streams(self) -> bool:
        with (
            suppress(*self.driver.errors, OSError),
            closing(self._admin(self.place.home)) as connection,
            connection.cursor() as cursor,
        ):
            # By name: the first copy of the data streams, too, before the replica even runs.
            cursor.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' "
                "AND application_name = %s AND replay_lsn = pg_current_wal_lsn()",
                (self.place.standby,),
            )
            return bool(cursor.fetchall()[0][0])
        return False

    def _serves(self, address: str) -> bool:
        failover, pace = self.place.settings.failover, self.place.options.pace
        timeout_s = probe_timeout(failover.probe_timeout_s, pace)
        target = replace(self.place.target, timeout_s=timeout_s)
        with (
            suppress(*self.driver.errors, OSError),
            closing(self.driver.connect(address, target)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT pg_is_in_recovery()")
            return not cursor.fetchall()[0][0]
        return False


def server_user() -> str:
    """The user that PostgreSQL runs as: it refuses root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def programs() -> Path | None:
    """The folder with PostgreSQL's programs, the newest; None if there is none."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max((path.parent for path in found), key=lambda p: int(p.parts[-2]), default=None)


def missing() -> str:
    """Say what has to be installed, or nothing."""
    if programs() is None or shutil.which(ETCD) is None:
        return "apt-get install --no-install-recommends postgresql etcd-server"
    program = ENVIRONMENT / "bin" / "patroni"
    if not program.exists():
        return "make peers (installs requirements/patroni.txt in an environment of its own)"
    if why := needs_root():
        return why
    # The shell in between: setpriv itself still has root's rights when it starts what follows.
    runs = ("/bin/sh", "-c", 'exec "$0" --version', str(program))
    tried = subprocess.run(
        ["setpriv", f"--reuid={server_user()}", "--clear-groups", "--", *runs],
        capture_output=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        return (
            f"user {server_user()} cannot run {program}; make the environment where that user can "
            "read it, with a Python that it can read, and name it in PATRONI_VENV"
        )
    return ""


def version() -> str:
    """What ran."""

    def said(*command: Path | str) -> str:
        return subprocess.run(
            command, capture_output=True, text=True, check=False
        ).stdout.splitlines()[0]

    patroni, postgres = ENVIRONMENT / "bin" / "patroni", (programs() or Path()) / "postgres"
    return f"{said(patroni, '--version')}, {said(postgres, '--version')}, {said(ETCD, '--version')}"
