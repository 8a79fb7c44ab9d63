"""The region's resolver: makes member endpoint names known to code that runs in Lambda.

The embedded AWS copies this file as ``sitecustomize.py`` into a folder on its functions'
PYTHONPATH, so it needs the standard library only and the functions' code stays unchanged. In
AWS, a name such as ``c.cluster-x.us-east-1.rds.amazonaws.com`` resolves to an address of the
member's VPC; here it becomes the loopback address of the path from the function's region.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATHS_VARIABLE = "BICOASTAL_LAB_PATHS"
WRITERS_VARIABLE = "BICOASTAL_LAB_WRITERS"
_MEMBER = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d+)\.rds\.amazonaws\.com\.?$")
_GLOBAL = re.compile(r"\.global-[a-z0-9]+\.global\.rds\.amazonaws\.com\.?$")


def member_region(name: str) -> str | None:
    """The region of the member that an endpoint name belongs to.

    Args:
        name: A cluster, reader or instance endpoint.

    Returns:
        The region, or None for any other name.
    """
    match = _MEMBER.search(name.lower())
    return match[1] if match else None


def is_global_endpoint(name: str) -> bool:
    """Whether a name is a global writer endpoint."""
    return _GLOBAL.search(name.lower()) is not None


def resolver(
    source: str,
    table: Mapping[str, Mapping[str, str]],
    port: int,
    writers: Path,
    original: Callable[..., list[Any]],
) -> Callable[..., list[Any]]:
    """A ``getaddrinfo`` that knows the members' names.

    Args:
        source: The region that the code runs in.
        table: Addresses by source and member.
        port: The databases' port at those addresses.
        writers: A JSON file: global writer endpoint to region of the writer.
        original: Asked for every other name.

    Returns:
        The replacement of ``socket.getaddrinfo``.
    """

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if not isinstance(name, str):
            return original(host, *args, **kwargs)
        if is_global_endpoint(name):
            member = json.loads(writers.read_text()).get(name.lower().rstrip("."))
        else:
            member = member_region(name)
            if member is None:
                return original(host, *args, **kwargs)
        address = table.get(source, {}).get(member)
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} is not known in {source}")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]

    return getaddrinfo


def end_with_parent(parent: int) -> threading.Thread:
    """End this process as soon as the one that started it has ended.

    MiniStack starts its workers from short-lived threads, so the kernel's parent-death signal,
    which follows the thread, cannot be used.

    Args:
        parent: The parent's process id.

    Returns:
        The watching thread.
    """
    descriptor = os.pidfd_open(parent)

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        os.kill(os.getpid(), signal.SIGKILL)

    thread = threading.Thread(target=watch, daemon=True, name="end-with-parent")
    thread.start()
    return thread


def install(environment: Mapping[str, str]) -> bool:
    """Make this process a function of a region: its names, and its end with the embedded AWS.

    Args:
        environment: The process's environment.

    Returns:
        Whether the environment is that of the lab.
    """
    if PATHS_VARIABLE not in environment:
        return False
    end_with_parent(os.getppid())
    paths = json.loads(environment[PATHS_VARIABLE])
    socket.getaddrinfo = resolver(
        environment["AWS_REGION"],
        paths["table"],
        paths["port"],
        Path(environment[WRITERS_VARIABLE]),
        socket.getaddrinfo,
    )
    return True


if __name__ == "sitecustomize":
    install(os.environ)
