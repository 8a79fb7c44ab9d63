"""What can be done to the lab while clients write: one small function an action.

Every function does one thing and says in words what it did; what people do is in `humans`.
`ACTIONS` is the vocabulary of the scenario files; those in `RESTORING` end an outage.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from bicoastal.errors import LabError
from bicoastal.failover.config import CONFIG_VARIABLE, PROBE_USER
from bicoastal.lab.databases import MAX_CONNECTIONS, connect
from bicoastal.lab.drill import humans
from bicoastal.lab.drill.clocks import skew_controller, skew_witness
from bicoastal.lab.drill.stage import Stage
from bicoastal.lab.drill.storage import release_commits, slow_commits, stall_commits
from bicoastal.lab.drill.witnesses import replace_prober
from bicoastal.lab.scenarios.model import Scenario, Step
from bicoastal.lab.waiting import wait_until

Action = Callable[[Stage, Step], str]


def kill(stage: Stage, step: Step) -> str:
    """SIGKILL of the member's server."""
    return _signal(stage, step, signal.SIGKILL)


def hang(stage: Stage, step: Step) -> str:
    """SIGSTOP: a TCP connect still succeeds, nothing answers."""
    return _signal(stage, step, signal.SIGSTOP)


def resume(stage: Stage, step: Step) -> str:
    """SIGCONT."""
    return _signal(stage, step, signal.SIGCONT)


def restart(stage: Stage, step: Step) -> str:
    """Start the member's killed server again."""
    region = stage.region(step.place)
    stage.lab.aws.restart(region)
    return f"the database server of {region} starts again"


def cut(stage: Stage, step: Step) -> str:
    """Drop every packet from the source (or from everywhere) to the member, both ways."""
    source, member = _path(stage, step)
    stage.lab.network.cut(source=source, member=member)
    return f"path {_named(source)} -> {member} cut; the server is alive"


def lose_answers(stage: Stage, step: Step) -> str:
    """Drop only what the member sends: writes arrive, their answers do not."""
    source, member = _path(stage, step)
    stage.lab.network.cut(source=source, member=member, way="down")
    return f"answers of {member} to {_named(source)} are lost"


def lose_requests(stage: Stage, step: Step) -> str:
    """Drop only what is sent to the member."""
    source, member = _path(stage, step)
    stage.lab.network.cut(source=source, member=member, way="up")
    return f"requests of {_named(source)} to {member} are lost"


def heal(stage: Stage, step: Step) -> str:
    """Let packets through again."""
    source, member = _path(stage, step)
    stage.lab.network.heal(source=source, member=member)
    return f"path {_named(source)} -> {member} healed"


def delay(stage: Stage, step: Step) -> str:
    """Set the one-way delay to `amount` milliseconds; 0 takes it away."""
    source, member = _path(stage, step)
    stage.lab.network.set_delay(step.measure(), source=source, member=member)
    return f"path {_named(source)} -> {member} takes {step.measure():g} ms each way"


def lose(stage: Stage, step: Step) -> str:
    """Lose `amount` percent of what is sent, each loss repaired by TCP; 0 ends it."""
    source, member = _path(stage, step)
    stage.lab.network.set_loss(step.measure() / 100, source=source, member=member)
    return f"path {_named(source)} -> {member} loses {step.measure():g} %"


def close_for_writes(stage: Stage, step: Step) -> str:
    """`SET GLOBAL read_only = 1` on the writer, as an operator would by hand."""
    _execute(stage, step, "SET GLOBAL read_only = 1")
    return f"read_only set on {stage.region(step.place)} by hand"


def open_for_writes(stage: Stage, step: Step) -> str:
    """`SET GLOBAL read_only = 0`."""
    _execute(stage, step, "SET GLOBAL read_only = 0")
    return f"read_only taken away on {stage.region(step.place)} by hand"


def exhaust_connections(stage: Stage, step: Step) -> str:
    """Leave no connection free for anybody but an administrator."""
    region = stage.region(step.place)
    _execute(stage, step, "SET GLOBAL max_connections = 10")
    socket = stage.lab.aws.member(region).socket
    # The writers' connections count as well; what is missing to the limit is taken here. MariaDB
    # keeps one more for an administrator, which is how `release_connections` comes in. A prober
    # that is inside at this moment leaves a place behind: it is full when, for as long as two
    # rounds last, nobody is let in.
    patience_s = 2 * stage.settings.failover.probe_interval_s / stage.pace
    while wait_until(lambda: _took_connection(stage, region, socket), patience_s, 0.01):
        pass
    return f"max_connections of {region} exhausted"


def _took_connection(stage: Stage, region: str, socket: Path) -> bool:
    try:
        stage.held.append(connect(stage.lab.workspace, socket=socket))
    except OSError as error:
        raise LabError(f"{region}: {error}") from error
    except Exception as error:
        if error.args and error.args[0] == _TOO_MANY:
            return False
        raise
    return True


def release_connections(stage: Stage, step: Step) -> str:
    """Let connections in again."""
    stage.release()
    _execute(stage, step, f"SET GLOBAL max_connections = {MAX_CONNECTIONS}")
    return f"connections of {stage.region(step.place)} free again"


def lock_tables(stage: Stage, step: Step) -> str:
    """`FLUSH TABLES WITH READ LOCK`: logins work, writes wait for ever."""
    socket = stage.lab.aws.member(stage.region(step.place)).socket
    connection = connect(stage.lab.workspace, socket=socket)
    stage.held.append(connection)
    with connection.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
    return f"all tables of {stage.region(step.place)} locked"


def unlock_tables(stage: Stage, step: Step) -> str:
    """Close the connection that holds the lock."""
    stage.release()
    return f"tables of {stage.region(step.place)} unlocked"


def stop_replication(stage: Stage, step: Step) -> str:
    """`STOP SLAVE` on the standby."""
    _execute(stage, step, "STOP SLAVE")
    return f"replication to {stage.region(step.place)} stopped"


def start_replication(stage: Stage, step: Step) -> str:
    """`START SLAVE` on the standby."""
    _execute(stage, step, "START SLAVE")
    return f"replication to {stage.region(step.place)} runs"


def delay_replication(stage: Stage, step: Step) -> str:
    """Apply on the standby `amount` seconds late."""
    with stage.admin(step.place) as cursor:
        cursor.execute("STOP SLAVE")
        cursor.execute("CHANGE MASTER TO MASTER_DELAY = %s", (int(step.measure()),))
        cursor.execute("START SLAVE")
    return f"{stage.region(step.place)} applies {step.measure():g} s late"


def refuse(stage: Stage, step: Step) -> str:
    """Refuse an AWS API action in the place's region; `*` for all, `amount` times or always."""
    region = stage.region(step.place)
    times = None if step.amount is None else int(step.amount)
    code = step.error or "InternalFailure"
    stage.lab.aws.refuse(step.match, code=code, region=region, times=times)
    what = "every AWS API" if step.match == "*" else step.match
    return f"{what} in {region} answers {code}" + (f" {times} times" if times else "")


def refuse_nothing(stage: Stage, _step: Step) -> str:
    """Take every refusal back."""
    stage.lab.aws.refuse_nothing()
    return "AWS's APIs answer again"


def stop_witness(stage: Stage, step: Step) -> str:
    """The prober of a region crashes at every call."""
    replace_prober(stage, step.place, "raise RuntimeError('the prober is broken')")
    return f"the prober of {stage.region(step.place)} crashes"


def make_witness_lie_down(stage: Stage, step: Step) -> str:
    """The prober of a region votes DOWN, whatever it sees."""
    replace_prober(stage, step.place, _LIE.format(verdict="DOWN"))
    return f"the prober of {stage.region(step.place)} lies: DOWN"


def make_witness_lie_up(stage: Stage, step: Step) -> str:
    """The prober of a region votes UP, whatever it sees."""
    replace_prober(stage, step.place, _LIE.format(verdict="UP"))
    return f"the prober of {stage.region(step.place)} lies: UP"


def redeploy(stage: Stage, _step: Step) -> str:
    """Give the controllers another configuration, as a deployment does."""
    for region, name in stage.controllers.items():
        client = stage.lab.client("lambda", region)
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        config = {**json.loads(variables[CONFIG_VARIABLE]), "code": "another"}
        variables = {**variables, CONFIG_VARIABLE: json.dumps(config)}
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
    return "the controllers were deployed anew"


def lock_out_witnesses(stage: Stage, step: Step) -> str:
    """`ALTER USER ... ACCOUNT LOCK`: the probe user may no longer log in."""
    with stage.admin(step.place) as cursor:
        cursor.execute("ALTER USER %s@'%%' ACCOUNT LOCK", (PROBE_USER,))
    return f"the probe user of {stage.region(step.place)} is locked"


def let_witnesses_in(stage: Stage, step: Step) -> str:
    """`ALTER USER ... ACCOUNT UNLOCK`."""
    with stage.admin(step.place) as cursor:
        cursor.execute("ALTER USER %s@'%%' ACCOUNT UNLOCK", (PROBE_USER,))
    return f"the probe user of {stage.region(step.place)} is unlocked"


def end_controllers(stage: Stage, _step: Step) -> str:
    """SIGKILL every process that runs a controller's code, in the midst of what it does."""
    ended = stage.lab.end_functions(stage.controllers.values())
    return f"{ended} controller processes killed"


def stop_dns(stage: Stage, _step: Step) -> str:
    """The DNS server answers nobody."""
    stage.lab.route53.silence(on=True)
    return "the DNS server is silent"


def start_dns(stage: Stage, _step: Step) -> str:
    """The DNS server answers again."""
    stage.lab.route53.silence(on=False)
    return "the DNS server answers"


ACTIONS: dict[str, Action] = {
    function.__name__.replace("_", "-"): function
    for function in (
        kill, hang, resume, restart, cut, lose_answers, lose_requests, heal, delay, lose,
        close_for_writes, open_for_writes,
        exhaust_connections, release_connections, lock_tables, unlock_tables, stop_replication,
        start_replication, delay_replication, refuse, refuse_nothing, stop_witness,
        make_witness_lie_down, make_witness_lie_up, humans.arm, humans.disarm, humans.maintain,
        humans.approve, humans.acknowledge, humans.switchover, humans.failback, humans.rejoin,
        end_controllers, stop_dns, start_dns, redeploy, lock_out_witnesses, let_witnesses_in,
        slow_commits, stall_commits, release_commits, skew_controller, skew_witness,
    )
}  # fmt: skip

RESTORING = frozenset(
    {
        "resume",
        "restart",
        "heal",
        "open-for-writes",
        "release-connections",
        "unlock-tables",
        "release-commits",
    }
)
"""Actions at home that end an outage."""


def perform(stage: Stage, step: Step) -> str:
    """Do a step's action.

    Args:
        stage: What it can reach.
        step: A step with `do`.

    Returns:
        What was done, in words.

    Raises:
        LabError: There is no such action, or it cannot be done now.
    """
    action = ACTIONS.get(str(step.do))
    if action is None:
        raise LabError(f"there is no action {step.do!r}; there are: {', '.join(sorted(ACTIONS))}")
    return action(stage, step)


def unknown_actions(scenario: Scenario) -> list[str]:
    """Name the actions of a scenario that do not exist."""
    return [step.do for step in scenario.steps if step.do is not None and step.do not in ACTIONS]


_TOO_MANY = 1040
"""ER_CON_COUNT_ERROR (https://mariadb.com/kb/en/mariadb-error-codes/)."""
_LIE = """import os, time
    return {{"witness": os.environ["AWS_REGION"], "member": event["region"], "verdict": "{verdict}",
            "depth": "greeting", "reason": "a lie", "round": event.get("round", 0),
            "at": time.time()}}"""


def _signal(stage: Stage, step: Step, number: signal.Signals) -> str:
    pid = stage.pid(step.place)
    os.kill(pid, number)
    return f"{number.name} to the database server of {stage.region(step.place)} (process {pid})"


def _execute(stage: Stage, step: Step, statement: str) -> None:
    with stage.admin(step.place) as cursor:
        cursor.execute(statement)


def _path(stage: Stage, step: Step) -> tuple[str, str]:
    source = "*" if step.source is None else stage.region(step.source)
    return source, stage.region(step.place)


def _named(source: str) -> str:
    return "everywhere" if source == "*" else source
