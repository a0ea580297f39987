"""Addresses, HTTP, mail and commands, each with what it refuses."""

import base64
import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from tests.unit.notify.conftest import Room
from tests.unit.notify.receiver import Receiver

from gates import open_gate
from trimtab.base.errors import SetupError
from trimtab.base.records import replace
from trimtab.egress.http import HttpOptions
from trimtab.egress.request import Outgoing
from trimtab.notify.housekeeping import Housekeeping
from trimtab.notify.kinds import shown
from trimtab.notify.model import Outcome
from trimtab.notify.sender import Means
from trimtab.notify.transport.command import parse_command
from trimtab.notify.transport.http import HttpTransport
from trimtab.notify.transport.smtp import Mailer

DAY_S = 86_400


def test_endpoints_are_shown_without_what_is_secret() -> None:
    assert shown("slack", "https://hooks.slack.com/services/T/B/S") == "https://hooks.slack.com/…"
    assert shown("webhook", "https://h/path?token=x") == "https://h/path?…"
    assert shown("email", "a@b") == "a@b"


class Slow(socketserver.BaseRequestHandler):
    """Sends a header a byte at a time, for ever."""

    def handle(self) -> None:
        stop = threading.Event()
        try:
            while not stop.wait(0.02):
                self.request.sendall(b"H")
        except OSError:
            return


@pytest.fixture
def slow() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join(10)


def test_a_receiver_that_drips_is_cut_off(slow: str) -> None:
    verdict = HttpTransport(open_gate(), HttpOptions(whole_s=0.3)).send(Outgoing(slow, {}, b"x"))
    assert (verdict.outcome, verdict.reason) == (Outcome.RETRY, "no whole answer within 0.3 s")


def test_a_large_answer_is_read_to_a_bound(receiver: Receiver) -> None:
    receiver.status, receiver.body = 500, b"x" * 10_000_000
    verdict = HttpTransport(open_gate()).send(Outgoing(receiver.url, {}, b""))
    assert verdict.outcome is Outcome.RETRY
    assert len(verdict.reason) < 300


def test_a_port_that_nothing_listens_on_is_tried_again() -> None:
    verdict = HttpTransport(open_gate()).send(Outgoing("http://127.0.0.1:9/secret-path", {}, b""))
    assert (verdict.outcome, verdict.reason) == (Outcome.RETRY, "cannot reach 127.0.0.1:9: Connection refused")


class Smtp(socketserver.StreamRequestHandler):
    """A mail server that takes everything, but for a recipient called `nobody`."""

    mails: ClassVar[list[str]] = []
    shown: ClassVar[list[str]] = []
    """What clients signed in with."""

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word in ("EHLO", "HELO"):
                self._say("250-test\r\n250 AUTH PLAIN")
            elif word == "AUTH":
                self.shown.append(base64.b64decode(line.split()[-1]).decode())
                self._say("535 no" if "wrong" in self.shown[-1] else "235 in")
            elif word == "DATA":
                self._say("354 go on")
                lines = []
                while (part := self.rfile.readline().decode()) != ".\r\n":
                    lines.append(part)
                self.mails.append("".join(lines))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("550 no such user" if "nobody" in line else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def smtp() -> Iterator[str]:
    Smtp.mails, Smtp.shown = [], []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"smtp+plain://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)


def with_means(room: Room, **more: Any) -> None:
    room.sender._means = replace(Means(HttpTransport(open_gate())), **more)


def test_mail_arrives_with_a_stable_id_and_one_subject_line(room: Room, smtp: str) -> None:
    with_means(room, mailer=Mailer.of(smtp, "trimtab@example.com"))
    room.add("email", "ops@example.com, b@example.com")
    room.alarm("cpu\nBcc: evil@example.com")
    room.tick(6)
    (mail,) = Smtp.mails
    (found,) = room.deliveries()
    assert found.state == "delivered"
    assert f"Message-ID: <{found.id}@example.com>" in mail
    assert "\nBcc:" not in mail.partition("\r\n\r\n")[0]
    assert "Auto-Submitted: auto-generated" in mail


@pytest.mark.parametrize("password", ["pass", "pässwort"])
def test_a_password_may_have_any_letters(smtp: str, password: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "trimtab@example.com", "ops@example.com"
    for sent, expected in ((password, Outcome.DELIVERED), (f"wrong-{password}", Outcome.RETRY)):
        mailer = Mailer.of(smtp.replace("//", f"//ann:{quote(sent)}@"), "trimtab@example.com")
        assert mailer is not None
        assert expected == mailer.send(mail).outcome
        assert f"\0ann\0{sent}" == Smtp.shown[-1]
    assert 1 == len(Smtp.mails)


def test_mail_to_nobody_is_failed_and_to_some_is_delivered_with_the_rest_named(room: Room, smtp: str) -> None:
    with_means(room, mailer=Mailer.of(smtp, "trimtab@example.com"))
    room.add("email", "nobody@example.com", name="none")
    room.add("email", "ops@example.com,nobody@example.com", name="some")
    room.alarm()
    room.tick(6)
    states = {one.target: (one.state, one.reason) for one in room.deliveries()}
    assert states["none"] == ("failed", "every recipient was refused: nobody@example.com (550 no such user)")
    assert states["some"] == ("delivered", "refused for nobody@example.com (550 no such user)")


def test_mail_waits_for_a_server_to_be_set(room: Room) -> None:
    room.add("email", "ops@example.com")
    room.alarm()
    room.tick(6)
    (found,) = room.deliveries()
    assert found.state == "waiting"
    assert "TRIMTAB_SMTP_URL" in found.reason


@pytest.mark.parametrize("url", ["mail.example.com", "http://x", "smtp://", "smtp://h:port"])
def test_a_mail_server_that_cannot_be_is_a_setup_error(url: str) -> None:
    with pytest.raises(SetupError, match="TRIMTAB_SMTP_URL"):
        Mailer.of(url, "a@b")
    with pytest.raises(SetupError, match="TRIMTAB_SMTP_FROM"):
        Mailer.of("smtp://h", "nobody")


def test_a_command_gets_its_words_whole_and_the_json(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "got"
    script = "import sys; open(sys.argv[1], 'w').write('|'.join(sys.argv[2:]) + sys.stdin.read())"
    with_means(room, command=(sys.executable, "-c", script, str(file), "{title}", "{severity}"))
    room.run(room.channels.offer_command("123456789012", ("x",), ("alarm.*",)))
    room.alarm('$(touch x); "{severity}" `y`', actions=())
    room.tick(0)
    words, _, rest = file.read_text().partition('{"id"')
    assert words == 'ALARM: "$(touch x); "{severity}" `y`" in us-east-1|error'
    assert json.loads('{"id"' + rest)["kind"] == "alarm.state_changed"


def test_a_command_that_fails_says_how(room: Room) -> None:
    with_means(room, command=(sys.executable, "-c", "import sys; sys.exit('no display')"))
    room.run(room.channels.offer_command("123456789012", ("x",), ("alarm.*",)))
    room.alarm(actions=())
    room.tick(0)
    assert room.deliveries()[0].reason == "the command ended with status 1: no display"
    with pytest.raises(SetupError):
        parse_command("notify-send 'x")


def test_what_is_finished_is_forgotten_and_what_waits_is_not(room: Room, receiver: Receiver) -> None:
    room.add("webhook", receiver.url, name="a")
    room.add("webhook", "http://127.0.0.1:9", name="b")
    room.alarm()
    room.tick(0)
    housekeeping = Housekeeping(room.state, room.clock, 30)
    room.clock.advance(29 * DAY_S)
    assert room.run(housekeeping.drop()) == 0
    room.clock.advance(2 * DAY_S)
    assert room.run(housekeeping.drop()) == 1
    assert [one.target for one in room.deliveries()] == ["b"]
    assert room.run(room.log.counts()).totals[("webhook", "delivered")] == 1
