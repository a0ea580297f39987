"""Replays log alarms: their executions over a range, all with one query where their windows lie edge to edge."""

import asyncio
import math

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.log_query import log_query
from trimtab.alarms.look_logs import Queries, judge_results, results
from trimtab.alarms.model import LogAlarm
from trimtab.alarms.replay.found import Found, entry_of, times_of
from trimtab.alarms.replay.model import CannotReplay, Trace
from trimtab.alarms.replay.pace import Pace
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.records import replace

MOST_QUERIES = 200
"""Executions that are run one by one: some ten milliseconds each."""
MOST_TILES = 50_000
"""Executions of one query: five weeks of minutes."""
_AT_ONCE = 2


async def replay_logs(queries: Queries, alarm: LogAlarm, at: Pace) -> Found:
    """The verdicts on a log alarm at every execution of a range. Raises CannotReplay, QueryAborted, Unavailable."""
    query = log_query(alarm)
    at = replace(at, step_s=query.rate_ms // 1000)
    times = times_of(at)
    wanted = query.executions(times[0] - (alarm.judgement.periods - 1) * query.rate_ms, times[-1]) if times else []
    most = MOST_QUERIES if query.tiled is None else MOST_TILES
    if len(wanted) > most:
        raise CannotReplay(
            f"cannot replay {alarm.key.name}: its query would run {len(wanted)} times, of at most {most}; "
            "try a shorter range" + (", or a StartTimeOffset as long as the schedule" if query.tiled is None else "")
        )
    scope = Scope.of(alarm.key.account, alarm.key.region)
    try:
        found = await results(queries, scope, query, wanted, asyncio.Semaphore(_AT_ONCE))
    except (NotFound, LimitExceeded) as problem:
        raise CannotReplay(f"cannot replay {alarm.key.name}: {problem}") from None
    look = judge_results(entry_of(alarm), query, found, times, at.delay_ms)
    # Of several contributors the highest value is drawn: results are in that order.
    values = [next((value for _, value in found[time].values()), math.nan) for time in times]
    rule = alarm.judgement
    trace = Trace(
        f"{'highest ' if query.keys else ''}{query.value}",
        query.rate_ms // 1000,
        np.array(times, dtype=np.int64) - query.start_ms,
        np.array(values, dtype=np.float64),
        rule.threshold,
        rule.operator,
    )
    return Found.of(look, trace, at)
