"""Mail over SMTP, by the server that the settings name. Blocking: the sender runs it in a thread."""

import base64
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from trimtab.base.errors import SetupError
from trimtab.notify.model import Outcome, Verdict

_TIMEOUT_S = 20.0
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_SIGNED_IN = 235  # RFC 4954
_EXPECTED = (
    "expected smtp://user:password@host:587 (STARTTLS), smtps://…:465 (TLS) or smtp+plain://host:25 (neither, for a "
    "relay on this machine)"
)


@dataclass(frozen=True, slots=True)
class Mailer:
    """A mail server. `scheme`: smtp upgrades with STARTTLS, smtps begins with TLS, smtp+plain has neither."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def of(cls, url: str, sender: str) -> "Mailer | None":
        """The server that TRIMTAB_SMTP_URL names; None for an empty one. Raises SetupError."""
        if not url:
            return None
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SetupError(f"cannot use TRIMTAB_SMTP_URL: {_EXPECTED}") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise SetupError(f"cannot use TRIMTAB_SMTP_URL: {_EXPECTED}")
        if "@" not in sender:
            raise SetupError("cannot send mail: TRIMTAB_SMTP_FROM is not an address; expected trimtab@example.com")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], user, password, sender)

    def send(self, mail: EmailMessage) -> Verdict:
        """Hand the mail over. Taken for some recipients only is taken; the reason names the rest."""
        try:
            with self._connect() as server:
                refused = server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as problem:
            code = max((code for code, _ in problem.recipients.values()), default=0)
            outcome = Outcome.FAILED if code >= 500 else Outcome.RETRY
            return Verdict(outcome, f"every recipient was refused: {_told(problem.recipients)}", code)
        except smtplib.SMTPResponseException as problem:
            said = (
                problem.smtp_error.decode("utf-8", "replace")
                if isinstance(problem.smtp_error, bytes)
                else str(problem.smtp_error)
            )
            refuses = (
                isinstance(problem, smtplib.SMTPDataError | smtplib.SMTPSenderRefused) and problem.smtp_code >= 500
            )
            outcome = Outcome.FAILED if refuses else Outcome.RETRY
            return Verdict(outcome, f"the mail server answered {problem.smtp_code}: {said}"[:500], problem.smtp_code)
        except (OSError, smtplib.SMTPException) as problem:
            return Verdict(Outcome.RETRY, f"cannot reach the mail server {self.host}:{self.port}: {problem}"[:500])
        return Verdict(Outcome.DELIVERED, f"refused for {_told(refused)}" if refused else "")

    def _connect(self) -> smtplib.SMTP:
        tls = ssl.create_default_context()
        if self.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=tls)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            if self.scheme == "smtp":
                server.starttls(context=tls)
            if self.user:
                self._sign_in(server)
        except BaseException:  # raised again: a connection that is not signed in is not kept
            server.close()
            raise
        return server

    def _sign_in(self, server: smtplib.SMTP) -> None:
        """By whatever the server offers; smtplib signs in with ASCII only, and PLAIN takes UTF-8 (RFC 4616)."""
        if f"{self.user}{self.password}".isascii():
            server.login(self.user, self.password)
            return
        server.ehlo_or_helo_if_needed()
        shown = base64.b64encode(f"\0{self.user}\0{self.password}".encode()).decode()
        code, said = server.docmd("AUTH", f"PLAIN {shown}")
        if code != _SIGNED_IN:
            raise smtplib.SMTPAuthenticationError(code, said)


def _told(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{who} ({code} {said.decode('utf-8', 'replace')})" for who, (code, said) in refused.items())[:400]
