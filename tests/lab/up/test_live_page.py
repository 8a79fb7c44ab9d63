"""A lab that keeps running, and its page in a real browser: a button breaks it, it fails over."""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.query
import pymysql
import pytest

from bicoastal.cli.stackfile import PLACEHOLDER_SECRET
from bicoastal.lab.drill.options import DrillOptions
from bicoastal.lab.drill.recording import Silent
from bicoastal.lab.oracle import TABLE
from bicoastal.lab.scenarios import find as scenario
from bicoastal.lab.up.addresses import Addresses
from bicoastal.lab.up.place import UP, find
from bicoastal.lab.up.session import KEEP_S, keep_up
from bicoastal.settings import load

from .browser import Browser

HOME, STANDBY = "us-east-1", "us-west-2"
DESKTOP, PHONE = (1280, 1000), (390, 1500)
PICTURES = os.environ.get("BICOASTAL_PICTURES")
"""Where the manual's pictures go: docs/images; nowhere if it is not set."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The system's temporary folder, empty; short, because unix sockets live in it."""
    del tmp_path  # it must be made before, or it would be made in here
    with tempfile.TemporaryDirectory(prefix="bt-", dir="/tmp") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


class Visit(threading.Thread):
    """Visits the lab while this thread's test keeps it up, and ends it."""

    def __init__(self, visit: Callable[[Addresses], None]) -> None:
        super().__init__()
        self.ended = threading.Event()
        self._visit = visit
        self._addresses: Addresses
        self.failure: BaseException | None = None

    def ready(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self.start()

    def run(self) -> None:
        try:
            self._visit(self._addresses)
        except BaseException as failure:
            self.failure = failure
        self.ended.set()


@pytest.mark.lab
def test_a_button_breaks_the_writer_and_the_page_shows_the_failover(
    folder: Path, tmp_path: Path
) -> None:
    def visit(addresses: Addresses) -> None:
        with Browser(tmp_path / "profile") as browser:
            see(browser, addresses, tmp_path)

    visitor = Visit(visit)
    keep_up(
        load({"secretArn": PLACEHOLDER_SECRET.format(region=HOME)}),
        DrillOptions(
            scenario=scenario("nothing"), pace=20.0, steady_s=0.0, writes_per_s=50.0, keep_s=KEEP_S
        ),
        port=0,
        observer=Silent(),
        ready=visitor.ready,
        ended=visitor.ended,
    )
    visitor.join()
    if visitor.failure is not None:
        raise visitor.failure
    assert find() is None
    assert list(folder.iterdir()) == []


def see(browser: Browser, addresses: Addresses, tmp_path: Path) -> None:
    pictures = Path(PICTURES or tmp_path)
    running = find()
    assert running is not None
    assert running.info == {"state": UP, **addresses.to_dict()}
    assert written(addresses, f"SELECT COUNT(*) FROM app.{TABLE}") > 0

    browser.size(*DESKTOP)
    browser.open(addresses.page)
    browser.wait_for("document.getElementById('state')?.textContent === 'STEADY'")
    assert browser.text("writer") == browser.text("answer") == HOME
    assert answer(addresses) == addresses.members[HOME]
    press(browser, "Kill us-east-1")
    browser.wait_for("document.getElementById('said').textContent.includes('SIGKILL')")
    seen: set[str] = set()
    while "COOLDOWN" not in seen or browser.text("answer") != STANDBY:
        seen.add(browser.text("state"))
        browser.wait_for("document.getElementById('problem').hidden")
    assert seen & {"SUSPECT", "FENCING", "PROMOTING", "REDIRECTING"}
    assert browser.text("writer") == STANDBY
    # Writes of the second region, stacked in its colour; votes DOWN; the fault as a line.
    for style in (".region-1", ".vote.down", ".fault", ".lag", ".state.cooldown"):
        browser.wait_for(f"document.querySelector('#timeline svg {style}') !== null")
    assert answer(addresses) == addresses.members[STANDBY]
    browser.photograph(pictures / "live-1280.png")
    browser.size(*PHONE)
    browser.wait_for("innerWidth === 390")
    assert browser.run("document.documentElement.scrollWidth") == PHONE[0]
    browser.photograph(pictures / "live-390.png")
    for name, size in (("live-1280.png", DESKTOP), ("live-390.png", PHONE)):
        picture = (pictures / name).read_bytes()
        assert struct.unpack(">II", picture[16:24]) == size
        assert len(picture) < 200_000

    press(browser, "Restart us-east-1")
    browser.wait_for("document.getElementById('said').textContent.includes('starts again')")
    press(browser, "Acknowledge")
    browser.wait_for("document.getElementById('said').textContent.includes('acknowledged')")
    # Refused while the old member is on its way; the page says why, and is not broken by it.
    rejoined = "document.getElementById('said').textContent.includes('clean standby;')"
    while not browser.run(rejoined):
        browser.wait_for("!document.getElementById('said').textContent.includes('…')")
        press(browser, "Rejoin")
        browser.wait_for("!document.getElementById('said').textContent.includes('…')")
    press(browser, "Fail back")
    browser.wait_for("document.getElementById('said').textContent.includes('nothing was lost')")
    browser.wait_for(f"document.getElementById('answer').textContent === '{HOME}'")
    assert browser.complaints == []


def press(browser: Browser, label: str) -> None:
    """Press a button as people do who hear the page: by its name, when it can be pressed."""
    button = f"document.querySelector('button[aria-label^=\"{label}\"]')"
    browser.wait_for(f"{button}.getAttribute('aria-disabled') === 'false'")
    browser.run(f"{button}.click()")


def answer(addresses: Addresses) -> str:
    """What a client of the DNS server gets."""
    host, port = addresses.resolver.split(":")
    asked = dns.message.make_query(addresses.domain, "A")
    return str(dns.query.udp(asked, host, 5, int(port)).answer[-1][0])


def written(addresses: Addresses, query: str) -> int:
    """Ask the member at home as `mysql --defaults-extra-file` does."""
    with (
        pymysql.connect(
            read_default_file=addresses.option_file,
            host=addresses.members[HOME],
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return int(cursor.fetchall()[0][0])
