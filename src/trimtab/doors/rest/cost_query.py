"""What questions to a bill have in common: range, groups and filters as query parameters."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.costs.explorer.spans import DEFAULT, named_span
from trimtab.costs.explorer.terms import DIMENSION_NAMES, METRICS, read_facet, read_filters
from trimtab.costs.model import Facet, Filter, Granularity
from trimtab.costs.periods import Period
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.rest.times import Instant, instant_ms

_FACET_LENGTH, _FILTER_LENGTH = 200, 400
"""Four groups and ten filters, percent-encoded, stay below the 64 KiB that the HTTP parser takes as a request line."""
_SIGNED = rf"^(tag:[\s\S]+?|category:[\s\S]+?|{DIMENSION_NAMES})(!=|!~|=|~)[\s\S]*$"

FacetText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=_FACET_LENGTH,
        description="service, account, tag:KEY, category:NAME …",
        extra_json_schema={"pattern": f"^(tag:[\\s\\S]+|category:[\\s\\S]+|{DIMENSION_NAMES})$"},
    ),
]
FilterText = Annotated[str, Meta(min_length=1, max_length=_FILTER_LENGTH, extra_json_schema={"pattern": _SIGNED})]
MetricName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="What to sum.",
        extra_json_schema={"enum": list(METRICS)},
    ),
]
GranularityName = Literal["hourly", "daily", "monthly", "total"]
Day = Instant | None
_LONGEST_HOURLY_MS = 31 * DAY_MS


class CostsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """A range of days (`end` not included; by default the last three months that the bill has), groups and filters."""

    start: Day = None
    end: Day = None
    group: Annotated[list[FacetText], Meta(max_length=4, description="By what; each combination has a sum.")] = []
    filter: Annotated[
        list[FilterText],
        Meta(max_length=10, description="FACET=VALUE, !=, ~ (contains), !~; those of one facet are alternatives."),
    ] = []


class Read(Struct, frozen=True):
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
    """A range of whole UTC days around two instants, whichever comes first; a day at least. Raises InvalidInput."""
    first, last = sorted((instant_ms(start, now_ms, "start"), instant_ms(end, now_ms, "end")))
    begin = first // DAY_MS * DAY_MS
    return begin, max(-(-last // DAY_MS) * DAY_MS, begin + DAY_MS)


def granularity_of(name: GranularityName | None, fallback: Granularity, span: Period) -> Granularity:
    """The granularity that was named; hours are days where the range is longer than a month."""
    found = fallback if name is None else Granularity(name.upper())
    longer = span[1] - span[0] > _LONGEST_HOURLY_MS
    return Granularity.DAILY if found is Granularity.HOURLY and longer else found
