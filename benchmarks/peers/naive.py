"""The script that many begin with: one prober, one vote, promote, move DNS.

It knows the same interval and threshold as ours, and promotes with the same means. It has no
window beyond them, no second witness, no fence, no record and no approval.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pymysql

from benchmarks.peers.peer import Peer
from benchmarks.peers.place import Place
from bicoastal.failover.config import probe_timeout
from bicoastal.lab import oracle
from bicoastal.lab.aws.config import ServerConfig
from bicoastal.lab.clients import MySql
from bicoastal.lab.databases import Database

PROMOTION_S = ServerConfig.promotion_s
"""The lab's stand-in for Aurora's own promotion; ours pays it, so this script does."""


class Naive(Peer):
    """Two MariaDB servers, asynchronous replication, one script in the standby region."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.driver = MySql()
        self._databases = {
            member: Database(place.workspace, member, number, socket=place.workspace.socket(member))
            for number, member in enumerate(place.plan.members, 1)
        }
        self._stopping = threading.Event()
        self._promoted = False
        self._thread = threading.Thread(target=self._watch, name="naive-script")

    def start(self, running: ExitStack) -> None:
        place, target = self.place, self.place.target
        home, standby = self._databases[place.home], self._databases[place.standby]
        place.start_network()
        for database in (home, standby):
            running.callback(database.discard)
            database.start()
        home.seed(target.user, target.password, target.database)
        home.open()
        standby.follow(place.address(place.home, place.standby), target.port)
        self._thread.start()
        running.callback(self._thread.join)
        running.callback(self._stopping.set)

    def prepare(self, connection: Any) -> None:
        oracle.create_schema(connection)

    def kill(self, member: str) -> None:
        self._databases[member].kill()

    def hang(self, member: str) -> None:
        self._databases[member].pause()

    def resume(self, member: str) -> None:
        self._databases[member].resume()

    def restart(self, member: str) -> None:
        # As its configuration file says: nobody told it that it is not the writer any more.
        self._databases[member].start(read_only=False)

    def final_writer(self) -> str:
        return self.place.standby if self._promoted else self.place.home

    def _watch(self) -> None:
        place = self.place
        address, failures = place.address(place.home, place.standby), 0
        while not self._stopping.wait(place.interval_s):
            failures = 0 if self._answers(address) else failures + 1
            if failures >= place.settings.failover.threshold:
                time.sleep(PROMOTION_S)
                self._databases[place.standby].promote()
                self._promoted = True
                place.point(place.standby)
                return

    def _answers(self, address: str) -> bool:
        failover, pace = self.place.settings.failover, self.place.options.pace
        timeout_s = probe_timeout(failover.probe_timeout_s, pace)
        try:
            with (
                closing(
                    self.driver.connect(address, replace(self.place.target, timeout_s=timeout_s))
                ) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SELECT 1")
        except (pymysql.MySQLError, OSError):
            return False
        return True
