"""Reads what was logged of serverless functions: at query time, from the lines themselves."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.inventory.catalog.functions import MB_MS_A_GB_S, FunctionPrice, function_price
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group
from trimtab.logs.read import LogReader
from trimtab.logs.serverless.model import ARM, X86, Bucket, Cost, Course, FunctionUse, Invocation, Status
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry

_QUERIES = load_queries("trimtab.logs.serverless")
_LIMITS = ReadLimits(seconds=20, memory_mb=1024)
LONGEST_MS = 900_000
"""How long an invocation may take (Lambda's limit): its first line lies so far before its last."""
MOST_FUNCTIONS = 1000
MOST_GROUPS = 5000
"""Log groups that are looked at, by name."""
ARCHITECTURE_TAG = "architecture"
"""The tag of a log group that says what its function runs on, where its telemetry does not: arm64 or x86_64."""
ORDERS = {
    "slowest": "duration DESC",
    "newest": "end_ms DESC",
    "memory": "used / greatest(memory, 1) DESC",
    "init": "init DESC",
}
"""In which order single invocations are listed."""

Throttles = Callable[[Scope, int, int], Awaitable[Mapping[tuple[str, str, str], int]]]
"""Requests that were turned away in `[start_ms, end_ms)`, by (account, region, function), where a metric tells."""


class Wanted(Struct, frozen=True):
    """Which invocations: those that ended in `[start_ms, end_ms)`, of one function, account and version where given."""

    start_ms: int
    end_ms: int
    function: str = ""
    account: str = ""
    version: str = ""


class ServerlessReader:
    """The only reader of invocations. Log groups that a scope does not cover read as if they did not exist."""

    def __init__(
        self, telemetry: Telemetry, groups: LogGroups, reader: LogReader, throttles: Throttles | None = None
    ) -> None:
        self._telemetry = telemetry
        self._groups = groups
        self._reader = reader
        self._throttles = throttles

    async def functions(
        self, scope: Scope, wanted: Wanted, *, parts: int = 48, by_version: bool = False
    ) -> list[FunctionUse]:
        """What the invocations of each function add up to, the busiest first. Raises QueryAborted, Unavailable."""
        seen = await self._seen(scope, wanted)
        params = {
            **_range(wanted),
            "by_version": int(by_version),
            "function": wanted.function,
            "most": MOST_FUNCTIONS,
            "step": _step(wanted, parts),
        }
        found = await self._fetch(scope, seen, "functions", wanted, params)
        turned = await self._throttles(scope, wanted.start_ms, wanted.end_ms) if self._throttles is not None else {}
        tagged = await self._architectures(seen)
        rows = [
            dict(zip(found, row, strict=True)) for row in zip(*(found[name].tolist() for name in found), strict=True)
        ]
        return [
            _use(row, parts, turned, tagged, wanted.end_ms)
            for row in rows
            if wanted.account in ("", row["account"]) and wanted.version in ("", row["of_version"])
        ]

    async def invocations(
        self, scope: Scope, wanted: Wanted, *, order: str = "newest", only: str = "", limit: int = 100
    ) -> list[Invocation]:
        """Single invocations in one of ORDERS, `only` cold, error or timeout ones. Raises QueryAborted, Unavailable."""
        seen = await self._seen(scope, wanted)
        params = {
            **_range(wanted),
            "function": wanted.function,
            "account": wanted.account,
            "version": wanted.version,
            "only": only,
            "limit": limit,
        }
        found = await self._fetch(scope, seen, "listed", wanted, params, ORDERS[order])
        tagged = await self._architectures(seen)
        return [_invocation(dict(zip(found, row, strict=True)), tagged) for row in zip(*_lists(found), strict=True)]

    async def course(self, scope: Scope, wanted: Wanted, parts: int = 60) -> Course:
        """One function over a range. Raises QueryAborted, Unavailable."""
        params = {
            **_range(wanted),
            "function": wanted.function,
            "account": wanted.account,
            "version": wanted.version,
            "step": _step(wanted, parts),
        }
        found = await self._fetch(scope, await self._seen(scope, wanted), "durations", wanted, params)
        names = ("bucket", "part", "invocations", "colds", "failed")
        buckets: dict[int, list[int]] = {}
        counts: dict[str, list[int]] = {name: [0] * parts for name in names[2:]}
        for bucket, part, invocations, colds, failed in zip(*(found[name].tolist() for name in names), strict=True):
            mine = buckets.setdefault(bucket, [0, 0])
            mine[0] += invocations
            mine[1] += colds
            at = min(max(part, 0), parts - 1)
            for name, number in (("invocations", invocations), ("colds", colds), ("failed", failed)):
                counts[name][at] += number
        filled = range(min(buckets), max(buckets) + 1) if buckets else range(0)
        return Course(
            tuple(Bucket(10 ** (at / 10), 10 ** ((at + 1) / 10), *buckets.get(at, (0, 0))) for at in filled),
            tuple(counts["invocations"]),
            tuple(counts["failed"]),
            tuple(counts["colds"]),
        )

    async def _seen(self, scope: Scope, wanted: Wanted) -> list[Group]:
        """The groups that a scope covers and in which something is said of invocations: the others are not scanned."""
        seen = await self._reader.visible(scope, await self._groups.everywhere(MOST_GROUPS))
        window = await self._reader.window(scope, seen, wanted.start_ms, wanted.end_ms)
        query = _QUERIES["groups"].replace("/*and*/", window.where)
        found = set((await self._telemetry.fetch(query, window.params, limits=_LIMITS))["found"].tolist())
        return [group for group in seen if group.id in found]

    async def _fetch(
        self,
        scope: Scope,
        groups: Sequence[Group],
        query: str,
        wanted: Wanted,
        params: Mapping[str, Any],
        order: str = "",
    ) -> Columns:
        window = await self._reader.window(scope, groups, wanted.start_ms - LONGEST_MS, wanted.end_ms)
        lines = _QUERIES["lines"].replace("/*and*/", window.where)
        invocations = _QUERIES["invocations"].replace("/*lines*/", lines)
        sql = _QUERIES[query].replace("/*invocations*/", invocations).replace("/*order*/", order)
        return await self._telemetry.fetch(sql, {**params, **window.params}, limits=_LIMITS)

    async def _architectures(self, groups: Sequence[Group]) -> dict[int, str]:
        """What log groups are tagged to run on, by group."""
        tags = await self._groups.tags_of([group.arn for group in groups])
        told = {group.id: tags.get(group.arn, {}).get(ARCHITECTURE_TAG, "") for group in groups}
        return {id_: one for id_, one in told.items() if one in (ARM, X86)}


def _range(wanted: Wanted) -> dict[str, Any]:
    return {"from": wanted.start_ms, "to": wanted.end_ms}


def _step(wanted: Wanted, parts: int) -> int:
    return max(-(-(wanted.end_ms - wanted.start_ms) // parts), 1)


def _lists(columns: Columns) -> list[list[Any]]:
    return [column.tolist() for column in columns.values()]


def _use(
    row: Mapping[str, Any],
    parts: int,
    turned: Mapping[tuple[str, str, str], int],
    tagged: Mapping[int, str],
    at_ms: int,
) -> FunctionUse:
    architecture = row["arch"] or tagged.get(row["in_group"], "")
    counts = [0] * parts
    for part, number in zip(*_pairs(row["series"]), strict=True):
        counts[min(int(part), parts - 1)] += int(number)
    p50, p95, p99 = map(float, row["durations"])
    inits = [_known(one) for one in row["inits"]]
    memory = _known(row["memory_most"])
    return FunctionUse(
        account=row["account"],
        region=row["region"],
        function=row["function"],
        version=row["of_version"],
        invocations=row["invocations"],
        errors=row["errors"],
        timeouts=row["timeouts"],
        colds=row["colds"],
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        longest_ms=row["longest"],
        init_p50_ms=inits[0],
        init_p95_ms=inits[1],
        init_most_ms=inits[2],
        memory_mb=None if memory is None else round(memory),
        used_mb=_known(row["used_most"]),
        used_p99_mb=_known(row["used_p99"]),
        billed_ms=row["billed_ms"],
        architecture=architecture,
        group=row["in_group"],
        log_group=row["in_log_group"],
        last_ms=row["last_ms"],
        counts=tuple(counts),
        concurrency=int(row["concurrency"]),
        throttles=turned.get((row["account"], row["region"], row["function"])),
        cost=_cost(row, architecture, at_ms),
    )


def _cost(row: Mapping[str, Any], architecture: str, at_ms: int) -> Cost:
    price, assumed = _price(row["region"], architecture, at_ms)
    billed = int(row["billed_mb_ms"])
    unbilled = int(row["unbilled"])
    gb_seconds = Decimal(billed) / MB_MS_A_GB_S
    requests = int(row["invocations"]) - unbilled
    if price is None or not requests:
        return Cost(None, "", gb_seconds, unbilled)
    return Cost(price.cost(billed, requests), price.currency, gb_seconds, unbilled, assumed)


def _price(region: str, architecture: str, at_ms: int) -> tuple[FunctionPrice | None, tuple[str, ...]]:
    """The price, and what was taken for granted."""
    price = function_price(region, architecture or X86, at_ms)
    if price is None:
        return None, ()
    assumed = () if architecture else (X86,)
    return price, assumed if price.region == region else (*assumed, f"the price of {price.region}")


def _invocation(row: Mapping[str, Any], tagged: Mapping[int, str]) -> Invocation:
    billed, memory = _known(row["billed"]), _known(row["memory"])
    cost = None
    if billed is not None and memory is not None:
        architecture = row["architecture"] or tagged.get(row["group_id"], "")
        price, _ = _price(row["region"], architecture, row["end_ms"])
        cost = None if price is None else price.cost(round(billed) * round(memory), 1)
    return Invocation(
        account=row["account"],
        region=row["region"],
        function=row["function"],
        version=row["version"],
        request=row["request"],
        status=Status(row["status"]),
        problem=row["problem"],
        cold=bool(row["cold"]),
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        duration_ms=_known(row["duration"]),
        billed_ms=None if billed is None else round(billed),
        memory_mb=None if memory is None else round(memory),
        used_mb=_known(row["used"]),
        init_ms=_known(row["init"]),
        trace=row["trace"],
        group=row["group_id"],
        log_group=row["log_group"],
        stream=row["stream"],
        source=row["source"],
        cost=cost,
    )


def _known(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) or number < 0 else float(number)


def _pairs(series: Any) -> tuple[Sequence[int], Sequence[int]]:
    """Keys and values of what sumMap gives: a pair of arrays, or a struct of them by number."""
    if isinstance(series, Mapping):
        first, second = series.values()
        return first, second
    return series[0], series[1]
