"""What passes between the program, its deployment, and whoever watches."""

from __future__ import annotations

import gc
import json
import threading
import time
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import is_dry_run

from bicoastal.errors import BicoastalError, LabError
from bicoastal.lab.engine import Event, ResourcesFailedError, Secret, UpResult

from .conftest import Make
from .toy import Group, Thing, World


def test_secrets_reach_the_provider_and_nothing_that_is_written(
    world: World, deployment: Make, tmp_path: Path
) -> None:
    world.refuse["create bad"] = LabError("the password hunter2 is too short")
    events: list[Event] = []
    checkpoint = tmp_path / "state.json"
    made = deployment(on_event=events.append, checkpoint=checkpoint)

    def program() -> None:
        password = pulumi.Output.secret("hunter2")
        good = Thing("good", password=password, nested={"list": [password]}, plain="visible")
        Thing("bad", password=password)
        pulumi.export("password", password)
        pulumi.export("arn", good.arn)

    with pytest.raises(ResourcesFailedError) as caught:
        made.up(program)

    assert world.things["id-1"]["password"] == "hunter2"
    assert world.things["id-1"]["nested"] == {"list": ["hunter2"]}
    result = caught.value.result
    assert result is not None
    assert result.outputs == {"password": Secret("hunter2"), "arn": "arn:id-1"}
    for text in (repr(made.journal), repr(events), repr(result), str(caught.value)):
        assert "hunter2" not in text
    saved = checkpoint.read_text(encoding="utf-8")
    assert "hunter2" not in saved
    (good,) = [r for r in json.loads(saved)["resources"] if r["name"] == "good"]
    assert good["inputs"]["password"] == "[secret]"
    assert good["inputs"]["plain"] == "visible"
    assert "the password [secret] is too short" in str(caught.value)


def test_the_transform_changes_what_is_registered(world: World, deployment: Make) -> None:
    def transform(type_: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
        assert type_ == "toy:index:Thing"
        if name == "b":
            return None
        assert props["password"] == Secret("hunter2")
        return {**props, "size": props["size"] + 1}

    def program() -> None:
        Thing("a", size=1, password=pulumi.Output.secret("hunter2"))
        Thing("b", size=1)

    deployment(transform=transform).up(program)

    sizes = {thing.get("password"): thing["size"] for thing in world.things.values()}
    assert sizes == {"hunter2": 2, None: 1}


def test_progress_is_told_while_it_happens(world: World, deployment: Make) -> None:
    events: list[Event] = []
    world.refuse["create b"] = LabError("no")

    def program() -> None:
        Thing("c", source=Thing("b", source=Thing("a").arn).arn)

    with pytest.raises(ResourcesFailedError):
        deployment(on_event=events.append).up(program)

    assert [(e.kind, e.name, e.n_done) for e in events] == [
        ("creating", "a", 0),
        ("create", "a", 1),
        ("creating", "b", 1),
        ("fail", "b", 2),
        ("skip", "c", 3),
    ]
    assert events[3].reason == "no"


def test_what_a_component_puts_out_is_not_the_stacks(world: World, deployment: Make) -> None:
    def program() -> None:
        group = Group("group")
        group.register_outputs({"inner": 1})
        pulumi.export("outer", 2)

    assert deployment().up(program).outputs == {"outer": 2}


def test_the_journal_tells_when_and_how_long(world: World, deployment: Make) -> None:
    before = time.time()
    made = deployment()
    made.up(lambda: Thing("a"))

    (entry,) = made.journal
    assert (entry.seq, entry.kind, entry.name, entry.id) == (1, "create", "a", "id-1")
    assert before <= entry.at <= time.time()
    assert 0 <= entry.seconds < 5


class WrongSettingsError(BicoastalError, ValueError):
    pass


def test_an_error_of_the_program_comes_out_as_it_is(world: World, deployment: Make) -> None:
    world.refuse["create bad"] = LabError("no")

    def program() -> None:
        Thing("good")
        Thing("bad")
        raise WrongSettingsError("six mistakes")

    made = deployment()
    with pytest.raises(WrongSettingsError, match="six mistakes") as caught:
        made.up(program)

    # What was under way is known, and can be destroyed.
    assert [r.name for r in made.resources] == ["good"]
    assert caught.value.__notes__ == ["also failed: bad (toy:index:Thing): no"]
    made.destroy()
    assert world.things == {}


def test_an_error_in_an_apply_comes_out_without_noise(
    world: World,
    deployment: Make,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    nothing: dict[str, str] = {}

    def program() -> None:
        Thing("child", source=Thing("first").arn.apply(lambda arn: nothing[arn]))

    with pytest.raises(KeyError):
        deployment().up(program)

    assert capfd.readouterr().err == ""
    assert not [r for r in caplog.records if r.name == "asyncio"]


def test_the_program_sees_its_configuration(world: World, deployment: Make) -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        config = pulumi.Config("project")
        seen.update(
            plain=config.require("key"), secret=config.require_secret("token"),
            stack=pulumi.get_stack(), project=pulumi.get_project(), dry=is_dry_run(),
        )  # fmt: skip
        Thing("a", token=seen["secret"])

    made = deployment({"project:key": "v", "project:token": "t0ken"}, secret_keys=["project:token"])
    made.up(program)

    assert seen["plain"] == "v"
    assert (seen["stack"], seen["project"], seen["dry"]) == ("stack", "project", False)
    assert world.things["id-1"]["token"] == "t0ken"
    assert "t0ken" not in repr(made.resources)


def test_runs_do_not_see_each_other(world: World, deployment: Make) -> None:
    results: dict[str, UpResult] = {}

    def run(name: str) -> None:
        made = deployment({"project:name": name})

        def program() -> None:
            pulumi.export("name", pulumi.Config("project").require("name"))
            for n in range(5):
                Thing(f"{name}-{n}")

        results[name] = made.up(program)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("x", "y", "z")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {name: result.outputs["name"] for name, result in results.items()} == {
        "x": "x", "y": "y", "z": "z",
    }  # fmt: skip
    assert all(len(result.resources) == 5 for result in results.values())


def test_an_async_program_is_awaited(world: World, deployment: Make) -> None:
    async def program() -> None:
        thing = Thing("a")
        assert await thing.arn.future() == "arn:id-1"
        pulumi.export("done", True)

    assert deployment().up(program).outputs == {"done": True}


def test_messages_of_the_program_go_to_the_log(
    world: World, deployment: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def program() -> None:
        pulumi.log.warn("look out")
        pulumi.log.debug("details")

    with caplog.at_level("DEBUG", "bicoastal.lab.engine.monitor"):
        deployment().up(program)

    levels = {r.message: r.levelname for r in caplog.records if "look out" in r.message}
    assert list(levels.values()) == ["WARNING"]


@pytest.mark.parametrize("collecting", (True, False))
def test_the_garbage_collector_is_left_as_it_was(
    world: World, deployment: Make, collecting: bool
) -> None:
    seen = []
    before = gc.isenabled()

    def program() -> None:
        seen.append(gc.isenabled())
        raise ValueError("wrong")

    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises(ValueError, match="wrong"):
            deployment().up(program)
        assert seen == [False]
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
