"""What `trimtab doctor` looks at: one function a check, each giving findings; none changes anything that stays."""

import errno
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.cli.connection import Connection
from trimtab.cli.output import ago
from trimtab.client.api import Client
from trimtab.settings import OFF, Settings, deprecated

MINIMUM_PYTHON = (3, 11)
ROOM_WARN_MB = 5 * 1024
"""Free disk below which the doctor warns: a busy day of metrics of a few hundred machines."""
SYNC_WARN_S = 0.05
"""A write made durable this slowly (a spinning or networked disk) is felt in every acknowledged batch."""
SKEW_WARN_MS, SKEW_FAIL_MS = 2_000, 300_000
"""Clock difference that shows on live pages; and the one past which AWS signatures do not verify (5 minutes)."""
AGENT_WARN_MS = 90_000
"""An agent that missed nine of its 10 s reports."""
_CONNECT_S = 2.0


class Verdict(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    """One line of the doctor: what was looked at, what was found, what to do."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


def check_python() -> Finding:
    """Python is new enough, and whether the server part is installed."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < MINIMUM_PYTHON:
        return Finding("python", Verdict.FAIL, version, "install Python 3.11 or newer")
    missing = importlib.util.find_spec("chdb") is None or importlib.util.find_spec("starlette") is None
    return Finding(
        "python", Verdict.OK, f"{version}, {'agent, client and CLI only' if missing else 'server installed'}"
    )


def check_settings() -> Iterator[Finding]:
    """Settings that go with a later version."""
    for entry in deprecated():
        said = f"{entry.name} is deprecated since {entry.since} and will be gone in {entry.until}"
        yield Finding("settings", Verdict.WARN, said, entry.instead)


def check_data_dir(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """The data directory can be written durably, and has room."""
    place = settings.data_dir
    existing = next(path for path in (place, *place.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("data directory", Verdict.FAIL, f"{existing} cannot be written", "set TRIMTAB_DATA_DIR elsewhere")
        return
    try:
        took = _sync_seconds(existing, clock)
    except OSError as problem:
        yield Finding(
            "data directory", Verdict.FAIL, f"cannot write in {existing}: {problem}", "set TRIMTAB_DATA_DIR elsewhere"
        )
        return
    slow = took > SYNC_WARN_S
    advice = "put TRIMTAB_DATA_DIR on a faster or local disk" if slow else ""
    yield Finding(
        "data directory", Verdict.WARN if slow else Verdict.OK, f"{place}, fsync {took * 1000:.1f} ms", advice
    )
    yield _room(existing, settings)


def _sync_seconds(directory: Path, clock: Clock) -> float:
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"\0" * 4096)
        file.flush()
        began = clock.monotonic()
        os.fsync(file.fileno())
        return clock.monotonic() - began


def _room(directory: Path, settings: Settings) -> Finding:
    free_mb = shutil.disk_usage(directory).free // (1 << 20)
    found = f"{free_mb / 1024:.1f} GiB free"
    if free_mb < settings.disk_reserve_mb:
        advice = f"make room: below {settings.disk_reserve_mb} MiB (TRIMTAB_DISK_RESERVE_MB) nothing is accepted"
        return Finding("disk", Verdict.FAIL, found, advice)
    if free_mb < ROOM_WARN_MB:
        return Finding("disk", Verdict.WARN, found, "make room soon")
    return Finding("disk", Verdict.OK, found)


def check_ports(settings: Settings) -> Iterator[Finding]:
    """Each address is served by trimtab, or free for it."""
    for name, address in (("HTTP", settings.http_addr), ("OTLP HTTP", settings.otlp_http_addr)):
        if address != OFF and not address.endswith(":0"):
            yield _port(f"{name} address", name, address, settings)


def _port(check: str, name: str, address: str, settings: Settings) -> Finding:
    host, _, port = address.rpartition(":")
    scheme = "https" if settings.tls_cert else "http"
    variable = f"TRIMTAB_{name.replace(' ', '_')}_ADDR"
    problem = _bind_problem(host, int(port))
    if problem is None:
        return Finding(check, Verdict.OK, f"{address} is free")
    if problem.errno != errno.EADDRINUSE:
        found = f"{address} cannot be listened on: {problem.strerror}"
        return Finding(check, Verdict.FAIL, found, f"set {variable} to an address of this machine")
    with Client(f"{scheme}://{_reach(host)}:{port}", timeout_s=_CONNECT_S, ca_file=settings.tls_cert) as client:
        try:
            client.health()
        except TrimtabError:
            return Finding(check, Verdict.FAIL, f"{address} is taken by another program", f"stop it, or set {variable}")
    return Finding(check, Verdict.OK, f"{address} is served by trimtab")


def _reach(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104  # recognised, not listened on


def _bind_problem(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: closed ones linger
        try:
            listener.bind((host.strip("[]"), port))
        except OSError as problem:
            return problem
    return None


def check_server(connection: Connection, clock: Clock) -> Iterator[Finding]:
    """The server answers, is ready, agrees on the time, and hears from agents."""
    with connection.client(timeout_s=10) as client:
        try:
            asked = clock.now_ms()
            health = client.health()
            answered = clock.now_ms()
        except Unavailable as problem:
            yield Finding("server", Verdict.WARN, str(problem))
            return
        except TrimtabError as problem:
            yield Finding("server", Verdict.FAIL, str(problem))
            return
        yield Finding("server", Verdict.OK, f"{connection.url}, version {health.version}")
        yield _skew(health.time_ms - (asked + answered) // 2)
        try:
            yield from _parts(client)
            yield from _agents(client, clock.now_ms())
        except TrimtabError as problem:
            yield Finding("access", Verdict.FAIL, str(problem), "set TRIMTAB_TOKEN to a live token")


def _skew(difference_ms: int) -> Finding:
    found = f"{abs(difference_ms) / 1000:.1f} s from the server's"
    if abs(difference_ms) >= SKEW_FAIL_MS:
        return Finding("clock", Verdict.FAIL, found, "set the clocks (NTP): AWS signatures will not verify")
    if abs(difference_ms) >= SKEW_WARN_MS:
        return Finding("clock", Verdict.WARN, found, "set the clocks (NTP)")
    return Finding("clock", Verdict.OK, found)


def _parts(client: Client) -> Iterator[Finding]:
    for part in client.ready().checks:
        verdict = Verdict.OK if part.ok else Verdict.FAIL
        yield Finding(part.name, verdict, part.detail or "works", "" if part.ok else "the log of the server says more")


def _agents(client: Client, now_ms: int) -> Iterator[Finding]:
    hosts = client.hosts()
    if not hosts:
        yield Finding("agent", Verdict.WARN, "no host reports", "run `trimtab agent` on the machines to watch")
    for host in hosts:
        late = now_ms - host.last_seen_ms > AGENT_WARN_MS
        advice = f"look at the agent on {host.name}" if late else ""
        seen = f"{host.name} reported {ago(host.last_seen_ms, now_ms)} ago"
        yield Finding("agent", Verdict.WARN if late else Verdict.OK, seen, advice)
