"""Prometheus's HTTP API, as far as history is read through it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct, field

from trimtab.agent.scrape.remote_write import Metadata
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.sources.http import connection, describe

_log = logging.getLogger(__name__)
T = TypeVar("T")
TIMEOUT_S = 130.0
"""Prometheus stops a query after two minutes (query.timeout): wait for its own message."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
GIVE_UP_S = 600.0
_HEAVY_STATUS = (413, 422, 503, 504)
_HEAVY = ("too many", "too large", "exceed", "timed out", "timeout", "limit", "deadline", "canceled")
"""What servers say of a query that asks for too much at once: Prometheus, Thanos, Mimir and VictoriaMetrics."""


class TooHeavy(Unavailable):
    """The server will not answer so much in one query: ask for less."""


class Sample(Struct, array_like=True):
    """A time in seconds and a value as text."""

    time: float
    value: str


class Matrix(Struct):
    """One series of an answer. Native histograms come apart from values."""

    metric: dict[str, str]
    values: list[Sample] = []
    histograms: list[Any] = []


class Vector(Struct):
    """One series of an instant answer."""

    metric: dict[str, str]
    value: Sample


class _Answer(Struct):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""


class _MatrixData(Struct):
    result: list[Matrix]


class _VectorData(Struct):
    result: list[Vector]


class _Family(Struct):
    type: str
    help: str = ""
    unit: str = ""


class Credentials(Struct, frozen=True):
    """How to be let in, and whom to trust: basic (user, password), a bearer token, a file of authorities."""

    basic: tuple[str, str] | None = None
    bearer: str = ""
    ca_file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers: a tenant's, say (X-Scope-OrgID)."""


class Api:
    """One server. One query is asked at a time; while it is away or busy, it is asked again."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        clock: Clock,
        wait: Callable[[float], object],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` is the server's root, with the path of a tenant where there is one. Raises SetupError."""
        self.url = url.rstrip("/")
        headers = {"User-Agent": "trimtab-connect", **credentials.headers}
        if credentials.bearer:
            headers["Authorization"] = f"Bearer {credentials.bearer}"
        self._http = connection(self.url, headers, credentials.ca_file, TIMEOUT_S, credentials.basic, transport)
        self._clock = clock
        self._wait = wait

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def vector(self, query: str, at_ms: int) -> list[Vector]:
        """An instant query whose answer is a number a series. Raises TooHeavy."""
        return self._ask("/api/v1/query", {"query": query, "time": seconds(at_ms)}, _VectorData).result

    def matrix(self, query: str, at_ms: int) -> list[Matrix]:
        """An instant query whose answer is samples: a range selector, with their own times. Raises TooHeavy."""
        return self._ask("/api/v1/query", {"query": query, "time": seconds(at_ms)}, _MatrixData).result

    def range(self, query: str, start_ms: int, end_ms: int, step_ms: int) -> list[Matrix]:
        """A range query: a value every `step_ms`. Raises TooHeavy."""
        asked = {"query": query, "start": seconds(start_ms), "end": seconds(end_ms), "step": seconds(step_ms)}
        return self._ask("/api/v1/query_range", asked, _MatrixData).result

    def metadata(self) -> dict[str, Metadata]:
        """What is known of metric families; nothing from a server that does not say."""
        try:
            answer = self._ask("/api/v1/metadata", {}, dict[str, list[_Family]], method="GET")
        except (InvalidInput, TooHeavy):
            return {}
        return {
            name: Metadata(name, known[0].type, known[0].help, known[0].unit) for name, known in answer.items() if known
        }

    def exports(self) -> bool:
        """Whether it is a VictoriaMetrics, which gives samples faster (`/api/v1/export`)."""
        now = seconds(self._clock.now_ms())
        asked = {"match[]": '{__name__="up"}', "start": now, "end": now}
        try:
            return self._http.get("/api/v1/export", params=asked).status_code == 200
        except httpx.HTTPError:
            return False

    @contextmanager
    def export(self, selector: str, start_ms: int, end_ms: int) -> Iterator[Iterator[str]]:
        """The lines of an export. Raises Unavailable."""
        asked = {"match[]": selector, "start": seconds(start_ms), "end": seconds(end_ms)}
        try:
            with self._http.stream("POST", "/api/v1/export", data=asked) as answer:
                if not answer.is_success:
                    answer.read()
                    raise Unavailable(self._told(answer))
                yield answer.iter_lines()
        except httpx.HTTPError as problem:
            raise Unavailable(f"cannot read from {self.url}: {describe(problem)}") from None

    def _ask(self, path: str, asked: Mapping[str, str], type_: type[T], method: str = "POST") -> T:
        started, pause = self._clock.monotonic(), FIRST_WAIT_S
        while True:
            try:
                answer = self._http.request(method, path, data=dict(asked) or None)
            except httpx.TimeoutException:
                raise TooHeavy(f"{self.url} did not answer within {TIMEOUT_S:g} s") from None
            except httpx.HTTPError as problem:
                trouble, asked_s = f"cannot reach {self.url}: {describe(problem)}", 0.0
            else:
                if answer.status_code not in (429, 500, 502, 503):
                    return self._read(answer, type_)
                trouble = self._told(answer)
                if answer.status_code == 503 and _is_heavy(trouble):
                    raise TooHeavy(trouble)
                asked_s = float(after) if (after := answer.headers.get("Retry-After", "")).isdecimal() else 0.0
            if self._clock.monotonic() - started > GIVE_UP_S:
                raise Unavailable(f"{trouble}; start it again to go on from here")
            _log.warning("%s; trying again", trouble)
            self._wait(max(pause, asked_s))
            pause = min(2 * pause, LONGEST_WAIT_S)

    def _read(self, answer: httpx.Response, type_: type[T]) -> T:
        if not answer.is_success:
            told = self._told(answer)
            if answer.status_code in _HEAVY_STATUS and _is_heavy(told):
                raise TooHeavy(told)
            hint = "; try --username or --bearer-token-file" if answer.status_code in (401, 403) else ""
            raise InvalidInput(told + hint)
        try:
            return typed.decode(typed.decode(answer.content, type=_Answer).data, type=type_)
        except msgspec.MsgspecError as problem:
            raise InvalidInput(f"cannot read the answer of {answer.url}: {problem}; is this a Prometheus?") from None

    def _told(self, answer: httpx.Response) -> str:
        try:
            text = typed.decode(answer.content, type=_Answer).error
        except msgspec.MsgspecError:
            text = answer.text
        return f"{self.url} answers HTTP {answer.status_code}: {text.strip()[:300] or answer.reason_phrase}"


def seconds(ms: int) -> str:
    """Milliseconds as the API takes times and spans."""
    return f"{ms / 1000:.3f}"


def _is_heavy(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in _HEAVY)
