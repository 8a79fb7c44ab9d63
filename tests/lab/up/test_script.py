"""The live page's script in a real browser, before a server of stand-ins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bicoastal.lab.report.pages import render
from bicoastal.lab.up import page
from bicoastal.lab.up.buttons import PLACES, STACK_BUTTONS, Result, member_buttons
from bicoastal.lab.up.server import LiveServer

from .browser import Browser

SAID, PROBLEM = (
    f"(document.getElementById('{name}')?.textContent ?? '')" for name in ("said", "problem")
)


class Scene:
    """What the page is told, and what it asked for."""

    def __init__(self) -> None:
        self.offered = ["arm", "kill-home"]
        self.pressed: list[str] = []
        self.asked = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def state(self) -> dict[str, Any]:
        self.asked += 1
        return {"parts": {"tiles": f"<b>{len(self.pressed)}</b>"}, "offered": self.offered}

    def press(self, name: str) -> Result:
        self.pressed.append(name)
        assert self.go_on.wait(60)
        return Result(ok=True, text=f"<i>{name}</i> done")

    @staticmethod
    def page() -> str:
        members = {p: {"region": f"the-{p}", "buttons": member_buttons(p)} for p in PLACES}
        return render(
            "live.html.j2",
            {"stack": "dev", "mode": "automatic", "pace": 20.0, "window_s": 60.0,
             "members": members, "stack_buttons": STACK_BUTTONS, "recipes": {"the end": "down"}},
        )  # fmt: skip

    @contextmanager
    def served(self) -> Iterator[LiveServer]:
        with (
            LiveServer("the-token") as server,
            server.serving(page=self.page, script=page.script, state=self.state, press=self.press),
        ):
            yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


def button(name: str) -> str:
    return f"document.getElementById('{name}')"


def test_buttons_that_make_sense_work_one_at_a_time_and_the_lab_may_go(browser: Browser) -> None:
    scene = Scene()
    with scene.served() as server:
        browser.open(server.url)
        browser.wait_for(f"{button('arm')}?.getAttribute('aria-disabled') === 'false'")
        assert browser.run(f"{button('disarm')}.getAttribute('aria-disabled')") == "true"
        browser.run(f"{button('disarm')}.click()")
        assert browser.text("said") == "Disarm: not now."
        scene.go_on.clear()
        browser.run(f"{button('kill-home')}.focus()")
        browser.run(f"{button('kill-home')}.click()")
        browser.wait_for(f"{button('arm')}.getAttribute('aria-disabled') === 'true'")
        browser.run(f"{button('arm')}.click()")
        assert browser.text("said") == "One thing at a time."
        scene.go_on.set()
        # What was done is written as words, not as markup; the keyboard stays where it was.
        browser.wait_for(f"{SAID} === 'Kill the-home: <i>kill-home</i> done'")
        browser.wait_for("document.getElementById('tiles').textContent === '1'")
        assert browser.run("document.activeElement.id") == "kill-home"
        assert scene.pressed == ["kill-home"]
        browser.wait_for("document.getElementById('problem').hidden")
        assert browser.complaints == []
        server.content = None
        browser.wait_for(f"{PROBLEM}.includes('does not answer: the lab is not up')")
        assert browser.run(f"{button('arm')}.getAttribute('aria-disabled')") == "true"
    browser.wait_for(f"{PROBLEM}.includes('Was it taken down?')")


def test_without_the_token_one_may_watch_only(browser: Browser) -> None:
    scene = Scene()
    with scene.served() as server:
        browser.open(server.url.partition("#")[0])
        browser.wait_for(f"{PROBLEM}.startsWith('Watching only')")
        browser.run(f"{button('arm')}.click()")
        assert browser.text("said") == "Arm: not now."
        assert browser.text("tiles") == "0"
        browser.open("about:blank")
        browser.open(f"{server.url}-wrong")
        browser.wait_for(f"{button('arm')}?.getAttribute('aria-disabled') === 'false'")
        browser.run(f"{button('arm')}.click()")
        browser.wait_for(f"{SAID}.includes('the token is missing or wrong')")
        assert scene.pressed == []


def test_another_site_cannot_press_a_button(browser: Browser) -> None:
    """A page of another origin knows even the token here, and still is not let in."""
    scene, other = Scene(), Scene()
    with scene.served() as server, other.served() as elsewhere:
        browser.ignore_policies()  # that page is the attacker's: its own policy is no help
        browser.open(elsewhere.url)
        browser.wait_for(f"{button('arm')} !== null")
        script = """
          fetch("http://127.0.0.1:%d/%s", {mode: "%s", headers: {%s}, method: "%s",
                body: %s}).then(() => "answered", error => "blocked")
        """
        port, arm = server.port, """'{"button": "arm"}'"""
        token = '"X-Bicoastal-Token": "the-token"'
        # It may not even ask to send the token; what it may send has none, and is refused.
        assert browser.run(script % (port, "press", "cors", token, "POST", arm)) == "blocked"
        assert browser.run(script % (port, "press", "no-cors", "", "POST", arm)) == "blocked"
        assert scene.pressed == []
        # Its requests do arrive, and it may not read what they are answered.
        assert browser.run(script % (port, "state", "no-cors", "", "GET", "null")) == "blocked"
        assert scene.asked == 1
