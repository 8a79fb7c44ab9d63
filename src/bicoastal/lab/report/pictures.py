"""Charts as PNG, by an installed Chromium or Chrome: the one that draws the page draws them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from os import geteuid
from pathlib import Path

from bicoastal.errors import LabError
from bicoastal.lab.processes import Child
from bicoastal.lab.report.pages import standalone
from bicoastal.lab.report.png import cut_below
from bicoastal.lab.workspace import Workspace

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_S = 60.0
_MARGIN_PX = 16
_FINENESS = 2
_SPARE_PX = 150
"""Chromium leaves the lowest part of a small window undrawn."""
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)


def find_browser() -> str:
    """Find an installed browser.

    Returns:
        Its path.

    Raises:
        LabError: There is none.
    """
    for program in _PROGRAMS:
        path = shutil.which(program)
        if path is not None:
            return path
    raise LabError(
        f"pictures need a browser, and none of {', '.join(_PROGRAMS)} is installed; install one: "
        "sudo apt install --no-install-recommends chromium"
    )


def photograph(
    page: Path, picture: Path, size: tuple[int, int], *, options: tuple[str, ...] = ()
) -> str:
    """Open a page without a window and take a picture of it.

    Args:
        page: The HTML file.
        picture: The PNG file to write; `options` may ask for something else instead.
        size: Width and height of the window, pixels.
        options: Further options of the browser.

    Returns:
        What the browser printed, messages of the page's console among it.

    Raises:
        LabError: There is no browser, or it did not take the picture.
    """
    # Chromium's own sandbox refuses to run as root; the page is ours and runs no script.
    sandbox = ("--no-sandbox",) if geteuid() == 0 else ()
    with Workspace() as workspace:
        log = workspace.path / "browser.log"
        profile = workspace.folder("profile")
        size_px = f"--window-size={size[0]},{size[1]}"
        argv = [find_browser(), *_OPTIONS, *sandbox, f"--user-data-dir={profile}", size_px]
        argv += [f"--screenshot={picture.absolute()}", *options, page.absolute().as_uri()]
        browser = Child(argv, log=log, name="the browser")
        try:
            code = browser.wait(_PATIENCE_S)
        finally:
            browser.kill()
        if code != 0 or not picture.is_file():
            raise LabError(f"the browser took no picture of {page}: {browser.log_tail()}")
        return log.read_text(errors="replace")


def write_pictures(figures: Mapping[str, str], folder: Path) -> list[Path]:
    """Write charts as PNG.

    Args:
        figures: Name to SVG.
        folder: Where to; it is made if it is missing.

    Returns:
        The files.

    Raises:
        LabError: See `photograph`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with Workspace() as workspace:
        for name, svg in figures.items():
            page = workspace.path / "chart.html"
            page.write_text(standalone(svg), encoding="utf-8")
            picture = folder / f"{name}.png"
            width, height = _size(svg)
            fine = f"--force-device-scale-factor={_FINENESS}"
            photograph(page, picture, (width, height + _SPARE_PX), options=(fine,))
            picture.write_bytes(cut_below(picture.read_bytes(), height * _FINENESS))
            written.append(picture)
    return written


def _size(svg: str) -> tuple[int, int]:
    """The window that just holds a chart."""
    width, height = (
        int(float(number)) + _MARGIN_PX
        for number in re.findall(r'\b(?:width|height)="([\d.]+)"', svg)[:2]
    )
    return width, height
