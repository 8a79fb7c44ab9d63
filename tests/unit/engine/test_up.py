"""What `Deployment.up` makes of a program."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.provider import ConfigureRequest, ConfigureResponse
from pulumi.runtime import is_dry_run

from bicoastal.errors import BicoastalError, DeploymentError, LabError
from bicoastal.lab.engine import Deployment, Event, ResourcesFailedError, Secret, UpResult

from .conftest import Make
from .toy import Group, Thing, ToyProvider, World, toy_region


def kinds(deployment: Deployment) -> list[tuple[str, str]]:
    return [(entry.kind, entry.name) for entry in deployment.journal]


def test_resources_are_created_after_what_they_need(world: World, deployment: Make) -> None:
    def program() -> None:
        last = Thing("last", source=Thing("middle", source=Thing("first").arn).arn)
        pulumi.export("arn", last.arn)

    result = deployment().up(program)

    assert world.calls == ["create first", "create middle", "create last"]
    assert result.outputs == {"arn": "arn:id-3"}
    assert [r.name for r in result.resources] == ["first", "middle", "last"]
    assert world.things["id-2"]["source"] == "arn:id-1"
    assert result.changes == {"create": 3}
    assert not result.failures
    assert not result.skipped


def test_depends_on_and_parents_are_waited_for(world: World, deployment: Make) -> None:
    def program() -> None:
        first = Thing("first")
        group = Group("group", pulumi.ResourceOptions(depends_on=[first]))
        inside = Thing("inside", pulumi.ResourceOptions(parent=group))
        Thing("last", pulumi.ResourceOptions(depends_on=[inside]))

    made = deployment()
    made.up(program)

    assert world.calls == ["create first", "create inside", "create last"]
    assert made.resources[1].urn == (
        "urn:pulumi:stack::project::toy:index:Group$toy:index:Thing::inside"
    )


def test_independent_resources_are_created_at_the_same_time(world: World, deployment: Make) -> None:
    names = [f"thing-{n}" for n in range(8)]
    together = threading.Barrier(len(names))
    world.gate = {f"create {name}": together for name in names}

    deployment().up(lambda: [Thing(name) for name in names])

    assert world.most_busy == len(names)


def test_a_failure_skips_its_dependents_and_nothing_else(world: World, deployment: Make) -> None:
    world.refuse["create bad"] = LabError("QuotaExceeded: there are too many (CreateThing)")
    world.refuse["create worse"] = RuntimeError("bug")

    def program() -> None:
        bad = Thing("bad")
        group = Group("group", pulumi.ResourceOptions(depends_on=[bad]))
        Thing("inside", pulumi.ResourceOptions(parent=group))
        Thing("child", source=bad.arn)
        Thing("worse")
        Thing("good", source=Thing("fine").arn)

    made = deployment()
    with pytest.raises(ResourcesFailedError) as caught:
        made.up(program)

    error = caught.value
    assert isinstance(error, DeploymentError)
    assert {f.name: f.reason for f in error.failures} == {
        "bad": "QuotaExceeded: there are too many (CreateThing)",
        "worse": "RuntimeError: bug",
    }
    assert sorted(urn.rpartition("::")[2] for urn in error.skipped) == ["child", "inside"]
    assert sorted(world.calls) == ["create bad", "create fine", "create good", "create worse"]
    text = str(error)
    assert "bad (toy:index:Thing): QuotaExceeded: there are too many (CreateThing)" in text
    assert "child" in text
    assert error.result is not None
    assert {r.name for r in error.result.resources} == {"fine", "good"}
    reasons = {entry.name: entry.reason for entry in made.journal if entry.kind == "skip"}
    assert reasons["child"] == "it needs bad"
    assert reasons["inside"] == "it needs group"


def test_what_failed_is_made_by_the_next_up(world: World, deployment: Make) -> None:
    world.refuse["create bad"] = LabError("not now")

    def program() -> None:
        Thing("child", source=Thing("bad").arn)

    made = deployment()
    with pytest.raises(ResourcesFailedError):
        made.up(program)
    world.refuse.clear()

    assert made.up(program).changes == {"create": 2}


def test_inputs_that_the_provider_finds_wrong_are_a_failure(world: World, deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="size: must not be negative"):
        deployment().up(lambda: Thing("thing", size=-1))

    assert world.calls == []


def test_a_second_up_changes_nothing(world: World, deployment: Make) -> None:
    def program() -> None:
        first = Thing("first", size=1, flag=True, names=["a", "b"], none=None)
        pulumi.export("arn", Thing("second", source=first.arn).arn)

    made = deployment()
    before = made.up(program)
    world.calls.clear()
    after = made.up(program)

    assert world.calls == []
    assert after.changes == {"same": 2}
    assert after.outputs == before.outputs
    assert kinds(made)[2:] == [("same", "first"), ("same", "second")]


def test_a_changed_input_is_an_update_and_dependents_see_it(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("child", copied=Thing("first", size=1).size))
    result = made.up(lambda: Thing("child", copied=Thing("first", size=2).size))

    assert result.changes == {"update": 2}
    assert world.things["id-1"]["size"] == 2
    assert world.things["id-2"]["copied"] == 2
    assert [entry.reason for entry in made.journal if entry.kind == "update"] == [
        "size",
        "copied",
    ]


def test_an_update_that_fails_keeps_the_old_state(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("first", size=1))
    world.refuse["update first"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("first", size=2))
    world.refuse.clear()

    assert made.up(lambda: Thing("first", size=2)).changes == {"update": 1}


def test_a_replacement_creates_first_and_deletes_after_the_program(
    world: World, deployment: Make
) -> None:
    made = deployment()
    made.up(lambda: Thing("child", source=Thing("first", kind="a").arn))
    world.calls.clear()
    result = made.up(lambda: Thing("child", source=Thing("first", kind="b").arn))

    assert world.calls == ["create first", "update child", "delete first"]
    assert set(world.things) == {"id-2", "id-3"}
    assert world.things["id-2"]["source"] == "arn:id-3"
    assert result.changes == {"replace": 1, "update": 1, "delete": 1}


@pytest.mark.parametrize(
    ("changed", "options"),
    (
        ({"name": "b"}, None),  # the provider wants it so
        ({"name": "a", "kind": "b"}, pulumi.ResourceOptions(delete_before_replace=True)),
    ),
)
def test_a_replacement_can_delete_first(
    world: World, deployment: Make, changed: dict[str, str], options: pulumi.ResourceOptions | None
) -> None:
    made = deployment()
    made.up(lambda: Thing("first", name="a", kind="a"))
    world.calls.clear()
    made.up(lambda: Thing("first", options, **{"kind": "a", **changed}))

    assert world.calls == ["delete first", "create first"]
    assert set(world.things) == {"id-2"}


def test_a_replacement_that_fails_after_its_deletion_is_created_the_next_time(
    world: World, deployment: Make
) -> None:
    made = deployment()
    made.up(lambda: Thing("first", name="a"))
    world.refuse["create first"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("first", name="b"))
    assert world.things == {}
    world.refuse.clear()

    assert made.up(lambda: Thing("first", name="b")).changes == {"create": 1}


def test_ignored_changes_change_nothing(world: World, deployment: Make) -> None:
    options = pulumi.ResourceOptions(ignore_changes=["size", "extra", "kind"])
    made = deployment()
    made.up(lambda: Thing("first", options, size=1, kind="a"))
    result = made.up(lambda: Thing("first", options, size=2, kind="b", extra="new"))

    assert result.changes == {"same": 1}
    assert world.things["id-1"]["size"] == 1

    result = made.up(lambda: Thing("first", options, size=3, other=1))
    assert result.changes == {"update": 1}
    assert world.things["id-1"] == {"region": "us-east-1", "size": 1, "kind": "a", "other": 1}


def test_what_the_program_no_longer_has_is_deleted_dependents_first(
    world: World, deployment: Make
) -> None:
    def program() -> None:
        second = Thing("second", source=Thing("first").arn)
        Thing("third", source=second.arn)
        Thing("stays")

    made = deployment()
    made.up(program)
    world.calls.clear()
    result = made.up(lambda: Thing("stays"))

    assert world.calls == ["delete third", "delete second", "delete first"]
    assert result.changes == {"same": 1, "delete": 3}


def test_nothing_is_deleted_when_something_failed(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("old"))
    world.refuse["create new"] = LabError("no")
    with pytest.raises(ResourcesFailedError):
        made.up(lambda: Thing("new"))

    assert list(world.things) == ["id-1"]


def test_a_deletion_that_fails_is_reported(world: World, deployment: Make) -> None:
    made = deployment()
    made.up(lambda: Thing("old"))
    world.refuse["delete old"] = LabError("InUse: somebody needs it")

    with pytest.raises(ResourcesFailedError, match="InUse: somebody needs it"):
        made.up(lambda: None)
    assert list(world.things) == ["id-1"]


def test_each_resource_goes_to_its_provider(world: World, deployment: Make) -> None:
    def program() -> None:
        east = toy_region("east", "us-east-1")
        west = toy_region("west", "us-west-2")
        group = Group("group", pulumi.ResourceOptions(providers={"toy": west}))
        Thing("a", pulumi.ResourceOptions(provider=east))
        Thing("b", pulumi.ResourceOptions(parent=group))
        Thing("c")
        Thing("d", pulumi.ResourceOptions(provider=east), region="eu-west-1")

    result = deployment({"aws:region": "ap-southeast-2"}).up(program)

    regions = {r.name: r.region for r in result.resources}
    assert regions == {
        "a": "us-east-1", "b": "us-west-2", "c": "ap-southeast-2", "d": "eu-west-1",
    }  # fmt: skip
    made_in = sorted(thing["region"] for thing in world.things.values())
    assert made_in == ["ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"]
    assert result.changes == {"create": 4}


def test_a_provider_that_moves_takes_its_resources_with_it(world: World, deployment: Make) -> None:
    def program(region: str) -> None:
        provider = toy_region("home", region)
        Thing("a", pulumi.ResourceOptions(provider=provider))

    made = deployment()
    made.up(lambda: program("us-east-1"))
    world.calls.clear()
    result = made.up(lambda: program("us-west-2"))

    assert world.calls == ["create a", "delete a"]
    assert [thing["region"] for thing in world.things.values()] == ["us-west-2"]
    assert result.resources[0].region == "us-west-2"
    assert made.up(lambda: program("us-west-2")).changes == {"same": 1}


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


def test_two_resources_of_one_name_are_refused(world: World, deployment: Make) -> None:
    def program() -> None:
        Thing("twin")
        Thing("twin")
        Group("group")
        Group("group")

    with pytest.raises(ResourcesFailedError) as caught:
        deployment().up(program)

    assert [f.reason for f in caught.value.failures] == [
        "another resource of this type has the same name"
    ] * 2
    assert world.calls == ["create twin"]


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


def test_without_a_provider_nothing_can_be_made(deployment: Make) -> None:
    with pytest.raises(ResourcesFailedError, match="can only be previewed"):
        deployment(provider=None).up(lambda: Thing("a"))


def test_the_default_provider_is_configured_once(world: World, deployment: Make) -> None:
    class Counting(ToyProvider):
        configured = 0

        async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
            Counting.configured += 1
            return await super().configure(request)

    made = deployment(provider=Counting(world))
    made.up(lambda: [Thing("a"), Thing("b", source=Thing("c").arn)])
    made.up(lambda: None)

    assert Counting.configured == 1
