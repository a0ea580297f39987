"""Sends mutated requests to one door, valid ones in between, and keeps account of what was answered.

Requests go in windows: many are written before the first answer is read (HTTP/1.1 pipelining), so that neither side
waits for the other and 100,000 a door take minutes. Answers come in order, so each is known to belong to its request.
"""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader

from crash.mutations import mutate
from crash.recorded import HTTP_DOORS, HttpDoor, emf_document

WHOLE_EVERY = 10
VALUES = 5  # of a valid batch
LIE_EVERY = 40
SHOWN = 5
WINDOW = 24  # requests in flight: their answers fit the kernel's buffers, so that neither side can block the other
BASES = 60  # recorded requests of a door that mutants are made from


@dataclass
class Account:
    """What one door did: answers by status, what was wrong, and the values acknowledged under its own metric."""

    metric: str
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def note(self, what: str, body: bytes) -> None:
        """Something is wrong with the answer to `body`; the first few are kept in full."""
        self.wrong.append(f"request {self.sent}: {what}; body {body[:3000]!r}" if len(self.wrong) < SHOWN else "")


@dataclass(frozen=True)
class Sent:
    """A request and, where it was a valid batch, its values."""

    body: bytes
    values: tuple[int, ...] = ()


class Pipe:
    """A connection over which requests are written ahead of their answers."""

    def __init__(self, address: tuple[str, int], door: HttpDoor) -> None:
        self._address = address
        lines = [f"POST {door.path} HTTP/1.1", "Host: localhost"]
        self._head = "\r\n".join(lines + [f"{key}: {value}" for key, value in door.headers.items()]).encode()
        self._connect()

    def _connect(self) -> None:
        self._raw = socket.create_connection(self._address, timeout=60)
        self._answers: BufferedReader = self._raw.makefile("rb")

    def close(self) -> None:
        """Close the connection."""
        self._answers.close()
        self._raw.close()

    def exchange(self, window: list[Sent], account: Account) -> Iterator[tuple[Sent, int]]:
        """Each request with the status of its answer. A connection that is dropped is noted and made again."""
        answered = 0
        try:
            self._raw.sendall(
                b"".join(
                    b"%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, len(one.body), one.body) for one in window
                )
            )
            for one in window:
                status, text = self._answer()
                answered += 1
                if status >= 500 and status != 503:
                    account.note(f"answered {status} {text[:300]!r}", one.body)
                yield one, status
        except (OSError, ValueError) as problem:
            lost = window[min(answered, len(window) - 1)]
            account.note(f"no answer: {problem!r}", lost.body)
            account.statuses[0] += 1
            self.close()
            self._connect()

    def _answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer. Raises ValueError for what is no answer, OSError for none."""
        status = int([*self._line().split(b" ", 2), b"", b""][1])
        length, chunked, closes = 0, False, False
        while line := self._line():
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            chunked |= name == b"transfer-encoding" and b"chunked" in value
            closes |= name == b"connection" and b"close" in value
        if closes:  # not documented for whole requests
            raise OSError(f"the server closes the connection after a {status}")
        if not chunked:
            return status, self._answers.read(length)
        text = b""
        while size := int(self._line(), 16):
            text += self._answers.read(size)
            self._line()
        self._line()
        return status, text

    def _line(self) -> bytes:
        line = self._answers.readline(65536)
        if not line:
            raise OSError("the server closed the connection")
        return line.rstrip(b"\r\n")


def fuzz_http(door: HttpDoor, address: tuple[str, int], number: int, until: float) -> Account:
    """Send `number` mutated requests of one door, valid ones in between."""
    account = Account(f"whole-{door.name}" if "write" not in door.name else f"whole_{door.name.replace('-', '_')}")
    pipe, window = Pipe(address, door), []
    for made in _requests(door, address, number, account):
        window.append(made)
        if len(window) == WINDOW:
            _send(door, pipe, window, account)
            window = []
            if time.monotonic() > until:
                break
    if window:
        _send(door, pipe, window, account)
    pipe.close()
    return account


def _send(door: HttpDoor, pipe: Pipe, window: list[Sent], account: Account) -> None:
    for one, status in pipe.exchange(window, account):
        if not one.values:
            account.statuses[status] += 1
        elif status in (200, 204):
            account.values += [] if door.reads else one.values
        elif status not in (429, 503):
            account.note(f"a valid batch was answered {status}", b"")


def _requests(door: HttpDoor, address: tuple[str, int], number: int, account: Account) -> Iterator[Sent]:
    """Mutants and valid batches by turns; a request that lies about its length is sent at once, on its own."""
    chance = random.Random(door.name)
    bases = [door.body("fuzzed", [chance.randrange(1000) for _ in range(VALUES)]) for _ in range(BASES)]
    others = [other.body("fuzzed", [1, 2, 3]) for other in HTTP_DOORS]
    for at in range(number):
        account.sent += 1
        base, other = chance.choice(bases), chance.choice(others)
        whole = chance.random() < 0.9  # the rest is spoiled after it was packed
        body = door.pack(mutate(base, chance, other)) if whole else mutate(door.pack(base), chance, other)
        if at % LIE_EVERY == 1:
            lie(door, address, body, chance, account)
        else:
            yield Sent(body)
        if at % WHOLE_EVERY == 0:
            values = list(range(at * VALUES, (at + 1) * VALUES))
            yield Sent(door.pack(door.body(account.metric, values)), tuple(values))


def lie(door: HttpDoor, address: tuple[str, int], body: bytes, chance: random.Random, account: Account) -> None:
    """A request that says another length than it has: any answer but a 5xx, or a closed connection."""
    said = chance.choice((str(max(0, len(body) - 7)), str(len(body) + 7), "-1", "9" * 30, "1e3", ""))
    lines = [f"POST {door.path} HTTP/1.1", "Host: localhost", f"Content-Length: {said}", "Connection: close"]
    head = "\r\n".join(lines + [f"{key}: {value}" for key, value in door.headers.items()])
    answer = b""
    with socket.create_connection(address, timeout=30) as raw:
        try:
            raw.sendall(head.encode() + b"\r\n\r\n" + body)
            raw.shutdown(socket.SHUT_WR)
            while piece := raw.recv(65536):
                answer += piece
        except ConnectionError:  # closed at once, with what was sent unread
            pass
    if answer.startswith(b"HTTP/1.1 5") and not answer.startswith(b"HTTP/1.1 503"):
        account.note(f"Content-Length: {said} was answered {answer[:300]!r}", body)


def fuzz_emf(address: tuple[str, int], number: int, until: float) -> Account:
    """Mutated documents over one TCP connection, each on a line of its own."""
    account, chance = Account("whole-emf"), random.Random("emf")
    with socket.create_connection(address, timeout=30) as raw:
        for at in range(number):
            if time.monotonic() > until:
                break
            account.sent += 1
            base = emf_document("fuzzed", chance.randrange(1000))
            try:
                raw.sendall(mutate(base, chance, base) + b"\n")
                if at % WHOLE_EVERY == 0:
                    raw.sendall(emf_document(account.metric, at) + b"\n")
                    account.values.append(at)
            except OSError as problem:
                account.note(f"the connection was dropped: {problem!r}", base)
                break
        raw.shutdown(socket.SHUT_WR)
        if raw.recv(1):
            account.note("the door said something", b"")
    return account


def fuzz_statsd(address: tuple[str, int], number: int, until: float) -> Account:
    """Mutated datagrams. Valid ones carry a time of their own, so that each is a value of its own."""
    account, chance = Account("whole-statsd"), random.Random("statsd")
    lines = [b"fuzzed:3|c|@0.1|#a:b,c", b"fuzzed.t:320|ms", b"fuzzed.g:+5|g", b"fuzzed.s:joe|s", b"_e{5,4}:title|text"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        for at in range(number):
            if time.monotonic() > until:
                break
            account.sent += 1
            raw.sendto(mutate(b"\n".join(lines), chance, lines[0])[:60_000], address)
            if at % WHOLE_EVERY == 0:
                raw.sendto(f"{account.metric}:{at}|c|T{int(time.time())}".encode(), address)
                account.values.append(at)
            threading.Event().wait(0.001)  # a datagram too fast is dropped, which would prove nothing
    return account
