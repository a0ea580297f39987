"""Prometheus' HTTP API for reading: queries, series, labels, metadata. Grafana and Prometheus' own clients speak it.

Source: Prometheus documentation, "HTTP API". Errors are `{"status": "error", "errorType": …, "error": …}`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base import errors
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.doors.prometheus.caller import while_there
from trimtab.doors.prometheus.query_json import answer_body
from trimtab.doors.prometheus.query_params import Parameters
from trimtab.doors.roles import DoorRoute
from trimtab.metrics.promql.allowance import TIMED_OUT
from trimtab.metrics.promql.browse import Browser
from trimtab.metrics.promql.engine import Answer, PromQL
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.parse import parse
from trimtab.metrics.promql.language.write import written
from trimtab.metrics.promql.problems import ExecutionFailed

PREFIX = "/api/v1"
_SPOKEN = "3.5.0"
"""The version of Prometheus whose language and API this is like: clients choose what they ask for by it."""
_AT_ONCE = 8
"""Queries that run at a time; further ones wait. Each may hold some hundred megabytes while it runs."""
_TIMEOUT_MS = 120_000
"""Prometheus' query.timeout."""

TABLE: tuple[tuple[type[TrimtabError], int, str], ...] = (
    (ExecutionFailed, 422, "execution"),
    (errors.InvalidInput, 400, "bad_data"),
    (errors.Unauthenticated, 401, "unauthorized"),
    (errors.AccessDenied, 403, "forbidden"),
    (errors.NotFound, 404, "not_found"),
    (errors.QueryAborted, 503, "timeout"),
    (errors.Throttled, 429, "unavailable"),
    (errors.Unavailable, 503, "unavailable"),
)
"""The first row whose class the error is counts."""


class QueryNeeds(Struct, frozen=True):
    """What the door stands on."""

    promql: PromQL
    browser: Browser
    clock: Clock
    version: str


Handler = Callable[[Parameters, Scope, Request], Awaitable[Response]]


def routes(needs: QueryNeeds) -> list[BaseRoute]:
    """The routes of the API."""
    door = QueryDoor(needs)
    both, get = ["GET", "POST"], ["GET"]
    table: list[tuple[str, Handler, list[str]]] = [
        ("/query", door.query, both),
        ("/query_range", door.query_range, both),
        ("/query_exemplars", door.query_exemplars, both),
        ("/format_query", door.format_query, both),
        ("/series", door.series, both),
        ("/labels", door.labels, both),
        ("/label/{name:path}/values", door.label_values, get),
        ("/metadata", door.metadata, get),
        ("/status/buildinfo", door.build, get),
    ]
    return [
        DoorRoute(PREFIX + path, _answering(handler), Role.READ, bound=True, methods=methods)
        for path, handler, methods in table
    ]


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        principal: Principal = request.scope["state"]["principal"]
        try:
            return await handler(await Parameters.of(request), principal.scope, request)
        except TrimtabError as error:
            return failure(error)

    return answer


def failure(error: TrimtabError) -> Response:
    """The answer to an error that trimtab raised on purpose."""
    status, kind = next(
        ((status, kind) for type_, status, kind in TABLE if isinstance(error, type_)), (500, "internal")
    )
    body = {"status": "error", "errorType": kind, "error": str(error)}
    return Response(msgspec.json.encode(body), status, media_type="application/json")


class QueryDoor:
    """Translates requests to queries."""

    def __init__(self, needs: QueryNeeds) -> None:
        self._needs = needs
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def query(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """An instant query."""
        at = given.time_ms("time", self._needs.clock.now_ms())
        text, lookback = given.needed("query"), given.duration_ms("lookback_delta", 0) or None

        def work() -> Awaitable[Answer]:
            return self._needs.promql.query(scope, text, at, lookback_ms=lookback)

        return await self._answer(given, work, at, request)

    async def query_range(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """A range query."""
        start, end, step = given.time_ms("start"), given.time_ms("end"), given.duration_ms("step")
        text, lookback = given.needed("query"), given.duration_ms("lookback_delta", 0) or None

        def work() -> Awaitable[Answer]:
            return self._needs.promql.query_range(scope, text, start, end, step, lookback_ms=lookback)

        return await self._answer(given, work, end, request)

    async def _answer(
        self, given: Parameters, work: Callable[[], Awaitable[Answer]], at_ms: int, request: Request
    ) -> Response:
        limit = given.limit()
        began = self._needs.clock.now_ms()
        timeout = min(given.duration_ms("timeout", _TIMEOUT_MS), _TIMEOUT_MS)

        async def in_turn() -> Answer:
            async with self._gate:
                return await work()

        try:
            async with asyncio.timeout(timeout / 1000):
                answer = await while_there(request, in_turn())
        except TimeoutError:
            raise errors.QueryAborted(TIMED_OUT) from None
        if limit is not None and len(answer.series) > limit:
            warnings = [*answer.warnings, "results truncated due to limit"]
            answer = Answer(answer.type, answer.series[:limit], answer.text, warnings, answer.infos, answer.samples)
        stats = b""
        if given.text("stats"):
            took = (self._needs.clock.now_ms() - began) / 1000
            samples = {"totalQueryableSamples": answer.samples, "peakSamples": answer.samples}
            stats = msgspec.json.encode({"timings": {"execTotalTime": took}, "samples": samples})
        body = await asyncio.to_thread(answer_body, answer, at_ms, stats)
        return Response(body, media_type="application/json")

    async def query_exemplars(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """Exemplars: none are kept."""
        parse(given.needed("query"))
        return _success([])

    async def format_query(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """The query in its usual form."""
        return _success(written(parse(given.needed("query"))))

    async def series(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """The label sets that match."""
        found = self._needs.browser.series(scope, given.selectors(needed=True), self._since(given))
        return _limited([_mapping(labels) for labels in found], given)

    async def labels(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """The names of labels."""
        return _limited(self._needs.browser.label_names(scope, given.selectors(), self._since(given)), given)

    async def label_values(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """The values of one label."""
        name = label_name(request.path_params["name"])
        return _limited(self._needs.browser.label_values(scope, name, given.selectors(), self._since(given)), given)

    async def metadata(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """Type and unit of metrics."""
        limit, each = given.limit(), given.limit("limit_per_metric")
        found = self._needs.browser.metadata(scope, given.text("metric"))
        return _success(
            {
                name: [{"type": about.type, "help": "", "unit": about.unit} for about in abouts[:each]]
                for name, abouts in list(found.items())[:limit]
            }
        )

    async def build(self, given: Parameters, scope: Scope, request: Request) -> Response:
        """What answers: like which version of Prometheus, and that it is trimtab."""
        return _success(
            {
                "version": _SPOKEN,
                "revision": f"trimtab-{self._needs.version}",
                "branch": "trimtab",
                "buildUser": "",
                "buildDate": "",
                "goVersion": "",
            }
        )

    def _since(self, given: Parameters) -> int:
        given.time_ms("end", 0)
        return max(given.time_ms("start", 0), 0)


def label_name(text: str) -> str:
    """A label's name in a path, where names that are not plain are escaped as `U__a_2e_b` for `a.b`."""
    if not text.startswith("U__"):
        return text
    found, at, rest = [], 0, text.removeprefix("U__")
    while at < len(rest):
        if rest.startswith("__", at):
            found.append("_")
            at += 2
            continue
        end = rest.find("_", at + 1) if rest[at] == "_" else -1
        code = rest[at + 1 : end] if end > 0 else ""
        if rest[at] == "_" and code and len(code) < 7 and all(digit in "0123456789abcdefABCDEF" for digit in code):
            found.append(chr(min(int(code, 16), 0x10FFFF)))
            at = end + 1
        else:
            found.append(rest[at])
            at += 1
    return "".join(found)


def _mapping(labels: Labels) -> dict[str, str]:
    return dict(labels)


def _limited(found: list[Any], given: Parameters) -> Response:
    limit = given.limit()
    if limit is not None and len(found) > limit:
        return _success(found[:limit], ["results truncated due to limit"])
    return _success(found)


def _success(data: object, warnings: list[str] | None = None) -> Response:
    body = {"status": "success", "data": data} | ({"warnings": warnings} if warnings else {})
    return Response(msgspec.json.encode(body), media_type="application/json")
