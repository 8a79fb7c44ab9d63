"""The live page: what it holds, and what it does not."""

from __future__ import annotations

import re
import stat
import time
from pathlib import Path

import pytest

from bicoastal.lab.up import page
from bicoastal.lab.up.addresses import Addresses, addresses_of
from bicoastal.lab.up.buttons import BUTTONS
from bicoastal.lab.up.watching import Deed, Watching

from .samples import HOME, PASSWORD, STANDBY, Lab, member

TOKEN = "the-token"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def text_of(lab: Lab) -> str:
    return page.page(lab.stage, addresses_of(lab.running, f"http://127.0.0.1:1/#token={TOKEN}"))


def test_addresses_say_how_to_get_there_and_hold_no_password(lab: Lab, tmp_path: Path) -> None:
    found = addresses_of(lab.running, "http://page")
    assert Addresses.from_dict({"state": "up", **found.to_dict()}) == found
    assert found.members == {HOME: "127.81.9.10", STANDBY: "127.81.9.11"}
    assert found.variables["BICOASTAL_PACE"] == "10"
    recipes = found.recipes
    dig = "dig +short @127.81.9.1 -p 5353 db-dev.example.com"
    assert recipes["what DNS answers"] == dig
    assert f'--host="$({dig} | tail -1)"' in recipes["the writer, by its name"]
    assert recipes[f"the member in {HOME}"].endswith("client.cnf --host=127.81.9.10")
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4566" in recipes["environment of AWS clients"]
    assert PASSWORD not in str(found)
    file = tmp_path / "client.cnf"
    assert found.option_file == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = file.read_text().splitlines()
    assert {"user=admin", f"password={PASSWORD}", "port=3306", "database=app"} <= set(lines)


def test_the_page_has_every_button_with_a_name_and_no_secret(lab: Lab) -> None:
    text = text_of(lab)
    found = re.findall(r'<button type="button" id="([^"]+)"[^>]*aria-label="([^"]+)"', text)
    assert [name for name, _ in found] == [button.id for button in BUTTONS]
    assert len({label for _, label in found}) == len(BUTTONS)
    assert ("kill-standby", f"Kill {STANDBY}") in found
    assert TOKEN not in text
    assert PASSWORD not in text
    assert "127.81.9.10" in text
    # Nothing is loaded from elsewhere, and no script stands in the page itself.
    assert re.findall(r'(?:src|href)="([^"]*)"', text) == ["data:,", "live.js"]
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) == [""]
    assert "script-src 'self'; connect-src 'self'" in text


def test_what_changes_has_tiles_the_reports_chart_and_events(lab: Lab) -> None:
    lab.running.recording.note("drill", "<b>", time.time() - 1)
    watching = Watching(lab.running)
    watching.note(Deed(time.time() - 2, "SIGKILL", fault=True))
    sight = watching._look(time.time())
    state = page.state(sight, lab.stage)
    parts = state["parts"]
    assert set(parts) == {"tiles", "timeline", "events", "role-home", "role-standby"}
    whole = text_of(lab)
    assert all(f'id="{part}"' in whole for part in parts)
    assert f'id="writer">{HOME}<' in parts["tiles"]
    assert f'id="answer">{HOME}<' in parts["tiles"]
    assert "armed" in parts["tiles"]
    chart = parts["timeline"]
    assert chart.count("<svg") == 2
    for style in ("region-0", "region-1", "refused", "vote down", "state suspect", "lag", "fault"):
        assert f'class="{style}"' in chart
    assert "seconds before now" in chart
    assert re.search(r"<li>\d+\.\d s ago: SIGKILL</li>", chart)
    assert "&lt;b&gt;" in parts["events"]
    assert parts["role-home"].strip() == "writer, available, running"
    assert "kill-home" in state["offered"]


def test_before_the_first_answer_and_without_a_member_the_page_is_whole(lab: Lab) -> None:
    lab.running.narrator.answers = []
    lab.members = [member(STANDBY)]
    parts = page.state(Watching(lab.running).sight, lab.stage)["parts"]
    assert 'id="answer"><' in parts["tiles"]
    assert parts["role-home"].strip() == ""


def test_the_script_is_the_pages_own() -> None:
    assert 'fetch("press"' in page.script()
    assert "http://" not in page.script()
