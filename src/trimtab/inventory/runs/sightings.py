"""When the nodes of a cluster were reported, so that a late report can be put in its place among the others.

A report that names every node of a cluster is one number in an hour's row; of the others the nodes are named too. With
the stretches of nodes this tells what each report said: a node that has no stretch at such a time was not there.
"""

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.store.state.tables import node_reports

_HOUR_MS = 3_600_000
"""Of one row: 120 reports where a cluster is looked at every 30 seconds."""
_NEAR = 48
"""Rows that are looked through for the last report before a time."""


class Sightings(Struct):
    """Times of reports of one cluster, sorted."""

    whole: list[int] = field(default_factory=list)
    named: dict[str, list[int]] = field(default_factory=dict)

    def after(self, name: str, at_ms: int) -> int | None:
        """The first report after a time that says something of a node, if only that it is not there."""
        found = [
            times[place]
            for times in (self.whole, self.named.get(name, ()))
            if (place := bisect_right(times, at_ms)) < len(times)
        ]
        return min(found, default=None)

    def before(self, name: str, at_ms: int) -> int | None:
        """The last such report before a time."""
        found = [
            times[place - 1] for times in (self.whole, self.named.get(name, ())) if (place := bisect_left(times, at_ms))
        ]
        return max(found, default=None)


def note(connection: Connection, cluster: tuple[str, str], at_ms: int, whole: bool, names: Iterable[str]) -> None:
    """Keep that a cluster was reported at a time: all of it, or the nodes of these names."""
    hour_ms = at_ms // _HOUR_MS * _HOUR_MS
    here = _at(cluster, node_reports.c.hour_ms == hour_ms)
    row = connection.execute(select(node_reports).where(*here)).one_or_none()
    known = Sightings() if row is None else _sightings(row)
    for times in [known.whole] if whole else [known.named.setdefault(name, []) for name in names]:
        if at_ms not in times:
            insort(times, at_ms)
    values = {"whole": json.dumps(known.whole), "named": json.dumps(known.named)}
    if row is None:
        key = {"account": cluster[0], "cluster": cluster[1], "hour_ms": hour_ms}
        connection.execute(insert(node_reports).values(**key, **values))
    else:
        connection.execute(update(node_reports).where(*here).values(**values))


def since(connection: Connection, cluster: tuple[str, str], start_ms: int) -> Sightings:
    """The reports of a cluster from the hour of a time on."""
    query = select(node_reports).where(*_at(cluster, node_reports.c.hour_ms >= start_ms // _HOUR_MS * _HOUR_MS))
    found = Sightings()
    for row in connection.execute(query.order_by(node_reports.c.hour_ms)):
        part = _sightings(row)
        found.whole += part.whole
        for name, times in part.named.items():
            found.named.setdefault(name, []).extend(times)
    return found


def last_before(connection: Connection, cluster: tuple[str, str], name: str, at_ms: int) -> int | None:
    """The last report before a time that says something of a node; None where none is near."""
    query = select(node_reports).where(*_at(cluster, node_reports.c.hour_ms < at_ms))
    for row in connection.execute(query.order_by(node_reports.c.hour_ms.desc()).limit(_NEAR)):
        if (found := _sightings(row).before(name, at_ms)) is not None:
            return found
    return None


def forget(connection: Connection, before_ms: int) -> None:
    """Drop the reports of hours that ended before a time."""
    connection.execute(delete(node_reports).where(node_reports.c.hour_ms <= before_ms - _HOUR_MS))


def _sightings(row: Any) -> Sightings:
    return Sightings(json.loads(row.whole), json.loads(row.named))


def _at(cluster: tuple[str, str], *more: Any) -> tuple[Any, ...]:
    return node_reports.c.account == cluster[0], node_reports.c.cluster == cluster[1], *more
