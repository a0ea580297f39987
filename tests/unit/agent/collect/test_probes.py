import socket
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from made_certificates import DAYS, certificate, serving, showing
from trimtab.agent.collect import probes
from trimtab.agent.collect.probes import Probes, Result, Target, load, probe
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import SetupError


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        moved = self.path == "/moved"
        status = {"/moved": 302, "/sick": 503, "/secret": 200 if self.headers.get("X-Key") == "k" else 403}
        body = b"all is ok"
        self.send_response(status.get(self.path, 200))
        self.send_header("Content-Length", str(len(body)))
        if moved:
            self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@dataclass
class Served:
    port: int
    ca_file: str = ""


@pytest.fixture
def plain() -> Iterator[Served]:
    with serving(Handler, None) as port:
        yield Served(port)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Served]:
    certificate().write(tmp_path)
    with serving(Handler, showing(tmp_path)) as port:
        yield Served(port, str(tmp_path / "cert.pem"))


def look(url: str, **options: Any) -> Result:
    return probe(Target(url, **options), SystemClock())


@pytest.mark.parametrize(
    ("path", "options", "ok"),
    [
        ("/", {}, True),
        ("/moved", {}, True),
        ("/sick", {}, False),
        ("/sick", {"status": [503]}, True),
        ("/", {"contains": "is ok"}, True),
        ("/", {"contains": "missing"}, False),
        ("/secret", {}, False),
        ("/secret", {"headers": {"X-Key": "k"}}, True),
    ],
)
def test_http(plain: Served, path: str, options: dict[str, Any], ok: bool) -> None:
    found = look(f"http://127.0.0.1:{plain.port}{path}", **options)
    assert (found.ok, bool(found.reason)) == (ok, not ok), found.reason
    assert 0 < found.seconds < 5


def test_tcp(plain: Served) -> None:
    assert look(f"tcp://127.0.0.1:{plain.port}").ok
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refused = look(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert not refused.ok
    assert "refused" in refused.reason.lower()


@pytest.mark.parametrize("scheme", ["https", "tls"])
def test_a_certificate_tells_when_it_ends(secured: Served, scheme: str) -> None:
    found = look(f"{scheme}://127.0.0.1:{secured.port}", ca_file=secured.ca_file)
    assert found.ok, found.reason
    assert found.expires_s is not None
    assert found.expires_s - SystemClock().now_ms() / 1000 == pytest.approx(DAYS * 86_400, abs=120)


@pytest.mark.parametrize("scheme", ["https", "tls"])
def test_a_certificate_that_is_not_trusted_is_a_failure(secured: Served, scheme: str) -> None:
    found = look(f"{scheme}://127.0.0.1:{secured.port}")
    assert not found.ok
    assert "CERTIFICATE_VERIFY_FAILED" in found.reason


def test_a_name_that_cannot_be_is_a_failure() -> None:
    assert not look(f"tcp://{'x' * 70}.example:80").ok


class Pool:
    """Runs nothing: a test ends each probe by hand."""

    def __init__(self) -> None:
        self.started: list[Future[Result]] = []

    def submit(self, *arguments: Any) -> "Future[Result]":
        self.started.append(Future())
        return self.started[-1]

    def shutdown(self, **options: Any) -> None:
        pass


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[Probes, Pool, ManualClock]:
    pool, clock = Pool(), ManualClock()
    monkeypatch.setattr(probes, "ThreadPoolExecutor", lambda *arguments, **options: pool)
    return Probes([Target("http://a/", labels={"service": "chat"})], clock), pool, clock


def test_results_come_at_the_next_look_and_each_once(watched: tuple[Probes, Pool, ManualClock]) -> None:
    every, pool, clock = watched
    assert every.readings() == []
    pool.started[0].set_result(Result(ok=True, seconds=0.2, expires_s=clock.now_ms() / 1000 + 100))
    clock.advance(10)
    found = {reading.name: reading for reading in every.readings()}
    assert {name: reading.value for name, reading in found.items()} == {
        "probe.success": 1,
        "probe.duration": 0.2,
        "probe.tls_expiry": pytest.approx(90),
    }
    assert found["probe.success"].attributes == (("probe.target", "http://a/"), ("service", "chat"))
    clock.advance(10)
    assert every.readings() == []
    assert len(pool.started) == 1
    clock.advance(10)
    every.readings()
    assert len(pool.started) == 2
    every.close()


def test_a_probe_that_hangs_is_told_once_an_interval_and_not_started_again(
    watched: tuple[Probes, Pool, ManualClock], caplog: pytest.LogCaptureFixture
) -> None:
    every, pool, clock = watched
    told = []
    for _ in range(10):
        told += [reading.value for reading in every.readings() if reading.name == "probe.success"]
        clock.advance(10)
    assert told == [0, 0, 0, 0]  # after 10 s, and from then on every 30 s
    assert len(pool.started) == 1
    assert caplog.text.count("no end within its timeout") == 1
    pool.started[0].set_result(Result(ok=True, seconds=99))
    assert every.readings() == []
    clock.advance(30)
    every.readings()
    assert len(pool.started) == 2


def test_targets_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "probes.toml"
    file.write_text('[[probe]]\nurl = "tcp://db:5432"\nlabels = { service = "db" }\n[[probe]]\nurl = "https://a/"\n')
    assert [target.url for target in load(file)] == ["tcp://db:5432", "https://a/"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[probe]]", "url"),
        ('[[probe]]\nurl = "ftp://a/"', "expected a URL of"),
        ('[[probe]]\nurl = "tcp://a"', "expected a port"),
        ('[[probe]]\nurl = "http://me:pw@a/"', "put it into headers"),
        ('[[probe]]\nurl = "http://a/"\ntimeout_s = 60', "not above the second"),
        ('[[probe]]\nurl = "http://a/"\nretries = 3', "retries"),
        ("[[probe", "cannot read probes"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "probes.toml"
    file.write_text(text)
    with pytest.raises(SetupError, match=message) as raised:
        load(file)
    assert "pw" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot read probes from"):
        load(tmp_path / "none.toml")
