"""Mail by exim: STARTTLS, TLS from the first byte, sign-in, what it refuses, and what arrives in a mailbox."""

import email
import email.policy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from made_certificates import certificate
from patience import until
from real.parts import daemons, free_port, need_root
from trimtab.notify.compose.mail import compose
from trimtab.notify.model import Channel, Notification, Outcome, Parcel
from trimtab.notify.transport.smtp import Mailer

pytestmark = pytest.mark.real

USER, PASSWORD = "trimtab", "p@ss:word/ü"
IN_URL = "p%40ss%3Aword%2F%C3%BC"
CONFIG = """\
primary_hostname = localhost
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {tls}
tls_on_connect_ports = {tls}
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
domainlist local_domains = example.test
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny !authenticated = *
       message = authentication required
  deny !domains = +local_domains
       message = relay not permitted
  deny !local_parts = ops : night
       message = unknown user
  accept
begin routers
all:
  driver = accept
  domains = +local_domains
  local_parts = ops : night
  transport = file
begin transports
file:
  driver = appendfile
  file = {folder}/mail/$local_part_data
  user = Debian-exim
begin retry
begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{trimtab}}}}{{eq{{$auth3}}{{p@ss:word/ü}}}}}}}}
  server_set_id = $auth2
"""


@dataclass
class Exim:
    """A running exim, and where it puts mail."""

    folder: Path
    starttls: int
    tls: int

    def mailer(self, scheme: str = "smtp", credentials: str = f"{USER}:{IN_URL}@") -> Mailer:
        port = self.tls if scheme == "smtps" else self.starttls
        made = Mailer.of(f"{scheme}://{credentials}localhost:{port}", "trimtab@example.test")
        assert made is not None
        return made

    def box(self, name: str) -> list[EmailMessage]:
        """The mails of a mailbox."""
        file = self.folder / "mail" / name
        if not file.exists():
            return []
        parts = ("\n" + file.read_text("utf-8")).split("\nFrom ")[1:]
        read = [email.message_from_string(part.partition("\n")[2], policy=email.policy.default) for part in parts]
        return cast("list[EmailMessage]", read)


@pytest.fixture(scope="module")
def exim() -> Iterator[Exim]:
    need_root("exim")
    with daemons() as running:
        folder = running.folder
        certificate().write(folder)
        made = Exim(folder, free_port(), free_port())
        (folder / "exim.conf").write_text(CONFIG.format(folder=folder, starttls=made.starttls, tls=made.tls))
        for name in ("spool", "mail"):
            (folder / name).mkdir()
            shutil.chown(folder / name, "Debian-exim", "Debian-exim")
        shutil.chown(folder / "key.pem", "Debian-exim")
        shutil.chown(folder, "Debian-exim")  # it writes its logs there
        running.start("exim4", "-C", f"{folder}/exim.conf", "-bdf")
        running.listens("exim4", made.starttls)
        yield made


@pytest.fixture(autouse=True)
def trusted(exim: Exim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate is trusted, as SSL_CERT_FILE has it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(exim.folder / "cert.pem"))


def mail(to: str, name: str) -> EmailMessage:
    """The mail of an alarm, with letters of several scripts and a line longer than SMTP allows."""
    told = Notification(
        id=name, kind="alarm.state_changed", at_ms=1_796_000_000_000, subject="cpu",
        title=f"ALARM: Größe – {name} 漢字",
        text="…" * 700 + "\n.\nafter a lone dot", severity="error", order_key="k", group_key="g", firing=True,
        link="https://trimtab.example.test/alarms",
    )  # fmt: skip
    channel = Channel("c", "123456789012", "mail", "email", to)
    return compose(Parcel(name, ("d",), (told,), 0), channel, 1_796_000_000_000, "trimtab@example.test")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mail_arrives_whole_over_both_kinds_of_tls(exim: Exim, scheme: str) -> None:
    verdict = exim.mailer(scheme).send(mail("ops@example.test,night@example.test", scheme))
    assert (Outcome.DELIVERED, "") == (verdict.outcome, verdict.reason)

    def arrived(box: str) -> list[EmailMessage]:
        return [one for one in exim.box(box) if one["Message-ID"] == f"<{scheme}@example.test>"]

    for box in ("ops", "night"):
        until(lambda box=box: arrived(box), f"no mail is in {box}")  # type: ignore[misc]  # of this turn
        (one,) = arrived(box)
        assert f"ALARM: Größe – {scheme} 漢字" == one["Subject"]
        body = one.get_body(("plain",))
        assert body is not None
        assert "…" * 700 + "\n.\nafter a lone dot" in body.get_content()
        assert "TLS1" in str(one["Received"])
        assert "auto-generated" == one["Auto-Submitted"]


def test_what_the_server_refuses_is_told_and_tried_again_where_that_helps(exim: Exim) -> None:
    wrong = exim.mailer(credentials=f"{USER}:wrong@").send(mail("ops@example.test", "wrong"))
    assert (Outcome.RETRY, 535) == (wrong.outcome, wrong.status)
    nobody = exim.mailer().send(mail("nobody@example.test", "nobody"))
    assert (Outcome.FAILED, 550) == (nobody.outcome, nobody.status)
    assert "unknown user" in nobody.reason
    some = exim.mailer().send(mail("ops@example.test,nobody@example.test", "some"))
    assert Outcome.DELIVERED == some.outcome
    assert "nobody@example.test (550 unknown user)" in some.reason
    plain = exim.mailer("smtp+plain", credentials="").send(mail("ops@example.test", "plain"))
    assert (Outcome.FAILED, 550) == (plain.outcome, plain.status)


def test_a_server_that_nobody_vouches_for_gets_no_password(exim: Exim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    refused = exim.mailer().send(mail("ops@example.test", "untrusted"))
    assert Outcome.RETRY == refused.outcome
    assert "certificate verify failed" in refused.reason
