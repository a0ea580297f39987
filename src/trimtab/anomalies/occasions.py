"""Occasions: anomalies of one place that began about the same time are one thing to look at, under its strongest."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from trimtab.anomalies.model import Anomaly
from trimtab.anomalies.naming import Place, place_of
from trimtab.metrics.model import Series

APART_MS = 1_800_000
"""Half an hour between two beginnings makes two occasions."""

Found = tuple[Anomaly, Series]


class Occasion(Struct, frozen=True):
    """`members` by rank; the first gives it its name."""

    place: Place
    members: tuple[Found, ...]

    @property
    def lead(self) -> Found:
        """The strongest of it."""
        return self.members[0]

    @property
    def start_ms(self) -> int:
        """When the first of it began."""
        return min(one.start_ms for one, _ in self.members)

    @property
    def end_ms(self) -> int:
        """When the last of it ended."""
        return max(one.end_ms for one, _ in self.members)

    @property
    def open(self) -> bool:
        """Whether any of it goes on."""
        return any(one.open for one, _ in self.members)


def occasions(found: Sequence[Found]) -> list[Occasion]:
    """The occasions of `found`, the strongest first; of equals the one with more members."""
    by_place: dict[tuple[str, Place], list[Found]] = defaultdict(list)
    for one, series in found:
        by_place[series.identity.account, place_of(series)].append((one, series))
    made = []
    for (_, place), members in by_place.items():
        members.sort(key=lambda pair: (pair[0].start_ms, pair[0].series))
        group: list[Found] = []
        for pair in members:
            if group and pair[0].start_ms - group[-1][0].start_ms > APART_MS:
                made.append(_occasion(place, group))
                group = []
            group.append(pair)
        made.append(_occasion(place, group))
    return sorted(made, key=lambda one: (-one.lead[0].rank, -len(one.members), -one.start_ms, one.lead[0].series))


def _occasion(place: Place, members: list[Found]) -> Occasion:
    return Occasion(place, tuple(sorted(members, key=lambda pair: (-pair[0].rank, pair[0].start_ms, pair[0].series))))
