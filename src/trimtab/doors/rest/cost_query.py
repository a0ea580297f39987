"""What questions to a bill have in common: range, groups and filters as query parameters."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.costs.explorer.spans import DEFAULT, named_span
from trimtab.costs.explorer.terms import read_facet, read_filters
from trimtab.costs.model import Facet, Filter, Granularity
from trimtab.costs.periods import Period
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS, MAX_GROUPS
from trimtab.doors.rest.times import Instant, instant_ms

_TERM = Annotated[str, Meta(min_length=1, max_length=1024)]
Terms = list[_TERM]
GranularityName = Literal["hourly", "daily", "monthly", "total"]
Day = Instant | None
_MOST_SPAN_MS = 3700 * DAY_MS


class CostsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """A range of days (`end` not included; by default the last three months that the bill has), groups and filters."""

    start: Day = None
    end: Day = None
    group: Annotated[Terms, Meta(max_length=MAX_GROUPS, description="service, account, tag:KEY, category:NAME …")] = []
    filter: Annotated[
        Terms,
        Meta(max_length=50, description="FACET=VALUE, !=, ~ (contains), !~; those of one facet are alternatives."),
    ] = []


@dataclass(frozen=True, slots=True)
class Read:
    """The same, read."""

    span: Period
    groups: tuple[Facet, ...]
    where: Filter | None


async def read_asked(asked: CostsAsked, reader: CostReader, clock: Clock) -> Read:
    """Read a question. Raises InvalidInput, and NotFound where no range is named and no bill is held."""
    groups = tuple(dict.fromkeys(map(read_facet, asked.group)))
    where = read_filters(asked.filter)
    if asked.start is not None:
        return Read(days(asked.start, asked.end or "now", clock.now_ms()), groups, where)
    extent = await reader.extent()
    if extent is None:
        raise NotFound("no bill has been imported yet; try `trimtab import FILE`")
    start, end = named_span(DEFAULT, extent)
    if asked.end is not None:
        end = days("1970-01-01", asked.end, clock.now_ms())[1]
        start = min(start, end - DAY_MS)
    return Read((start, end), groups, where)


def days(start: str, end: str, now_ms: int) -> Period:
    """A range of whole UTC days around two instants. Raises InvalidInput."""
    first = instant_ms(start, now_ms, "start") // DAY_MS * DAY_MS
    last = -(-instant_ms(end, now_ms, "end") // DAY_MS) * DAY_MS
    if first >= last:
        raise InvalidInput(f"cannot read range: got {start} to {end}; expected start before end", field="start")
    return first, last


def granularity_of(name: GranularityName | None, fallback: Granularity, span: Period) -> Granularity:
    """The granularity that was named. Hours are for 31 days at most."""
    found = fallback if name is None else Granularity(name.upper())
    if found is Granularity.HOURLY and span[1] - span[0] > 31 * DAY_MS:
        raise InvalidInput("cannot answer by hour: expected a range of 31 days at most", field="granularity")
    if span[1] - span[0] > _MOST_SPAN_MS and found is not Granularity.TOTAL:
        raise InvalidInput("cannot answer by period: expected a range of ten years at most", field="granularity")
    return found
