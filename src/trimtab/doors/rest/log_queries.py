"""`POST /rest/v1/logs/query`: Logs Insights, answered at once."""

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.base.clock import Clock
from trimtab.client import logs_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import time_range
from trimtab.logs.insights.run import Ask, LogInsights


class Querying(Struct, frozen=True):
    """What queries need; `account` is that of a caller who has none, the local operator."""

    insights: LogInsights
    clock: Clock
    account: str
    region: str


def operations(needs: Querying) -> list[Operation]:
    """The operation that queries logs."""

    async def query(call: Call[NoQuery, wire.LogQuery]) -> wire.LogAnswer:
        return await _answer(needs, call.principal, call.body)

    return [
        Operation(
            "POST",
            "/rest/v1/logs/query",
            "query logs",
            "Logs Insights over log groups and a range; `explain` answers the statement instead.",
            query,
            wire.LogAnswer,
            body=wire.LogQuery,
            errors=(404, 504),
            tag="logs",
            bound=True,
        )
    ]


async def _answer(needs: Querying, caller: Principal, body: wire.LogQuery) -> wire.LogAnswer:
    scope, account = caller.scope, caller.account or needs.account
    range_ = time_range(body.start, body.end, needs.clock.now_ms())
    ask = Ask(
        body.query,
        account,
        needs.region,
        body.groups,
        range_.start_ms,
        range_.end_ms,
        body.limit,
        body.language,
        caller.may(Role.ADMIN),
    )
    if body.explain:
        prepared = await needs.insights.prepare(scope, ask)
        made = prepared.statement
        values = {name: str(value) for name, value in made.parameters.items()}
        nothing = wire.LogQueryStatistics(0, 0, 0, prepared.groups)
        return wire.LogAnswer(range_.start_ms, range_.end_ms, list(made.names), [], nothing, made.sql, values)
    found = await needs.insights.run(scope, ask)
    facts = found.scanned
    statistics = wire.LogQueryStatistics(facts.matched, facts.records, facts.bytes, facts.groups)
    rows = [list(row) for row in found.rows]
    return wire.LogAnswer(range_.start_ms, range_.end_ms, list(found.names), rows, statistics)
