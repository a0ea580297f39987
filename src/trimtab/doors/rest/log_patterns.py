"""`GET /rest/v1/logs/patterns`: which kinds of lines there are, and what is new against the period before."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client import log_patterns_wire as wire
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.logs.explore import Question
from trimtab.logs.filters.condition import condition

_PARTS = 30


class PatternsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    group: Annotated[str, Meta(max_length=512, description="One log group; without it, all.")] = ""
    filter: Annotated[str, Meta(max_length=1024, description="A filter pattern of CloudWatch Logs.")] = ""
    start: Instant = "-1h"
    end: Instant = "now"


def operations(writing: LogWriting) -> list[Operation]:
    """The operation on patterns."""
    logs = writing.logs

    async def patterns(call: Call[PatternsQuery, None]) -> wire.LogPatterns:
        asked, scope = call.query, call.principal.scope
        range_ = time_range(asked.start, asked.end, logs.clock.now_ms())
        if asked.group:
            account = call.principal.account or writing.account
            groups = [await logs.reader.group(scope, account, writing.region, asked.group)]
        else:
            groups = await logs.explorer.groups(scope)
        where, params = condition(asked.filter)
        await logs.reader.fresh()
        question = Question(groups, range_.start_ms, range_.end_ms, where, params)
        found = await logs.explorer.patterns(scope, question, _PARTS)
        shown = [
            wire.LogPattern(
                one.template, one.severity, one.change.value, one.lines, one.before, one.counts, one.example
            )
            for one in found.patterns
        ]
        return wire.LogPatterns(range_.start_ms, range_.end_ms, found.lines, found.one_in, shown)

    return [
        Operation(
            "GET",
            "/rest/v1/logs/patterns",
            "list log patterns",
            "Patterns of log events with their counts, and what is new, gone or changed since the period before.",
            patterns,
            wire.LogPatterns,
            query=PatternsQuery,
            errors=(404, 504),
            tag="logs",
            bound=True,
        )
    ]
