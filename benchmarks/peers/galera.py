"""Galera: two data nodes and an arbiter, one in each region, everything at its defaults."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymysql

from benchmarks.peers.peer import Peer
from benchmarks.peers.place import Place
from benchmarks.peers.redirect import Redirect
from benchmarks.peers.wan import needs_root, wan_of
from bicoastal.errors import LabError
from bicoastal.failover.config import probe_timeout
from bicoastal.lab import oracle
from bicoastal.lab.clients import MySql
from bicoastal.lab.databases import Database, find_server
from bicoastal.lab.databases.template import STORAGE_OPTIONS
from bicoastal.lab.processes import Child
from bicoastal.lab.waiting import wait_until

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
ARBITER = "garbd"
_GROUP = "bicoastal-peers"
_START_S = 60.0
_POSITION = re.compile(r"Recovered position: *(\S+:-?\d+)")


class Galera(Peer):
    """Two writers by design; clients use one and are moved when it fails its checks."""

    one_writer = False

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.driver = MySql()
        self._wan = wan_of(place)
        self._wrappers: dict[str, Path] = {}
        self._databases: dict[str, Database] = {}
        self._redirect = Redirect(place, self._serves, threshold=place.settings.failover.threshold)

    def start(self, running: ExitStack) -> None:
        place, target, wan = self.place, self.place.target, self._wan
        running.enter_context(wan)
        shutil.copy(Path(__file__).with_name("handover.sh"), self._method())
        self._method().chmod(0o700)
        place.start_network(listings=[wan.listing(member) for member in place.plan.members])
        for number, member in enumerate(place.plan.members, 1):
            wrapper = place.workspace.path / f"mariadbd-{number}"
            self._wrappers[member] = wrapper
            database = Database(
                place.workspace,
                member,
                number,
                socket=place.workspace.socket(member),
                server=replace(find_server(), path=wrapper),
            )
            running.callback(database.discard)
            self._databases[member] = database
        home = self._databases[place.home]
        self._wrap(place.home, "--wsrep-new-cluster")
        home.start(read_only=False, timeout=_START_S)
        self._await_serving(place.home)
        with closing(home.admin()) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {target.database}")
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (target.user, target.password))
            cursor.execute("GRANT ALL ON *.* TO %s@'%%'", (target.user,))
        self._wrap(place.standby)
        standby = self._databases[place.standby]
        # The standby begins with a copy of the stopped home node, as from a backup: a full state
        # transfer would bring the same. What is said meanwhile comes by incremental transfer.
        home.stop()
        shutil.copytree(home.volume, standby.volume, ignore=shutil.ignore_patterns("gvwstate.dat"))
        home.start(read_only=False, timeout=_START_S)
        self._await_serving(place.home)
        standby.start(read_only=False, timeout=_START_S)
        self._await_serving(place.standby)
        arbiter = Child(
            [
                *wan.inside(place.third), ARBITER, f"--address={self._cluster()}",
                f"--group={_GROUP}", f"--workdir={place.workspace.path}",
                f"--options=gmcast.listen_addr=tcp://{wan.address(place.third)}:4567",
            ],
            log=place.workspace.path / "garbd.log",
            name="garbd",
        )  # fmt: skip
        running.callback(arbiter.kill)
        if not wait_until(lambda: self._status(place.home, "wsrep_cluster_size") == "3", _START_S):
            raise LabError(f"garbd did not join: {arbiter.log_tail()}")
        running.enter_context(self._redirect)

    def prepare(self, connection: Any) -> None:
        oracle.create_schema(connection)

    def kill(self, member: str) -> None:
        self._databases[member].kill()

    def hang(self, member: str) -> None:
        self._databases[member].pause()

    def resume(self, member: str) -> None:
        self._databases[member].resume()

    def restart(self, member: str) -> None:
        self._wrap(member, f"--wsrep-start-position={self._recovered(member)}")
        self._databases[member].launch(read_only=False)

    def cut(self, source: str, member: str) -> None:
        super().cut(source, member)
        self._wan.cut(source, member)

    def heal(self, source: str, member: str) -> None:
        self._wan.heal(source, member)
        super().heal(source, member)

    def final_writer(self) -> str:
        return self._redirect.member

    def _cluster(self) -> str:
        return "gcomm://" + ",".join(self._wan.address(region) for region in self._wan.regions)

    def _wrap(self, member: str, *more: str) -> None:
        """Write the program that `Database` starts: the server, inside its region."""
        own = self._wan.address(member)
        options = [
            "--wsrep-on=ON",
            f"--wsrep-provider={PROVIDER}",
            f"--wsrep-cluster-name={_GROUP}",
            f"--wsrep-cluster-address={self._cluster()}",
            f"--wsrep-node-address={own}",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://{own}:4567;ist.recv_addr={own}:4568",
            "--wsrep-sst-method=handover",
            "--innodb-autoinc-lock-mode=2",
            *more,
        ]
        words = shlex.join([*self._wan.inside(member), str(find_server().path)])
        wrapper = self._wrappers[member]
        folder = self.place.workspace.path
        wrapper.write_text(
            f'#!/bin/sh\nexport PATH="{folder}:$PATH" HANDOVER="{folder}/handover"\n'
            f'exec {words} "$@" {shlex.join(options)}\n'
        )
        wrapper.chmod(0o700)

    def _method(self) -> Path:
        return self.place.workspace.path / "wsrep_sst_handover"

    def _recovered(self, member: str) -> str:
        """Ask a crashed node's files how far it had come, as galera_recovery does."""
        volume = self._databases[member].volume
        answer = subprocess.run(
            [
                find_server().path, "--no-defaults", "--user=root", f"--datadir={volume}",
                f"--lc-messages-dir={find_server().scripts}", "--wsrep-recover",
                "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--skip-networking",
                "--wsrep-cluster-address=gcomm://", "--wsrep-sst-method=skip",
                "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
                f"--socket={volume}/recover.sock", *STORAGE_OPTIONS,
            ],
            capture_output=True, text=True, check=False, timeout=_START_S,
        ).stderr  # fmt: skip
        found = _POSITION.search(answer)
        if found is None:
            raise LabError(f"{member} does not know its position: {answer[-1000:]}")
        return found[1]

    def _await_serving(self, member: str) -> None:
        if not wait_until(lambda: self._status(member, "wsrep_ready") == "ON", _START_S):
            log = self._databases[member].volume.with_suffix(".log")
            raise LabError(f"Galera's node in {member} is not ready: {log.read_text()[-500:]}")

    def _status(self, member: str, name: str) -> str:
        with (
            suppress(pymysql.MySQLError, OSError),
            closing(self._databases[member].admin(read_timeout=1.0)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW STATUS LIKE %s", (name,))
            row = cursor.fetchone() or {}
            return str(row.get("Value", ""))
        return ""

    def _serves(self, address: str) -> bool:
        failover, pace = self.place.settings.failover, self.place.options.pace
        timeout_s = probe_timeout(failover.probe_timeout_s, pace)
        target = replace(self.place.target, timeout_s=timeout_s)
        with (
            suppress(pymysql.MySQLError, OSError),
            closing(self.driver.connect(address, target)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW STATUS LIKE 'wsrep_ready'")
            return bool(cursor.fetchall() == (("wsrep_ready", "ON"),))
        return False


def missing() -> str:
    """Say what has to be installed, or nothing."""
    if not PROVIDER.exists() or shutil.which(ARBITER) is None:
        return "apt-get install --no-install-recommends galera-4 galera-arbitrator-4"
    return needs_root()


def version() -> str:
    """What ran."""
    said = subprocess.run([ARBITER, "--version"], capture_output=True, text=True, check=False)
    number = (said.stdout + said.stderr).strip().removeprefix("INFO: ")
    return f"MariaDB {find_server().version}, garbd {number}"
