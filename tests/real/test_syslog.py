"""rsyslog and syslog-ng send to the syslog door, in every form that their manuals have for it."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

from live_server import LiveServer
from patience import until
from real.parts import UNPACKED, daemons, program
from trimtab.base.errors import NotFound
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents
from trimtab.client.log_events_wire import LogEvent

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

RSYSLOG = """\
global(workDirectory="{folder}" localHostname="{host}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/socket")
action(type="omfwd" target="127.0.0.1" port="{port}" {how})
"""
RSYSLOG_WAYS = {
    "TCP, counted": 'protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"',
    "TCP, a line each": 'protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"',
    "TCP, traditional": 'protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"',
    "UDP, with whole times": 'protocol="udp" template="RSYSLOG_ForwardFormat"',
    "TCP, as it is without a template": 'protocol="tcp"',
}
SYSLOG_NG = """\
@version: current
options {{ keep-hostname(yes); use-dns(no); }};
source own {{ unix-dgram("{folder}/socket"); }};
rewrite host {{ set("{host}", value("HOST")); }};
destination trimtab {{ {how} }};
log {{ source(own); rewrite(host); destination(trimtab); }};
"""
LONG = "x" * 900  # logger sends 1 KiB a message
SYSLOG_NG_WAYS = {
    "syslog() over TCP": 'syslog("127.0.0.1" port({port}) transport("tcp"));',
    "syslog() over UDP": 'syslog("127.0.0.1" port({port}) transport("udp"));',
    "network() over TCP": 'network("127.0.0.1" port({port}) transport("tcp"));',
    "network() over UDP, new form": 'network("127.0.0.1" port({port}) transport("udp") flags(syslog-protocol));',
}


def messages(server: LiveServer, host: str, count: int) -> list[LogEvent]:
    """What came of a host, once there are so many."""

    def found() -> list[LogEvent]:
        with Client(server.url) as client:
            try:
                events = LogEvents(client).events("syslog", end="4102444800000").events
            except NotFound:  # the first message makes the group
                return []
        got = [one for one in events if one.stream == host and one.attributes.get("appname") in ("shop", "trainer")]
        return got if len(got) >= count else []

    return until(found, f"fewer than {count} messages of {host} came")


def say(path: Path) -> None:
    """Three messages, as programs of the machine log them."""
    for words in (
        ["-t", "shop", "-p", "local3.err", "cannot pay – ä"],
        ["-t", "trainer", "--id=4242", "-p", "user.info", "step 10 loss=0.25"],
        ["-t", "shop", "-p", "daemon.warning", LONG],
    ):
        subprocess.run(["logger", "-u", str(path), *words], check=True, timeout=30)


def check(server: LiveServer, host: str, since_ms: int) -> None:
    events = {one.message: one for one in messages(server, host, 3)}
    assert {"cannot pay – ä", "step 10 loss=0.25", LONG} == events.keys()
    paid, step = events["cannot pay – ä"], events["step 10 loss=0.25"]
    assert ("ERROR", "local3", "shop") == (paid.severity, paid.attributes["facility"], paid.attributes["appname"])
    assert ("INFO", "user", "trainer", "4242") == (
        step.severity, step.attributes["facility"], step.attributes["appname"], step.attributes["procid"]
    )  # fmt: skip
    assert "WARN" == events[LONG].severity
    assert all(since_ms - 2000 <= one.time_ms <= time.time_ns() // 1_000_000 + 1000 for one in events.values())


@pytest.mark.parametrize("way", RSYSLOG_WAYS)
def test_messages_of_rsyslog_are_what_programs_said(server: LiveServer, way: str) -> None:
    host, since_ms = f"rs{list(RSYSLOG_WAYS).index(way)}-{time.time_ns()}", time.time_ns() // 1_000_000
    with daemons() as running:
        config = running.folder / "rsyslog.conf"
        facts = {"folder": running.folder, "host": host, "port": server.address_of("syslog")[1]}
        config.write_text(RSYSLOG.format(how=RSYSLOG_WAYS[way], **facts))
        running.start("rsyslogd", "-n", "-f", str(config), "-i", str(running.folder / "pid"))
        until((running.folder / "socket").exists, "rsyslog takes no messages")
        say(running.folder / "socket")
        check(server, host, since_ms)


@pytest.mark.parametrize("way", SYSLOG_NG_WAYS)
def test_messages_of_syslog_ng_are_what_programs_said(server: LiveServer, way: str) -> None:
    host, since_ms = f"ng{list(SYSLOG_NG_WAYS).index(way)}-{time.time_ns()}", time.time_ns() // 1_000_000
    path = Path(program("syslog-ng"))
    modules = next(UNPACKED.glob("usr/lib/syslog-ng/*/libafsocket.so"), None) if UNPACKED in path.parents else None
    extra = [f"--module-path={modules.parent}"] if modules else []
    own = {"LD_LIBRARY_PATH": str(modules.parents[1])} if modules else {}
    with daemons(**own) as running:
        folder = running.folder
        how = SYSLOG_NG_WAYS[way].format(port=server.address_of("syslog")[1])
        (folder / "ng.conf").write_text(SYSLOG_NG.format(folder=folder, host=host, how=how))
        files = ["-f", f"{folder}/ng.conf", "-R", f"{folder}/persist", "-p", f"{folder}/pid", "-c", f"{folder}/control"]
        running.start("syslog-ng", "-F", "--no-caps", *extra, *files)
        until(lambda: (folder / "socket").exists() and _listens(folder / "socket"), "syslog-ng takes no messages")
        say(folder / "socket")
        check(server, host, since_ms)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as tried:
        return tried.connect_ex(str(path)) == 0
