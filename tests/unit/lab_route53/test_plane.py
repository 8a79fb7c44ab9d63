"""The data plane as a whole: checkers that connect, metrics, and what DNS then answers."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from bicoastal.errors import LabError
from bicoastal.lab.network import AddressPlan
from bicoastal.lab.route53 import (
    CheckReport,
    ResolutionError,
    Resolver,
    Route53DataPlane,
    post_to,
)
from bicoastal.lab.route53 import checkers as checkers_module
from bicoastal.lab.route53 import dns_server as dns_server_module
from bicoastal.lab.route53 import plane as plane_module
from bicoastal.lab.route53.checkers import Observation
from bicoastal.lab.waiting import wait_until

from .conftest import DOMAIN, HOME, STANDBY, FakeAws, endpoint, pair


def plane(aws: FakeAws, plan: AddressPlan, **options: object) -> Route53DataPlane:
    defaults: dict[str, object] = {
        "pace": 200,
        "checkers": 6,
        "read_every_s": 0.02,
        "streams_every_s": 0.01,
    }
    return Route53DataPlane(aws.client_for, plan, **(defaults | options))  # type: ignore[arg-type]


@contextlib.contextmanager
def listening(address: str) -> Iterator[None]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, 3306))
        listener.listen(512)
        yield


def with_tcp_check(aws: FakeAws, host: str = endpoint(HOME)) -> None:
    """The classical pair: TCP check -> CALCULATED check -> PRIMARY record."""
    aws.check("tcp", Type="TCP", FullyQualifiedDomainName=host, Port=3306, RequestInterval=10,
              FailureThreshold=2)  # fmt: skip
    aws.check("calc", Type="CALCULATED", ChildHealthChecks=["tcp"], HealthThreshold=1)
    aws.records = pair("calc")


def test_it_knows_the_metrics_from_the_start(aws: FakeAws, plan: AddressPlan) -> None:
    aws.latch()
    aws.put(0)
    with plane(aws, plan, streams_every_s=60) as running:
        assert running.statuses()["both"] is False
        assert running.lookup(DOMAIN).address == plan.address("clients", STANDBY)


def test_a_plan_without_the_internet_is_refused(aws: FakeAws) -> None:
    lonely = AddressPlan("127.70.1", ("clients",), (HOME,))
    with pytest.raises(LabError, match="no path from 'internet'"):
        plane(aws, lonely)


def test_the_latch_moves_dns_and_moves_it_back(aws: FakeAws, plan: AddressPlan) -> None:
    aws.latch()
    aws.put(1)
    with plane(aws, plan) as running:
        resolver = Resolver(running.address, pace=200)
        assert resolver.resolve(DOMAIN) == plan.address("clients", HOME)
        assert resolver.clone().resolve(DOMAIN) == plan.address("clients", HOME)  # no new entry
        aws.put(0)
        assert wait_until(lambda: running.statuses()["both"] is False, 5)
        assert resolver.clone().resolve(DOMAIN) == plan.address("clients", STANDBY)
        aws.points.clear()  # no data any more: the last known status stays
        assert wait_until(
            lambda: sum(name == "get_metric_statistics" for name, *_ in aws.calls) > 40, 5
        )
        assert running.statuses()["both"] is False
        aws.put(1)
        assert wait_until(lambda: running.statuses()["both"], 5)
    changes = [c.healthy for c in running.history.status_changes if c.check == "both"]
    assert changes == [True, False, True]
    answers = running.history.answer_changes
    assert [(a.name, a.type, a.member) for a in answers] == [
        (DOMAIN + ".", "A", HOME),
        (DOMAIN + ".", "A", STANDBY),
    ]
    assert answers[0].chain == (endpoint(HOME) + ".",)
    assert answers[0].monotonic_s < answers[1].monotonic_s
    assert answers[0].wall_s <= answers[1].wall_s
    report = running.history.to_dict()
    assert report["answers"][1]["member"] == STANDBY
    assert report["statuses"][0].keys() == {"check", "healthy", "wall_s", "monotonic_s"}


def test_a_dead_endpoint_is_noticed_and_a_living_one_again(aws: FakeAws, plan: AddressPlan) -> None:
    with_tcp_check(aws)
    with plane(aws, plan) as running:
        assert running.statuses() == {"tcp": True, "calc": True}  # new checks are healthy
        assert wait_until(lambda: not running.statuses()["calc"], 5)
        assert running.lookup(DOMAIN).address == plan.address("clients", STANDBY)
        reports = {report.id: report for report in running.reports()}
        assert wait_until(lambda: len(running.reports()[0].observations) == 6, 5)
        seen = running.reports()[0].observations
        assert all(o.status.startswith("Failure: Connect") for o in seen)
        assert len({o.region for o in seen}) == 6
        assert reports["calc"].observations == ()
        with listening(plan.address("internet", HOME)):
            assert wait_until(lambda: running.statuses()["calc"], 5)
            assert wait_until(
                lambda: all(
                    o.status.startswith("Success") for o in running.reports()[0].observations
                ),
                5,
            )
        assert wait_until(lambda: not running.statuses()["calc"], 5)


def test_a_few_checkers_are_enough_for_health(aws: FakeAws, plan: AddressPlan) -> None:
    with_tcp_check(aws)
    with listening(plan.address("internet", HOME)), plane(aws, plan) as running:
        assert wait_until(lambda: len(running.reports()[0].observations) == 6, 5)
        assert running.statuses()["tcp"]


def test_a_silent_endpoint_times_out(
    aws: FakeAws, plan: AddressPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkers_module, "_SHORTEST_TIMEOUT_S", 0.05)
    with_tcp_check(aws, plan.address("internet", HOME))  # an address instead of a name
    address = (plan.address("internet", HOME), 3306)
    with socket.socket() as full, socket.socket() as filler:
        full.bind(address)
        full.listen(0)
        filler.connect(address)
        with plane(aws, plan) as running:
            assert wait_until(lambda: not running.statuses()["tcp"], 5)
            assert "timed out" in running.reports()[0].observations[0].status


def test_an_endpoint_that_has_no_address_fails(aws: FakeAws, plan: AddressPlan) -> None:
    with_tcp_check(aws, "nowhere.example.net")
    with plane(aws, plan) as running:
        assert wait_until(lambda: not running.statuses()["tcp"], 5)
        assert "DNS resolution failed" in running.reports()[0].observations[0].status


def test_checks_come_change_and_go_while_it_runs(aws: FakeAws, plan: AddressPlan) -> None:
    with plane(aws, plan) as running:
        assert running.statuses() == {}
        with_tcp_check(aws)
        assert wait_until(lambda: running.statuses().get("calc") is False, 5)
        aws.checks[0]["HealthCheckConfig"]["Disabled"] = True
        assert wait_until(lambda: running.statuses()["calc"], 5)  # disabled: healthy
        aws.checks.clear()
        assert wait_until(lambda: running.statuses() == {}, 5)
        assert running.lookup(DOMAIN).address == plan.address("clients", HOME)


def test_the_founding_defect_leaves_the_primary_without_health(
    aws: FakeAws, plan: AddressPlan
) -> None:
    with_tcp_check(aws)
    del aws.checks[1]["HealthCheckConfig"]["ChildHealthChecks"]
    with listening(plan.address("internet", HOME)), plane(aws, plan) as running:
        assert running.statuses() == {"tcp": True, "calc": False}
        assert running.lookup(DOMAIN).address == plan.address("clients", STANDBY)


def test_it_goes_on_without_the_control_plane(aws: FakeAws, plan: AddressPlan) -> None:
    aws.latch()
    aws.put(1)
    with plane(aws, plan) as running:
        aws.down.add(("route53", HOME))
        aws.put(0)
        assert wait_until(lambda: not running.statuses()["both"], 5)
        assert running.lookup(DOMAIN).address == plan.address("clients", STANDBY)


def test_without_the_control_plane_it_cannot_begin(aws: FakeAws, plan: AddressPlan) -> None:
    aws.down.add(("route53", HOME))
    with pytest.raises(LabError, match="Route 53 of the embedded AWS does not answer"):
        plane(aws, plan).start()


def test_without_a_port_it_cannot_begin(
    aws: FakeAws, plan: AddressPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_server_module, "_ATTEMPTS", 0)
    running = plane(aws, plan)
    with pytest.raises(LabError, match="No port"):
        running.start()
    running.stop()


def test_a_server_that_hangs_at_the_start(
    aws: FakeAws, plan: AddressPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = dns_server_module.DnsServer.start

    async def slow(server: dns_server_module.DnsServer) -> None:
        await asyncio.sleep(0.2)
        await start(server)

    monkeypatch.setattr(dns_server_module.DnsServer, "start", slow)
    monkeypatch.setattr(plane_module, "_START_TIMEOUT_S", 0.02)
    running = plane(aws, plan)
    with pytest.raises(LabError, match="did not start"):
        running.start()
    running.stop()


def test_stopping_twice_is_harmless(aws: FakeAws, plan: AddressPlan) -> None:
    running = plane(aws, plan).start()
    running.stop()
    running.stop()


def test_statuses_are_published_on_change_and_now_and_then(aws: FakeAws, plan: AddressPlan) -> None:
    aws.latch()
    aws.put(1)
    published: list[tuple[CheckReport, ...]] = []
    with plane(aws, plan, publish=published.append) as running:
        assert wait_until(lambda: len(published) > 3, 5)
        aws.put(0)
        assert wait_until(lambda: CheckReport("both", False) in published[-1], 5)
        assert CheckReport("both", True) in published[0]
        assert running.statuses() == {report.id: report.healthy for report in published[-1]}


def test_posting_to_the_embedded_aws() -> None:
    received: list[tuple[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    report = CheckReport("tcp", False, (Observation("us-west-2", "Failure: x", 12.5),))
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        post_to(f"http://127.0.0.1:{server.server_port}/")((report,))
        thread.join()
    observation = {"region": "us-west-2", "status": "Failure: x", "wall_s": 12.5}
    check = {"id": "tcp", "healthy": False, "observations": [observation]}
    assert received == [("/_lab/health-status", {"checks": [check]})]
    post_to(f"http://127.0.0.1:{server.server_port}")((report,))  # nobody there: dropped


def test_its_names_can_be_silenced_while_health_goes_on(aws: FakeAws, plan: AddressPlan) -> None:
    aws.latch()
    aws.put(1)
    with plane(aws, plan) as running:
        resolver = Resolver(running.address, timeout_s=0.3)
        running.silence(on=True)
        with pytest.raises(ResolutionError):
            resolver.resolve(DOMAIN)
        running.silence(on=False)
        assert resolver.resolve(DOMAIN)
