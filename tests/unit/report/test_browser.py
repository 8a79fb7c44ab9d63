"""The page in a real browser, and the pictures that it takes."""

from __future__ import annotations

import html
import json
import re
import struct
import zlib
from pathlib import Path

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.report import pictures, png
from bicoastal.lab.report.pages import figures, page
from bicoastal.lab.report.reading import Drill

from .samples import whole

PHONE, DESKTOP = 390, 1280
WINDOW = (1700, 900)
PROBE = """<!doctype html><body>%s<script>
addEventListener("load", () => {
  const seen = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument;
    const boxes = [...page.querySelectorAll("svg")].map(svg => svg.getBoundingClientRect());
    return {
      scroll: page.documentElement.scrollWidth,
      charts: boxes.filter(box => box.width > 0).map(box => Math.round(box.width)),
    };
  });
  console.log("PROBE" + JSON.stringify(seen) + "END");
});
</script>"""


def framed(page: str, width: int) -> str:
    """A frame as wide as a screen: the browser's own window has a least width."""
    return f'<iframe style="width:{width}px;border:0" srcdoc="{html.escape(page)}"></iframe>'


def size_of(picture: Path) -> tuple[int, ...]:
    """Width and height of a PNG, https://www.w3.org/TR/png-3/#11IHDR."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def test_phone_and_desktop_show_the_page_without_errors_and_without_scrolling(
    report, tmp_path
) -> None:
    whole_page = page([Drill("sample", whole(report))])
    frames = framed(whole_page, PHONE) + framed(whole_page, DESKTOP)
    probe, picture = tmp_path / "probe.html", tmp_path / "probe.png"
    probe.write_text(PROBE.replace("%s", frames))
    log = pictures.photograph(probe, picture, WINDOW)
    console = [line for line in log.splitlines() if "CONSOLE" in line]
    assert len(console) == 1, console  # the probe's own line, and no error
    found = re.search("PROBE(.*)END", console[0])
    assert found is not None
    phone, desktop = json.loads(found[1])
    assert (phone["scroll"], desktop["scroll"]) == (PHONE, DESKTOP)
    assert phone["charts"] == [366] * 3
    assert desktop["charts"] == [1040] * 3
    assert size_of(picture) == WINDOW


def test_pictures_are_as_large_as_their_charts(report, tmp_path) -> None:
    svg = figures([Drill("sample", whole(report))])["recovery"]
    (picture,) = pictures.write_pictures({"recovery": svg}, tmp_path / "new")
    width, height = size_of(picture)
    assert picture.name == "recovery.png"
    assert width == 2 * (1040 + 16)
    assert 100 < height < 250
    assert is_drawn_to_its_end(picture)


def is_drawn_to_its_end(picture: Path) -> bool:
    """Whether something is drawn in the lower half: the words below the axis.

    A row is stored as differences, https://www.w3.org/TR/png-3/#9Filters: white below white is 0.
    """
    _, height = size_of(picture)
    parts = png.chunks(picture.read_bytes())
    raw = zlib.decompress(b"".join(data for kind, data in parts if kind == b"IDAT"))
    stride = len(raw) // height
    rows = [raw[n * stride + 1 : (n + 1) * stride] for n in range(height // 2, height)]
    return any(set(row) - {0, 255} for row in rows)


def test_a_picture_that_is_cut_keeps_its_upper_rows() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = b"".join(bytes([0, n, n, n]) for n in range(4))  # four rows of one pixel in RGB
    packed = zlib.compress(rows)
    whole_picture = b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", struct.pack(">II5B", 1, 4, 8, 2, 0, 0, 0)),
            chunk(b"IDAT", packed[:5]),
            chunk(b"IDAT", packed[5:]),
            chunk(b"IEND", b""),
        )
    )
    assert png.cut_below(whole_picture, 2) == b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", struct.pack(">II5B", 1, 2, 8, 2, 0, 0, 0)),
            chunk(b"IDAT", zlib.compress(rows[:8], 9)),
            chunk(b"IEND", b""),
        )
    )


def test_without_a_browser_the_cure_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="apt install --no-install-recommends chromium"):
        pictures.find_browser()


def test_a_browser_that_takes_no_picture_is_told_and_ended(monkeypatch, tmp_path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho no display; exit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(pictures, "find_browser", lambda: str(fake))
    with pytest.raises(LabError, match=r"took no picture of .*page.html: no display"):
        pictures.photograph(tmp_path / "page.html", tmp_path / "x.png", WINDOW)


@pytest.mark.parametrize(("user", "expected"), ((0, True), (1000, False)))
def test_the_sandbox_is_given_up_for_root_only(monkeypatch, tmp_path, user, expected) -> None:
    asked = tmp_path / "asked"
    fake = tmp_path / "chromium"
    fake.write_text(f'#!/bin/sh\necho "$@" > {asked}; exit 3\n')
    fake.chmod(0o755)
    monkeypatch.setattr(pictures, "find_browser", lambda: str(fake))
    monkeypatch.setattr(pictures, "geteuid", lambda: user)
    with pytest.raises(LabError):
        pictures.photograph(tmp_path / "page.html", tmp_path / "x.png", WINDOW)
    assert ("--no-sandbox" in asked.read_text()) is expected
