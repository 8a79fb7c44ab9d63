"""A real browser, steered over a pipe: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bicoastal.lab.report.pictures import find_browser

PATIENCE_S = 60.0
_OPTIONS = (
    "--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking",
    "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
# The browser reads commands from descriptor 3 and answers on 4.
_PIPED = """
import os, sys
read_from, write_to, program, *arguments = sys.argv[1:]
os.dup2(int(read_from), 3)
os.dup2(int(write_to), 4)
os.execv(program, [program, *arguments])
"""


class Browser:
    """One tab; a context manager.

    Args:
        profile: An empty folder for the browser's files.

    Attributes:
        complaints: What the page's console said, and what could not be loaded.
    """

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._number = 0
        self._session: str | None = None
        self._text = b""
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        theirs, self._commands = os.pipe()
        self._answers, theirs_too = os.pipe()
        # High numbers: 3 and 4 are taken below.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (theirs, theirs_too)]
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        argv = [find_browser(), *_OPTIONS, *sandbox, f"--user-data-dir={self._profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PIPED, *map(str, ends), *argv, "about:blank"],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (theirs, theirs_too, *ends):
            os.close(end)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def ignore_policies(self) -> None:
        """Let the pages that are opened from now on do what their own policies forbid."""
        self._call("Page.setBypassCSP", enabled=True)

    def open(self, address: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=address)

    def size(self, width: int, height: int) -> None:
        """Take the size of a screen, in pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 700,
        )

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page, awaiting what it promises."""
        answer = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, name: str) -> str:
        """The words of an element; empty if there is none."""
        found = self.run(f"document.getElementById({name!r})?.textContent ?? ''")
        assert isinstance(found, str)
        return found.strip()

    def wait_for(self, script: str) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.run(script):
            assert time.monotonic() < deadline, (script, self.run("document.body.innerText"))
            time.sleep(0.1)

    def photograph(self, picture: Path) -> None:
        """Take a picture of what the screen shows."""
        data = self._call("Page.captureScreenshot", format="png")["data"]
        picture.write_bytes(base64.b64decode(data))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        os.write(self._commands, json.dumps(request).encode() + b"\0")
        while (message := self._receive()).get("id") != self._number:
            if message["method"] in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"}:
                self.complaints.append(json.dumps(message["params"]))
            elif message["method"] == "Log.entryAdded":
                entry = message["params"]["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._text:
            part = os.read(self._answers, 65536)
            assert part, "the browser ended"
            self._text += part
        line, _, self._text = self._text.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message
