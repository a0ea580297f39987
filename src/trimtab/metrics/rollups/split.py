"""Which part of a time range is read from rollups, and which from raw points."""

from collections.abc import Mapping, Set

from msgspec import Struct

from trimtab.metrics.buckets import Window
from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.tiers import HOUR_MS, Tier

MAX_SPANS = 8  # Each raw span is a query of its own; past this many, clean hours between them are read raw as well.

Span = tuple[int, int]


class Split(Struct, frozen=True):
    """`[start_ms, end_ms)` in two parts: `hours` (with their versions) from `tier`, the `raw` spans from raw points."""

    tier: Tier
    start_ms: int
    end_ms: int
    hours: tuple[int, ...]
    versions: tuple[int, ...]
    raw: tuple[Span, ...]

    @property
    def raw_hours(self) -> list[int]:
        """The hours that the raw spans touch."""
        return sorted({hour for start, end in self.raw for hour in range(start // HOUR_MS, -(-end // HOUR_MS))})


def split(
    tier: Tier,
    read: Window,
    known: Mapping[int, RolledHour],
    oldest_ms: int,
    *,
    reach_back: bool,
    lacking: frozenset[int] = frozenset(),
) -> Split | None:
    """Divide what `read` needs; None where no hour can come from `tier`, whose rows are kept from `oldest_ms` on.

    What differences need before the range (`reach_back`) is divided too. An hour that the range cuts comes from rollups
    where the cut is at a bucket of the tier; one whose raw points are gone always does, and then has only those of its
    buckets that begin in the range. An hour of `lacking`, whose rows do not tell what is asked, is read raw,
    or left out where its raw points are gone.
    """
    start_ms, end_ms = read.lookback_ms if reach_back else read.start_ms, read.end_ms
    cuts = tuple(cut for cut in (start_ms, read.start_ms, end_ms) if cut % tier.period_ms)
    rolled: dict[int, RolledHour] = {}
    gone = frozenset(hour for hour in lacking if known[hour].frozen)
    for hour in range(start_ms // HOUR_MS, -(-end_ms // HOUR_MS)):
        one = known.get(hour)
        if one is None or not one.version or hour * HOUR_MS < oldest_ms or hour in lacking:
            continue
        if one.frozen or (one.clean and not any(cut // HOUR_MS == hour for cut in cuts)):
            rolled[hour] = one
    spans = _raw_spans(start_ms, end_ms, rolled.keys() | gone)
    while len(spans) > MAX_SPANS and (at := _narrowest_gap(spans, rolled, gone)) is not None:
        for hour in range(spans[at][1] // HOUR_MS, spans[at + 1][0] // HOUR_MS):
            rolled.pop(hour, None)
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]
    if not rolled:
        return None
    versions = tuple(one.version for one in rolled.values())
    return Split(tier, start_ms, end_ms, tuple(rolled), versions, tuple(spans))


def _raw_spans(start_ms: int, end_ms: int, left_out: Set[int]) -> list[Span]:
    spans: list[Span] = []
    for hour in range(start_ms // HOUR_MS, -(-end_ms // HOUR_MS)):
        if hour in left_out:
            continue
        begin, end = max(start_ms, hour * HOUR_MS), min(end_ms, (hour + 1) * HOUR_MS)
        if spans and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return spans


def _narrowest_gap(spans: list[Span], rolled: Mapping[int, RolledHour], gone: Set[int]) -> int | None:
    """The number of the span behind which the fewest hours lie that could as well be read raw; None where none can."""
    gaps = []
    for at in range(len(spans) - 1):
        between = range(spans[at][1] // HOUR_MS, spans[at + 1][0] // HOUR_MS)
        if not any(hour in gone or rolled[hour].frozen for hour in between):
            gaps.append((len(between), at))
    return min(gaps)[1] if gaps else None
