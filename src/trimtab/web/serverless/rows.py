"""Functions, their invocations and short jobs as rows of tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.kpis.runs.families import JobFamily
from trimtab.logs.serverless.model import FunctionUse, Invocation
from trimtab.web import format as words
from trimtab.web.view import View, link

PATH = "/serverless"
TEXT = frozenset({"function"})
COLUMNS = (
    "function", "account", "region", "version", "invocations", "errors", "timeouts", "throttles", "p50_ms", "p95_ms",
    "p99_ms", "longest_ms", "colds", "init_p95_ms", "memory_mb", "used_mb", "concurrency", "cost", "currency",
)  # fmt: skip
_AROUND_MS = 60_000  # of logs beside an invocation: what its sandbox said before and after


class FunctionRow(Struct, frozen=True):
    """One function, or one version of it; `cost` is rounded for sorting, None where it is not known."""

    use: FunctionUse
    function: str
    invocations: int
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cold_share: float
    headroom: float | None
    concurrency: int
    cost: float | None
    currency: str

    @property
    def path(self) -> str:
        """Where the function's own page is."""
        use = self.use
        return f"{PATH}/{use.account}/{use.region}/{quote(use.function, safe='')}"


def row_of(use: FunctionUse) -> FunctionRow:
    """The row of a function."""
    amount = use.cost.amount
    return FunctionRow(
        use=use,
        function=use.function,
        invocations=use.invocations,
        failed=use.errors + use.timeouts,
        p50_ms=use.p50_ms,
        p95_ms=use.p95_ms,
        p99_ms=use.p99_ms,
        cold_share=use.cold_share,
        headroom=use.headroom,
        concurrency=use.concurrency,
        cost=None if amount is None else float(amount),
        currency=use.cost.currency,
    )


def as_dict(row: FunctionRow) -> dict[str, Any]:
    """A row for JSON and CSV; the amount is exact, as text."""
    found = {name: getattr(row.use, name) for name in COLUMNS if name not in ("cost", "currency")}
    amount = row.use.cost.amount
    return {**found, "cost": None if amount is None else f"{amount:.10f}", "currency": row.currency}


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with as many places as it takes to see it: `12.40 USD`, `0.0021 USD`."""
    if amount is None:
        return words.NONE
    places = 2 if amount >= 1 or not amount else min(max(2, 1 - amount.adjusted()), 10)
    return f"{amount:,.{places}f} {currency}"


def milliseconds(number: float | None) -> str:
    """`3.4 ms`, `180 ms`, `2.4 s`."""
    return words.NONE if number is None else words.value(number / 1000, words.SECONDS)


class InvocationRow(Struct, frozen=True):
    """One invocation, with where its lines and its trace are."""

    one: Invocation
    logs: str
    trace: str


def invocation_rows(found: Sequence[Invocation]) -> list[InvocationRow]:
    """The rows of invocations."""
    return [InvocationRow(one, _logs(one), f"/traces/{one.trace}" if one.trace else "") for one in found]


def _logs(one: Invocation) -> str:
    return link(
        "/logs",
        [
            ("from", str(one.start_ms - _AROUND_MS)),
            ("to", str(one.end_ms + _AROUND_MS)),
            ("group", one.log_group),
            ("q", one.request),
        ],
    )


def job_link(view: View, job: JobFamily) -> str:
    """The runs of a family, on the page of runs."""
    return view.ranged(link("/runs", [("q", job.name)]))
