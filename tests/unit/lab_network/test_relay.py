"""What a client meets on a path: open, cut, delayed, refused, hung."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from bicoastal.lab.network import pipes
from bicoastal.lab.network.pipes import Connection, Pipe
from bicoastal.lab.waiting import wait_until

from .conftest import Dial, Echo, RelayThread, read, silent


def test_bytes_travel_both_ways_and_are_counted(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    assert read(connection, 5) == b"hello"
    connection.sendall(b"abc")
    assert read(connection, 3) == b"abc"
    row = next(r for r in net.stats() if (r.source, r.member) == ("west", "east"))
    assert (row.state, row.accepted, row.established) == ("open", 1, 1)
    assert (row.bytes_up, row.bytes_down) == (3, 8)
    connection.close()
    assert wait_until(lambda: all(r.established == 0 for r in net.stats()), 5)


def test_a_large_answer_arrives_whole_and_a_slow_reader_holds_the_sender(
    net: RelayThread, dial: Dial
) -> None:
    connection = dial()
    read(connection, 5)
    size = 25_000_000
    connection.sendall(b"big%d" % size)
    assert wait_until(lambda: max(r.bytes_down for r in net.stats()) > 100_000, 5)
    time.sleep(0.2)  # whatever the relay would swallow, it has swallowed by now
    assert max(r.bytes_down for r in net.stats()) < size / 2
    assert len(read(connection, size)) == size


def test_large_writes_arrive_whole(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    data = bytes(range(256)) * 20_000
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    assert read(connection, len(data)) == data
    sender.join()


def test_what_the_server_said_last_arrives_before_the_end(net: RelayThread, dial: Dial) -> None:
    net.set_delay(20)
    connection = dial()
    read(connection, 5)
    connection.sendall(b"big300000")
    read(connection, 1)
    connection.sendall(b"quit")
    assert len(read(connection, 10**9)) == 299_999


def test_a_cut_path_times_out_and_the_others_do_not(net: RelayThread, dial: Dial) -> None:
    net.cut("west", "east")
    assert net.state() == "cut"
    for _ in range(3):  # the accept queue stays full
        with pytest.raises(TimeoutError):
            dial(timeout_s=0.2)
    assert read(dial("clients"), 5) == b"hello"
    net.heal()
    assert read(dial(), 5) == b"hello"


def test_a_connect_that_began_in_the_cut_succeeds_after_it(net: RelayThread, dial: Dial) -> None:
    net.cut()
    threading.Timer(0.2, net.heal).start()
    assert read(dial(), 5) == b"hello"  # the kernel sends SYN again after a second


def test_established_connections_go_silent_and_continue(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    net.cut("*", "east")
    connection.sendall(b"one")
    assert silent(connection)
    connection.sendall(b"two")
    net.heal("*", "east")
    assert read(connection, 6) == b"onetwo"


def test_bytes_in_flight_wait_for_the_end_of_the_cut(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    net.set_delay(60)
    connection.sendall(b"slow")
    assert wait_until(
        lambda: next(iter(net.relay._paths[0]._connections))._pipes[0]._queue, 5, 0.001
    )
    net.cut()
    assert silent(connection, 0.25)
    net.heal()
    assert read(connection, 4) == b"slow"


def test_a_write_sent_into_a_cut_still_arrives_though_its_client_is_gone(
    net: RelayThread, dial: Dial
) -> None:
    connection = dial()
    read(connection, 5)
    net.cut()
    connection.sendall(b"zombie")
    connection.close()
    assert all(row.bytes_up == 0 for row in net.stats())
    net.heal()
    assert wait_until(lambda: any(row.bytes_up == 6 for row in net.stats()), 5)
    assert wait_until(lambda: all(row.established == 0 for row in net.stats()), 5)


def test_a_server_that_died_behind_a_cut_is_noticed_when_it_is_healed(
    net: RelayThread, dial: Dial, server: Echo
) -> None:
    connection = dial()
    read(connection, 5)
    net.set_delay(30)
    connection.sendall(b"lost")
    assert wait_until(
        lambda: next(iter(net.relay._paths[0]._connections))._pipes[0]._queue, 5, 0.001
    )
    net.cut()
    server.kill()
    assert silent(connection)
    with pytest.raises(TimeoutError):  # a cut hides even a dead server
        dial(timeout_s=0.2)
    net.heal()
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        dial()


def test_delays_are_one_way_and_the_handshake_pays_for_them(net: RelayThread, dial: Dial) -> None:
    net.set_delay(40, "west", "east")
    started = time.monotonic()
    connection = dial()
    read(connection, 5)
    assert 0.159 < time.monotonic() - started < 2  # SYN, SYN-ACK, ACK, greeting
    started = time.monotonic()
    connection.sendall(b"x")
    read(connection, 1)
    assert 0.079 < time.monotonic() - started < 2
    assert {row.delay_ms for row in net.stats()} == {0.0, 40.0}


def test_a_shorter_delay_does_not_let_later_bytes_overtake(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    net.set_delay(100)
    connection.sendall(b"first,")
    assert wait_until(
        lambda: next(iter(net.relay._paths[0]._connections))._pipes[0]._queue, 5, 0.001
    )
    net.set_delay(0)
    connection.sendall(b"second")
    assert read(connection, 12) == b"first,second"


def test_a_cut_during_the_handshake_holds_the_greeting_back(net: RelayThread, dial: Dial) -> None:
    net.set_delay(20)
    connection = dial()
    assert wait_until(lambda: any(row.accepted for row in net.stats()), 5, 0.001)
    net.cut()
    assert silent(connection, 0.2)
    net.heal()
    assert read(connection, 5) == b"hello"


def test_no_server_is_refused_until_one_listens_and_after_it_died(
    folder: Path, net: RelayThread, dial: Dial, server: Echo
) -> None:
    connection = dial()
    read(connection, 5)
    assert net.state(member="west") == "refusing"
    with pytest.raises(ConnectionRefusedError):
        dial(member="west")
    server.kill()
    assert connection.recv(1) == b""
    assert wait_until(lambda: net.state() == "refusing", 5)
    with pytest.raises(ConnectionRefusedError):
        dial()
    again = Echo(folder / "east.db", "again")
    assert wait_until(lambda: net.state() == "open", 5)
    assert read(dial(), 5) == b"again"
    again.kill()


def test_a_server_that_dies_during_the_handshake_resets(
    net: RelayThread, dial: Dial, server: Echo
) -> None:
    net.set_delay(60)
    connection = dial()
    server.kill()
    with pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_a_hung_server_connects_and_says_nothing(
    net: RelayThread, dial: Dial, server: Echo
) -> None:
    server.stop()
    connection = dial()
    assert silent(connection)
    assert net.state() == "open"
    server.resume()
    assert read(connection, 5) == b"hello"


def test_a_hung_server_with_a_full_queue_still_connects(
    folder: Path, net: RelayThread, dial: Dial
) -> None:
    hung = Echo(folder / "small.db", backlog=0)
    net.set_socket("west", folder / "small.db")
    hung.stop()
    connections = [dial(member="west") for _ in range(4)]
    assert all(silent(connection, 0.1) for connection in connections)
    hung.resume()
    assert [read(connection, 5) for connection in connections] == [b"hello"] * 4
    hung.stop()
    for _ in range(3):
        dial(member="west")
    assert wait_until(lambda: any(row.established == 7 for row in net.stats()), 5)
    net.set_socket("west", None)  # also those that wait for the server are reset
    assert wait_until(lambda: all(row.established == 0 for row in net.stats()), 5)
    hung.kill()


def test_the_server_behind_a_member_can_be_exchanged(
    folder: Path, net: RelayThread, dial: Dial
) -> None:
    connection = dial()
    read(connection, 5)
    new = Echo(folder / "new.db", "newer")
    net.set_socket("east", folder / "east.db")  # no change: nothing happens
    connection.sendall(b"x")
    assert read(connection, 1) == b"x"
    net.set_socket("east", folder / "new.db")
    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert read(dial(), 5) == b"newer"
    net.set_socket("east", None)
    with pytest.raises(ConnectionRefusedError):
        dial()
    new.kill()


def test_a_client_that_resets_frees_the_server_too(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert wait_until(lambda: all(row.established == 0 for row in net.stats()), 5)


def test_a_client_that_leaves_during_a_large_answer_frees_the_server_too(
    net: RelayThread, dial: Dial
) -> None:
    connection = dial()
    read(connection, 5)
    net.set_delay(1)
    connection.sendall(b"big30000000")
    read(connection, 1000)
    connection.close()
    assert wait_until(lambda: all(row.established == 0 for row in net.stats()), 5)


def test_a_false_alarm_of_the_kernel_is_harmless(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    relayed: Connection = next(iter(net.relay._paths[0]._connections))
    pipe: Pipe = relayed._pipes[0]
    net.relay._loop.call_soon_threadsafe(pipe._on_readable)
    connection.sendall(b"x")
    assert read(connection, 1) == b"x"


def test_answers_can_be_lost_while_requests_arrive(net: RelayThread, dial: Dial) -> None:
    connection = dial()
    read(connection, 5)
    net.cut("west", "east", way="down")
    connection.sendall(b"abc")
    assert wait_until(lambda: any(row.bytes_up == 3 for row in net.stats()), 5)
    assert silent(connection)
    assert net.state() == "cut"
    with pytest.raises(TimeoutError):  # a handshake needs both directions
        dial(timeout_s=0.2)
    net.heal()
    assert read(connection, 3) == b"abc"


def test_requests_can_be_lost_while_answers_arrive(net: RelayThread, dial: Dial) -> None:
    net.set_delay(100)
    connection = dial()
    net.cut("west", "east", way="up")
    assert silent(connection)  # the greeting came by a connection that was not open yet
    net.heal()
    assert read(connection, 5) == b"hello"
    net.cut("west", "east", way="up")
    connection.sendall(b"abc")
    assert silent(connection)
    net.heal()
    assert read(connection, 3) == b"abc"


def test_losses_are_repaired_and_take_their_time(net: RelayThread, dial: Dial) -> None:
    net.set_loss(1.0, "west", "east")
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        read(dial(), 5)
    net.set_loss(0.0)
    assert time.monotonic() - begun >= 0.2
    assert read(dial(), 5) == b"hello"


def test_how_late_a_lost_segment_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux sends again after 0.2 s, then after twice as long each time (RFC 6298)."""
    draws = iter((0.0, 0.0, 0.9))
    monkeypatch.setattr(random, "random", lambda: next(draws))
    assert pipes.repaired(0.5) == pytest.approx(0.2 + 0.4)
    monkeypatch.setattr(random, "random", lambda: 0.0)
    assert pipes.repaired(0.5) == pytest.approx(0.2 * 31)
    monkeypatch.setattr(random, "random", lambda: 0.5)
    assert pipes.repaired(0.0) == 0.0
