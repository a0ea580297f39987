"""The query behind a log alarm: the user's query with the aggregation behind it, when it runs, and over what. Pure.

An execution at `t` reads `[t - StartTimeOffset, t - EndTimeOffset)`. Where those windows lie edge to edge and the query
treats every event by itself, many executions are one query, grouped by window as well: `tiled`.
"""

import re

from msgspec import Struct

from trimtab.alarms.model import LogAlarm
from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import Rate
from trimtab.jobs.schedule import parse as read_schedule
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.syntax import Expression, Fields, Filter, In, Parse, Query, Stats, Unnest, walk

WINDOW = "execution"
"""The name of the column that tells the executions of one query apart."""
_SORT = re.compile(r"\|\s*sort\s+(?:(?:asc|desc)|(?:\S+\s+(?:asc|desc)))\s*$", re.IGNORECASE)
_ARN = re.compile(r"arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:]+)(?::\*)?")
_ONE_BY_ONE = (Fields, Filter, Parse, Unnest)


class LogQuery(Struct, frozen=True):
    """What is asked: `value` is the column of the result, `keys` those that tell contributors apart.

    `tiled` is the query of many executions at once, None where each needs a query of its own.
    """

    text: str
    tiled: str | None
    value: str
    keys: tuple[str, ...]
    groups: tuple[str, ...]
    account: str
    region: str
    rate_ms: int
    start_ms: int
    end_ms: int

    def executions(self, first_ms: int, last_ms: int) -> range:
        """The times of the executions in `[first_ms, last_ms]`: multiples of the rate."""
        rate = self.rate_ms
        return range(-(-first_ms // rate) * rate, last_ms + 1, rate)


def log_query(alarm: LogAlarm) -> LogQuery:
    """The query of an alarm. Raises InvalidInput (QueryProblem with the place) for what cannot be run."""
    schedule = read_schedule(alarm.schedule)
    if not isinstance(schedule, Rate):
        raise InvalidInput(f"ScheduleExpression must be a rate expression like rate(5 minutes); got {alarm.schedule}.")
    if alarm.end_offset_s >= alarm.start_offset_s:
        raise InvalidInput("EndTimeOffset must be less than StartTimeOffset.")
    # What sorts contributors is the alarm itself: the ones of the highest values come first.
    aggregation = _SORT.sub("", alarm.aggregation).strip()
    before = alarm.query.strip().rstrip("|").strip()
    text = f"{before} | stats {aggregation}" if before else f"stats {aggregation}"
    query = parse(text)
    stats = query.commands[-1] if query.commands else None
    if not isinstance(stats, Stats) or len(stats.aggregates) != 1:
        raise InvalidInput(
            f"cannot read AggregationExpression {alarm.aggregation!r}: expected one aggregate, by fields or not, like "
            "count(*) or avg(latency) by host"
        )
    groups = _groups(alarm)
    if not groups and query.source is None:
        raise InvalidInput("LogGroupIdentifiers must name a log group.")
    start_ms, end_ms = alarm.start_offset_s * 1000, alarm.end_offset_s * 1000
    tiles = start_ms - end_ms == schedule.period_ms and _by_events(query)
    return LogQuery(
        text,
        _tiled(text, stats, start_ms, schedule.period_ms) if tiles else None,
        stats.aggregates[0].name,
        tuple(one.name for one in stats.by),
        groups,
        alarm.key.account,
        alarm.key.region,
        schedule.period_ms,
        start_ms,
        end_ms,
    )


def check_log(alarm: LogAlarm) -> None:
    """Check the query of a log alarm, its schedule and its groups. Raises InvalidInput."""
    try:
        log_query(alarm)
    except QueryProblem as problem:
        raise InvalidInput(f"cannot read the query of {alarm.key.name}: {problem}", field="QueryString") from None


def _by_events(query: Query) -> bool:
    """Whether what an event gives does not depend on which other events are read."""
    if query.source is not None and (query.source.start is not None or query.source.end is not None):
        return False
    return all(isinstance(one, _ONE_BY_ONE) for one in query.commands[:-1]) and not any(
        isinstance(part, In) and isinstance(part.values, Query) for command in query.commands for part in walk(command)
    )


def _tiled(text: str, stats: Stats, start_ms: int, rate_ms: int) -> str:
    """The query with the number of its execution as the first key."""
    window = f"floor((toMillis(@timestamp) + {start_ms}) / {rate_ms}) as {WINDOW}"
    if not stats.by:
        return f"{text} by {window}"
    at = _first(stats.by[0].expression)
    return f"{text[:at]}{window}, {text[at:]}"


def _first(expression: Expression) -> int:
    return min(part.place.start for part in walk(expression))


def _groups(alarm: LogAlarm) -> tuple[str, ...]:
    """The names of the groups, given by name or by ARN: an alarm reads logs of its own account and region only."""
    own = (alarm.key.account, alarm.key.region)
    names = []
    for one in alarm.groups:
        found = _ARN.fullmatch(one)
        if found is None and one.startswith("arn:"):
            raise InvalidInput(f"cannot read log group {one}: expected its name or ARN", field="LogGroupIdentifiers")
        if found is not None and (found[2], found[1]) != own:
            raise InvalidInput(
                f"cannot watch {one}: an alarm reads log groups of its own account and region only",
                field="LogGroupIdentifiers",
            )
        names.append(one if found is None else found[3])
    return tuple(dict.fromkeys(names))
