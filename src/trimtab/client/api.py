"""`Client`: trimtab's REST API as typed Python calls.

with Client("http://127.0.0.1:4750") as trimtab:
    trimtab.put("shop", [Datum(name="orders", value=3)])
    answer = trimtab.query("shop", "orders", statistic="Sum", period="5m", start="-3h")
"""

import ipaddress
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from trimtab.base import typed
from trimtab.base.errors import (
    AccessDenied,
    Conflict,
    DiskFull,
    InvalidInput,
    LimitExceeded,
    NotFound,
    QueryAborted,
    SetupError,
    Throttled,
    TrimtabError,
    Unauthenticated,
    Unavailable,
)
from trimtab.base.ids import new_id
from trimtab.client import wire
from trimtab.client.parameters import path_of

T = TypeVar("T")

TIMEOUT_S = 60.0
"""Longer than the server's own limit of a read (30 s), so that its message arrives rather than ours."""

_ERRORS: Mapping[str, type[TrimtabError]] = {
    "invalid_input": InvalidInput,
    "limit_exceeded": LimitExceeded,
    "not_found": NotFound,
    "conflict": Conflict,
    "unauthenticated": Unauthenticated,
    "access_denied": AccessDenied,
    "host_not_allowed": AccessDenied,
    "cross_origin": AccessDenied,
    "throttled": Throttled,
    "disk_full": DiskFull,
    "unavailable": Unavailable,
    "query_aborted": QueryAborted,
}


class Client:
    """A connection to one server. Every call raises an error of `trimtab.base.errors` with a message for a person."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:4750",
        token: str = "",
        *,
        timeout_s: float = TIMEOUT_S,
        ca_file: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` is the server's root, `token` a bearer token (empty: none is sent).

        `ca_file` is a PEM file to trust beside the system's, for a server with a certificate of its own.
        """
        self.url = url.rstrip("/")
        headers = {"User-Agent": "trimtab-client", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            parsed = httpx.URL(self.url)
            self._http = httpx.Client(
                base_url=parsed,
                headers=headers,
                timeout=timeout_s,
                transport=transport,
                verify=_trust(ca_file) if ca_file else True,
                trust_env=not _is_loopback(
                    parsed.host
                ),  # a proxy of the environment cannot reach this machine's loopback
            )
        except httpx.InvalidURL as problem:
            raise InvalidInput(f"cannot use URL {url!r}: {problem}; expected http://host:port", field="url") from None

    def __enter__(self) -> Self:
        """Itself: use it in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    @property
    def host(self) -> str:
        """The name or address of the server's machine."""
        return self._http.base_url.host

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> wire.Health:
        """Whether the process is alive, its version and its clock."""
        return self._call("GET", "/healthz", wire.Health)

    def ready(self) -> wire.Readiness:
        """Whether the server can do its work; the checks say what is missing."""
        response = self._send("GET", "/readyz")
        if response.status_code not in (200, 503):
            raise _error(response)
        return self._decode(response, wire.Readiness)

    def metrics(
        self,
        *,
        namespace: str | None = None,
        name: str | None = None,
        text: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> wire.SeriesPage:
        """One page of the series that match. `text` is searched by token."""
        query = _query(namespace=namespace, name=name, text=text, limit=limit, after=after)
        return self._call("GET", "/rest/v1/metrics", wire.SeriesPage, query=query + _dimensions(dimensions))

    def all_metrics(self, **filters: Any) -> Iterator[wire.Series]:
        """Every series that matches `filters` (those of `metrics`), page by page."""
        after: str | None = None
        while True:
            page = self.metrics(**{"limit": 500, **filters, "after": after})
            yield from page.series
            if page.next is None:
                return
            after = page.next

    def query(
        self,
        namespace: str,
        name: str,
        *,
        statistic: str = "Average",
        period: str | None = None,
        start: str = "-3h",
        end: str = "now",
        dimensions: Mapping[str, str] | None = None,
        group_by: Sequence[str] = (),
        fresh: bool = False,
    ) -> wire.QueryAnswer:
        """A statistic over time. Without `group_by` every series is a line; `["none"]` merges all into one.

        `fresh` waits, a second at most, until what was just stored can be read.
        """
        query = _query(namespace=namespace, name=name, statistic=statistic, period=period, start=start, end=end)
        query.append(("fresh", str(fresh).lower()))
        query += [("group_by", dimension) for dimension in group_by]
        return self._call("GET", "/rest/v1/metrics/query", wire.QueryAnswer, query=query + _dimensions(dimensions))

    def raw(self, series: str, *, start: str = "-3h", end: str = "now", fresh: bool = False) -> wire.RawAnswer:
        """The stored points of the series with that id."""
        query = _query(series=series, start=start, end=end, fresh=str(fresh).lower())
        return self._call("GET", "/rest/v1/metrics/raw", wire.RawAnswer, query=query)

    def put(self, namespace: str, metrics: Sequence[wire.Datum], *, key: str | None = None) -> wire.PutAnswer:
        """Store measurements. Repeating a call with the same `key` stores them once; without one, one is made."""
        body = wire.PutMetrics(namespace=namespace, metrics=list(metrics))
        headers = {"Idempotency-Key": key or new_id()}
        return self._call("POST", "/rest/v1/metrics", wire.PutAnswer, body=body, headers=headers)

    def hosts(self) -> list[wire.Host]:
        """The machines that report, each with what it is doing now."""
        return self._call("GET", "/rest/v1/hosts", wire.HostList).hosts

    def kpis(
        self,
        level: wire.LevelName = "fleet",
        *,
        group: str | None = None,
        start: str = "-24h",
        end: str = "now",
        slo: float | None = None,
        requests: str | None = None,
        tokens: str | None = None,
        records: str | None = None,
        latency: str | None = None,
        node_capacity: float | None = None,
    ) -> wire.KpiReport:
        """The infrastructure KPIs of every service or team, or of the fleet; `group` names a tag or label instead.

        `requests`, `tokens`, `records` and `latency` name the metrics where the fleet's are not among the usual ones.
        """
        query = _query(level=level, group=group, start=start, end=end, slo=slo, requests=requests, tokens=tokens)
        query += _query(records=records, latency=latency, node_capacity=node_capacity)
        return self._call("GET", "/rest/v1/kpis", wire.KpiReport, query=query)

    def sources(self) -> wire.SourceList:
        """What arrives, from whom, how old it is, and what was rejected."""
        return self._call("GET", "/rest/v1/sources", wire.SourceList)

    def keys(self) -> list[wire.Key]:
        """Every access key and token (role admin)."""
        return self._call("GET", "/rest/v1/keys", wire.KeyList).keys

    def create_key(self, key: wire.CreateKey) -> wire.NewKey:
        """Make an access key or token (role admin). The secret is in the answer and nowhere else."""
        return self._call("POST", "/rest/v1/keys", wire.NewKey, body=key)

    def rotate_key(self, id_: str, overlap_s: int) -> wire.NewKey:
        """A new key in the place of one, which goes on working for `overlap_s` seconds (role admin)."""
        path = path_of("/rest/v1/keys", id_, "rotate")
        return self._call("POST", path, wire.NewKey, body=wire.RotateKey(overlap_s))

    def revoke_key(self, id_: str) -> wire.Key:
        """Revoke a key now (role admin)."""
        return self._call("DELETE", path_of("/rest/v1/keys", id_), wire.Key)

    def settings(self) -> list[wire.Setting]:
        """The settings that the server runs with."""
        return self._call("GET", "/rest/v1/settings", wire.SettingList).settings

    def reset(self) -> None:
        """Wipe everything (only where TRIMTAB_ALLOW_RESET is on)."""
        self._call("POST", "/rest/v1/admin/reset", wire.Reset)

    def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Sequence[tuple[str, str]] = (),
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Any operation of the API: what it answers, as `answer`. The typed calls of other modules are made of it."""
        return self._call(method, path, answer, query=query, body=body, headers=headers)

    def put_bytes(self, path: str, content: bytes, answer: type[T], query: Sequence[tuple[str, str]] = ()) -> T:
        """Send bytes that are no JSON."""
        with self._reaching():
            sent = {"Content-Type": "application/octet-stream"}
            response = self._http.put(path, params=list(query), content=content, headers=sent)
        if not response.is_success:
            raise _error(response)
        return self._decode(response, answer)

    def post_bytes(
        self, path: str, content: bytes, answer: type[T], query: Sequence[tuple[str, str]] = (), key: str = ""
    ) -> T:
        """Send bytes to a path that takes no one JSON document; what comes again under a `key` counts once."""
        sent = {"Content-Type": "application/octet-stream", **({"Idempotency-Key": key} if key else {})}
        with self._reaching():
            response = self._http.post(path, params=list(query), content=content, headers=sent)
        if not response.is_success:
            raise _error(response)
        return self._decode(response, answer)

    def post_json(self, path: str, body: bytes) -> bytes:
        """Send JSON to a path whose answer is none."""
        with self._reaching():
            response = self._http.post(path, content=body, headers={"Content-Type": "application/json"})
        if not response.is_success:
            raise _error(response)
        return response.content

    def stream(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Iterator[bytes]:
        """An answer that is no JSON, part by part as it arrives."""
        with self._reaching(), self._http.stream("GET", path, params=list(query)) as response:
            if not response.is_success:
                response.read()
                raise _error(response)
            yield from response.iter_bytes()

    def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Sequence[tuple[str, str]] = (),
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        response = self._send(method, path, query, body, headers)
        if not response.is_success:
            raise _error(response)
        return self._decode(response, answer)

    def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        sent = {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
        with self._reaching():
            return self._http.request(method, path, params=list(query), content=content, headers=sent)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turns what the HTTP library raises into trimtab's errors."""
        try:
            yield
        except httpx.ConnectError as problem:
            raise Unavailable(
                f"cannot reach trimtab at {self.url}: {problem}; start it with `trimtab up`, "
                "or name it with --url or TRIMTAB_URL"
            ) from None
        except httpx.TimeoutException:
            raise Unavailable(
                f"cannot get an answer from trimtab at {self.url}: it took too long; try a shorter range"
            ) from None
        except httpx.UnsupportedProtocol as problem:
            raise InvalidInput(
                f"cannot use URL {self.url!r}: {problem}; expected http://host:port", field="url"
            ) from None
        except httpx.HTTPError as problem:
            raise Unavailable(
                f"cannot talk to trimtab at {self.url}: {problem}; is this trimtab's HTTP address?"
            ) from None

    def _decode(self, response: httpx.Response, answer: type[T]) -> T:
        try:
            return typed.decode(response.content, type=answer)
        except msgspec.DecodeError as problem:
            raise Unavailable(
                f"cannot read the answer of {response.request.url}: {problem}; "
                "is this trimtab, and of the same version?"
            ) from None


def _trust(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except OSError as problem:
        raise SetupError(f"cannot trust certificate file {ca_file!r}: {problem}; expected a PEM file") from None
    return context


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _query(**values: object) -> list[tuple[str, str]]:
    """Parameters; what is empty is sent, as a namespace may be."""
    return [(name, str(value)) for name, value in values.items() if value is not None]


def _dimensions(dimensions: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [("dimension", f"{name}={value}") for name, value in (dimensions or {}).items()]


def _error(response: httpx.Response) -> TrimtabError:
    try:
        problem = typed.decode(response.content, type=wire.Failure).error
    except msgspec.DecodeError:
        return Unavailable(
            f"cannot use the answer of {response.request.url}: got status {response.status_code} without trimtab's "
            "error body; is this trimtab's HTTP address?"
        )
    kind = _ERRORS.get(problem.code, TrimtabError)
    if issubclass(kind, InvalidInput):
        return kind(problem.message, field=problem.field)
    if issubclass(kind, Throttled):
        after = response.headers.get("retry-after", "")
        return kind(problem.message, retry_after_s=int(after) if after.isdecimal() else 1)
    return kind(problem.message)
