"""One HTTP request to a receiver: bounded in time and size, to an address that was looked at, no redirect followed.

On the standard library, because the address that is connected to must be the one that was checked. Blocking: the
sender runs it in a thread.
"""

import http.client
import socket
import ssl
import threading
from functools import cached_property

from msgspec import Struct

from trimtab.base.errors import Unavailable
from trimtab.egress.address import Target, parse_url
from trimtab.egress.gate import Gate
from trimtab.egress.request import Answered, Outgoing
from trimtab.egress.trust import authorities

STEP_S = 10.0
"""Longest silence of a receiver, while connecting and while answering."""
WHOLE_S = 20.0
"""Longest time for all of it: a receiver that drips bytes does not hold a sender up."""
_BODY_BYTES = 65_536
"""Of an answer's body only the beginning is read: for the log, and for tokens."""
_SHOWN = 200


class HttpOptions(Struct, frozen=True):
    """How requests are made."""

    step_s: float = STEP_S
    whole_s: float = WHOLE_S


class HttpClient:
    """Sends requests through a gate, each on a connection of its own."""

    def __init__(self, gate: Gate, options: HttpOptions) -> None:
        self._gate = gate
        self._options = options

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made for the first request over TLS: it takes 20 ms and a megabyte, and most clients never send."""
        return authorities()

    def ask(self, outgoing: Outgoing) -> Answered:
        """Send it once and return what was answered, whatever its status. Raises InvalidInput for an address that is
        not sent to, Unavailable where no whole answer came."""
        target = parse_url(outgoing.url)
        connection = _Connection(self._gate, target, self._tls if target.tls else None, self._options)
        deadline = threading.Timer(self._options.whole_s, connection.cut)
        deadline.daemon = True
        deadline.start()
        try:
            return _exchange(connection, target, outgoing)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            if connection.was_cut:
                raise Unavailable(f"no whole answer within {self._options.whole_s:g} s") from None
            raise Unavailable(f"cannot reach {target.host}:{target.port}: {_words(problem)}") from None
        finally:
            deadline.cancel()
            connection.close()


class _Connection(http.client.HTTPConnection):  # noqa: TID251 - behind the gate
    """A connection to an address that was checked; TLS is verified for the name."""

    def __init__(self, gate: Gate, target: Target, tls: ssl.SSLContext | None, options: HttpOptions) -> None:
        super().__init__(target.host, target.port, timeout=options.step_s)
        self._gate = gate
        self._target = target
        self._tls = tls
        self._options = options
        self.was_cut = False

    def connect(self) -> None:
        """Connect to the first address that answers."""
        found = self._gate.addresses(self._target.host, self._target.port)
        problem: OSError = OSError("the name has no address")
        for family, address in found:
            plain = socket.socket(family, socket.SOCK_STREAM)
            plain.settimeout(self._options.step_s)
            try:
                plain.connect((str(address), self._target.port))
                self.sock = self._tls.wrap_socket(plain, server_hostname=self._target.host) if self._tls else plain
            except OSError as one:
                plain.close()
                problem = one
                continue
            return
        raise problem

    def cut(self) -> None:
        """End it from another thread, whatever it waits for."""
        self.was_cut = True
        sock = self.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _exchange(connection: _Connection, target: Target, outgoing: Outgoing) -> Answered:
    headers = {"Host": target.authority, "Accept-Encoding": "identity", "Connection": "close", **outgoing.headers}
    connection.request(outgoing.method, target.path, body=outgoing.body, headers=headers)
    answer = connection.getresponse()
    body = answer.read(_BODY_BYTES)
    text = body.decode("utf-8", "replace")
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_SHOWN]
    return Answered(answer.status, shown, answer.getheader("Retry-After", ""), answer.getheader("Location", ""), body)


def _words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "it does not answer in time"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate does not verify: {problem.verify_message}"
    return (problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)) or repr(problem)
