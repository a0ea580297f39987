"""Functions that are made up: a busy one, one with too much memory, one that begins cold and fails."""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.logs.serverless.model import Bucket, Cost, Course, FunctionUse, Invocation, Status
from trimtab.logs.serverless.read import ServerlessReader, Wanted

ACCOUNT, REGION = "123456789012", "us-east-1"


class PretendFunctions:
    """A reader of three functions, over the range that is asked for."""

    def __init__(self, clock: Clock, *, full: bool) -> None:
        self._clock = clock
        self._full = full

    async def functions(
        self, scope: Scope, wanted: Wanted, *, parts: int = 48, by_version: bool = False
    ) -> list[FunctionUse]:
        now_ms = self._clock.now_ms()
        made = [
            _use("thumbnails", now_ms, calls=4800, p95=820.0, memory=3008, used=214.0, colds=20),
            _use("notify", now_ms, calls=700, p95=30_000.0, memory=1024, used=600.0, colds=280, failed=90),
            _use("route", now_ms, calls=90_000, p95=46.0, memory=512, used=300.0, colds=9, arch="arm64"),
        ]
        found = [one for one in made if wanted.function in ("", one.function)] if self._full else []
        return [replace(one, version=version) for one in found for version in ("3", "4")] if by_version else found

    async def invocations(
        self, scope: Scope, wanted: Wanted, *, order: str = "newest", only: str = "", limit: int = 100
    ) -> list[Invocation]:
        end_ms = self._clock.now_ms() - 60_000
        late = Invocation(
            ACCOUNT, REGION, "notify", "4", "8fc6f963-411b-58b5-8483-a32130c0f45d", Status.TIMEOUT,
            "Task timed out after 30.00 seconds", True, end_ms - 34_200, end_ms, 30_000.0, 34_200, 1024, 600.0, 4200.0,
            "1-61c86fa4-59b3c6d959653c527fd10966", 1, "/aws/lambda/notify", "s", "report", Decimal("0.00057"),
        )  # fmt: skip
        warm = replace(late, status=Status.OK, problem="", cold=False, init_ms=None, trace="", request="f-2")
        return [late, warm] if only in ("", "timeout") else []

    async def course(self, scope: Scope, wanted: Wanted, parts: int = 60) -> Course:
        buckets = tuple(Bucket(10 ** (at / 10), 10 ** ((at + 1) / 10), 40 - at, at // 4) for at in range(12, 40))
        return Course(buckets, (12,) * parts, (1,) * parts, (3,) * parts)


def _use(
    name: str,
    now_ms: int,
    *,
    calls: int,
    p95: float,
    memory: int,
    used: float,
    colds: int,
    failed: int = 0,
    arch: str = "",
) -> FunctionUse:
    counts: Sequence[int] = [calls // 48 + at % 5 for at in range(48)]
    assumed = () if arch else ("x86_64",)
    cost = Cost(Decimal(calls) / 10_000, "USD", Decimal(calls) / 100, 0, assumed)
    return FunctionUse(
        ACCOUNT, REGION, name, "", calls, failed, failed // 3, colds, p95 / 2, p95, p95 * 1.2, p95 * 1.3, 380.0, 4200.0,
        5000.0, memory, used, used, calls * 100, arch, 1, f"/aws/lambda/{name}", now_ms, tuple(counts), 4, None, cost,
    )  # fmt: skip


def pretend_serverless(clock: Clock, *, full: bool) -> ServerlessReader:
    """The reader, as the pages take it."""
    return cast("ServerlessReader", PretendFunctions(clock, full=full))
