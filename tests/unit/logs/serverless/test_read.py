"""Invocations from lines as the platforms document them: text, JSON, Lambda Insights, OpenTelemetry."""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.logs.serverless.model import FunctionUse, Invocation, Status
from trimtab.logs.serverless.read import ServerlessReader, Wanted
from trimtab.store.telemetry.client import Telemetry

ACCOUNT, REGION = "123456789012", "us-east-1"
START = NOW - 3_600_000
WANTED = Wanted(START, NOW)


def rid(number: int) -> str:
    """A request id."""
    return f"8fc6f963-411b-58b5-8483-{number:012x}"


def report(number: int, duration: str, billed: int, memory: int, used: int, rest: str = "") -> str:
    """A REPORT line as Lambda writes it: its parts have tabs between them."""
    return (
        f"REPORT RequestId: {rid(number)}\tDuration: {duration} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{rest}\n"
    )


def start(number: int, version: str = "$LATEST") -> str:
    """A START line."""
    return f"START RequestId: {rid(number)} Version: {version}\n"


class Cloud:
    """Lines of functions, and what is read of them."""

    def __init__(self, room: LogsRoom, engine: Telemetry) -> None:
        self.room = room
        self.reader = ServerlessReader(engine, room.groups, room.reader)

    def log(
        self,
        group: str,
        lines: Sequence[tuple[int, str]],
        stream: str = "2025/11/25/[$LATEST]aa",
        region: str = REGION,
        **attributes: str,
    ) -> None:
        """Lines at times (ms after START), with attributes whose names have _ for dots."""

        async def written() -> None:
            made, [target] = await self.room.groups.ensure(ACCOUNT, region, group, [stream])
            named = {key.replace("_", ".", 1): value for key, value in attributes.items()}
            events = [LogEvent(START + at, text, attributes=named) for at, text in lines]
            await self.room.ingest.write([LogBatch(made, target, events)])
            assert await self.room.reader.fresh(30.0)

        asyncio.run(written())

    def invocations(self, wanted: Wanted = WANTED, **how: Any) -> list[Invocation]:
        """The invocations, in the order of their ends."""
        found = asyncio.run(self.reader.invocations(EVERYTHING, wanted, **how))
        return found if "order" in how else sorted(found, key=lambda one: (one.end_ms, one.request))

    def functions(self, wanted: Wanted = WANTED, scope: Scope = EVERYTHING, **how: Any) -> list[FunctionUse]:
        """What they add up to."""
        return asyncio.run(self.reader.functions(scope, wanted, **how))


@pytest.fixture
def cloud(room: LogsRoom, engine: Telemetry) -> Cloud:
    """A logs room without events, and a reader of functions over it."""
    return Cloud(room, engine)


def test_the_documented_lines_of_a_cold_invocation(cloud: Cloud) -> None:
    trace = "XRAY TraceId: 1-61c86fa4-59b3c6d959653c527fd10966\tSegmentId: 107ea78a5750a811\tSampled: true\t"
    cloud.log(
        "/aws/lambda/thumbnails",
        [
            (1000, start(1)),
            (1150, "INFO resized"),
            (1202, f"END RequestId: {rid(1)}\n"),
            (1202, report(1, "201.67", 202, 2048, 81, f"Init Duration: 480.25 ms\t{trace}")),
        ],
    )
    [one] = cloud.invocations()
    assert (one.function, one.version, one.request) == ("thumbnails", "$LATEST", rid(1))
    assert (one.duration_ms, one.billed_ms, one.memory_mb, one.used_mb, one.init_ms) == (
        201.67,
        202,
        2048,
        81.0,
        480.25,
    )
    assert (one.cold, one.status, one.problem) == (True, Status.OK, "")
    assert one.trace == "1-61c86fa4-59b3c6d959653c527fd10966"
    assert (one.start_ms, one.end_ms) == (START + 1000 - 481, START + 1202)
    # 202 ms of 2 GB at $0.0000166667, and a request at $0.20 a million.
    assert one.cost == Decimal("0.404") * Decimal("0.0000166667") + Decimal("0.0000002")


def test_the_platform_in_json(cloud: Cloud) -> None:
    record = {
        "requestId": rid(2),
        "metrics": {
            "durationMs": 101.51,
            "billedDurationMs": 300,
            "memorySizeMB": 512,
            "maxMemoryUsedMB": 33,
            "initDurationMs": 116.67,
        },
        "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0;Sampled=1"},
        "status": "success",
    }
    begun = {"requestId": rid(2), "version": "7"}
    failed = {**record, "requestId": rid(3), "status": "failure", "errorType": "Runtime.ExitError"}
    late = {**record, "requestId": rid(4), "status": "timeout"}
    cloud.log(
        "/aws/lambda/orders",
        [
            (0, json.dumps({"time": "t", "type": "platform.start", "record": begun})),
            (300, json.dumps({"time": "t", "type": "platform.report", "record": record})),
            (600, json.dumps({"time": "t", "type": "platform.report", "record": failed}, separators=(",", ":"))),
            (900, json.dumps({"time": "t", "type": "platform.report", "record": late})),
        ],
        stream="2025/11/25/[7]bb",
    )
    one, two, three = cloud.invocations()
    assert (one.duration_ms, one.billed_ms, one.memory_mb, one.used_mb, one.init_ms) == (101.51, 300, 512, 33.0, 116.67)
    assert one.trace == "1-62e900b2-710d76f009d6e7785905449a"
    assert {each.version for each in (one, two, three)} == {"7"}
    assert [each.status for each in (one, two, three)] == [Status.OK, Status.ERROR, Status.TIMEOUT]
    assert two.problem == "Runtime.ExitError"


def test_the_documented_event_of_lambda_insights(cloud: Cloud) -> None:
    event = {
        "event_type": "performance",
        "function_name": "cpu-intensive",
        "version": "Blue",
        "request_id": rid(5),
        "trace_id": "1-5faae118-12345678901234567890",
        "duration": 45191,
        "billed_duration": 45200,
        "billed_mb_ms": 11571200,
        "cold_start": True,
        "init_duration": 130,
        "used_memory_max": 63,
        "total_memory": 256,
        "memory_utilization": 24,
        "timeout": True,
        "shutdown_reason": "Timeout",
    }
    cloud.log("/aws/lambda-insights", [(60_000, json.dumps(event))], stream="cpu-intensive")
    [one] = cloud.invocations()
    assert (one.function, one.version, one.source) == ("cpu-intensive", "Blue", "insights")
    assert (one.duration_ms, one.billed_ms, one.memory_mb, one.used_mb, one.init_ms) == (
        45191.0,
        45200,
        256,
        63.0,
        130.0,
    )
    assert (one.status, one.cold) == (Status.TIMEOUT, True)
    # The same request reported by the platform is the same invocation.
    cloud.log("/aws/lambda/cpu-intensive", [(59_990, report(5, "45191.20", 45192, 256, 63))])
    [again] = cloud.invocations()
    assert (again.source, again.billed_ms) == ("report", 45192)


def test_opentelemetry_tells_of_functions_of_any_maker(cloud: Cloud) -> None:
    facts = {
        "faas_name": "resize",
        "faas_version": "3",
        "faas_invocation_id": "af9d5aa4-a685",
        "faas_coldstart": "true",
        "faas_max_memory": str(128 << 20),
        "host_arch": "arm64",
    }
    cloud.log("resize-service", [(100, "begun"), (350, "done")], stream="instance-1", **facts)
    [one] = cloud.invocations()
    assert (one.function, one.version, one.request, one.cold) == ("resize", "3", "af9d5aa4-a685", True)
    assert (one.duration_ms, one.memory_mb, one.billed_ms, one.cost) == (250.0, 128, None, None)
    [use] = cloud.functions()
    assert (use.architecture, use.cost.amount, use.cost.unbilled) == ("arm64", None, 1)


def test_failures_are_found_in_the_lines_between(cloud: Cloud) -> None:
    python = "[ERROR] ZeroDivisionError: division by zero\nTraceback (most recent call last):\n  File x"
    node = f"2024-01-05T10:00:00.000Z\t{rid(3)}\tERROR\tInvoke Error \t" + '{"errorType":"Error"}'
    cloud.log(
        "/aws/lambda/shaky",
        [
            (0, start(1)),
            (5, python),
            (10, report(1, "9.10", 10, 128, 60)),
            (20, start(2)),
            (30, report(2, "9.20", 10, 128, 60)),
            (40, start(3)),
            (45, node),
            (50, report(3, "9.30", 10, 128, 60)),
            (60, start(4)),
            (3060, report(4, "3000.00", 3000, 128, 60)),
            (3061, f"2024-01-05T10:00:03.061Z {rid(4)} Task timed out after 3.00 seconds\n"),
            (4000, report(5, "9.50", 10, 128, 60, "Status: error\tError Type: Runtime.OutOfMemory\t")),
        ],
    )
    found = cloud.invocations()
    assert [one.status for one in found] == [Status.ERROR, Status.OK, Status.ERROR, Status.TIMEOUT, Status.ERROR]
    assert found[0].problem == "[ERROR] ZeroDivisionError: division by zero"
    assert found[2].problem.startswith("ERROR\tInvoke Error")
    assert found[3].problem == "Task timed out after 3.00 seconds"
    assert found[4].problem == "Runtime.OutOfMemory"
    [use] = cloud.functions()
    assert (use.invocations, use.errors, use.timeouts) == (5, 3, 1)


def test_a_request_that_is_tried_again_is_each_try(cloud: Cloud) -> None:
    lines = []
    for at in (0, 60_000, 180_000):
        lines += [(at, start(1)), (at + 10, report(1, "9.10", 10, 128, 60))]
    cloud.log("/aws/lambda/queue", lines)
    assert len(cloud.invocations()) == 3


def test_what_a_function_adds_up_to(cloud: Cloud) -> None:
    lines = []
    for number in range(100):
        cold = "Init Duration: 1000.00 ms\t" if number % 10 == 0 else ""
        version = "2" if number < 40 else "3"
        lines += [
            (number * 30_000, start(number, version)),
            (number * 30_000 + number + 1, report(number, f"{number + 1}.00", number + 1, 1024, 300 + number, cold)),
        ]
    cloud.log("/aws/lambda/api", lines)
    [use] = cloud.functions(parts=50)
    assert (use.invocations, use.colds, use.cold_share) == (100, 10, 0.1)
    assert (use.p50_ms, use.longest_ms, use.init_p50_ms, use.used_mb, use.memory_mb) == (
        50.5,
        100.0,
        1000.0,
        399.0,
        1024,
    )
    assert use.p95_ms == pytest.approx(95.05)
    assert use.headroom == pytest.approx(1 - 399 / 1024)
    assert sum(use.counts) == 100
    assert (use.cost.currency, use.cost.assumed) == ("USD", ("x86_64",))
    assert use.cost.gb_seconds == Decimal("5.05")
    assert use.cost.amount == Decimal("5.05") * Decimal("0.0000166667") + Decimal("0.00002")
    by_version = {one.version: one.invocations for one in cloud.functions(by_version=True)}
    assert by_version == {"2": 40, "3": 60}
    [second] = cloud.functions(Wanted(START, NOW, "api", ACCOUNT, "2"), by_version=True)
    assert second.invocations == 40


def test_what_runs_on_arm_costs_less_where_its_group_says_so(cloud: Cloud) -> None:
    cloud.log("/aws/lambda/cheap", [(10, report(1, "1000.00", 1000, 1024, 60))], region="eu-west-1")

    async def tag() -> None:
        group = await cloud.room.groups.get(ACCOUNT, "eu-west-1", "/aws/lambda/cheap")
        await cloud.room.groups.change_tags(group, {"architecture": "arm64"})

    asyncio.run(tag())
    [use] = cloud.functions()
    assert use.cost.amount == Decimal("0.0000133334") + Decimal("0.0000002")
    assert use.cost.assumed == ("the price of us-east-1",)


def test_functions_of_another_account_do_not_exist(cloud: Cloud) -> None:
    cloud.log("/aws/lambda/api", [(10, report(1, "9.00", 9, 128, 60))])
    assert cloud.functions(scope=Scope(accounts=frozenset({"999999999999"}))) == []


def test_lists_are_ordered_and_narrowed(cloud: Cloud) -> None:
    cloud.log(
        "/aws/lambda/api",
        [
            (10, report(1, "9.00", 9, 128, 60)),
            (20, report(2, "99.00", 99, 128, 60, "Init Duration: 5.00 ms\t")),
            (30, report(3, "19.00", 19, 128, 120, "Status: timeout\t")),
        ],
    )
    assert [one.request for one in cloud.invocations(order="slowest")] == [rid(2), rid(3), rid(1)]
    assert [one.request for one in cloud.invocations(order="memory", limit=1)] == [rid(3)]
    assert [one.request for one in cloud.invocations(only="cold")] == [rid(2)]
    assert [one.request for one in cloud.invocations(only="timeout")] == [rid(3)]
    course = asyncio.run(cloud.reader.course(EVERYTHING, Wanted(START, NOW, "api")))
    assert sum(bucket.invocations for bucket in course.buckets) == 3 == sum(course.invocations)
    assert (sum(course.colds), sum(course.failed)) == (1, 1)
    assert all(bucket.from_ms < bucket.to_ms for bucket in course.buckets)


def test_concurrency_is_the_overlap_of_what_ran(cloud: Cloud) -> None:
    spans = [((number * 37) % 500, (number * 37) % 500 + (number * 53) % 120) for number in range(80)]
    for number, (begin, end) in enumerate(spans):
        stream = f"2025/11/25/[$LATEST]{number:03}"  # a sandbox each
        line = report(number, f"{end - begin}.00", end - begin, 128, 60)
        asyncio.run(_put(cloud, stream, [(begin, start(number)), (end, line)]))
    asyncio.run(_fresh(cloud))
    [use] = cloud.functions()
    most = max(sum(begin <= at < end for begin, end in spans) for at in range(700))
    assert use.invocations == 80
    assert use.concurrency == most


async def _put(cloud: Cloud, stream: str, lines: Sequence[tuple[int, str]]) -> None:
    made, [target] = await cloud.room.groups.ensure(ACCOUNT, REGION, "/aws/lambda/many", [stream])
    await cloud.room.ingest.write([LogBatch(made, target, [LogEvent(START + at, text) for at, text in lines])])


async def _fresh(cloud: Cloud) -> None:
    assert await cloud.room.reader.fresh(30.0)
