"""`sacctmgr show event`: which nodes a cluster had in the past, which of them were out of use, since when and why.

slurmdbd keeps a row for each time that a cluster registered (`Cluster Nodes` are its nodes then) and one for each time
that a node was down or drained. From these follow reports as a look at those moments would have had them, of the time
before anybody looked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.client.inventory_wire import NodeRecord
from trimtab.sources.slurm import delimited
from trimtab.sources.slurm.gres import Gpus, of_tres
from trimtab.sources.slurm.nodes import condition_of, flags_of, node_record
from trimtab.sources.slurm.text import hosts_of, known, time_ms

FIELDS = ("Cluster", "NodeName", "ClusterNodes", "Start", "End", "State", "Reason", "TRES")
COLUMNS = frozenset({"TimeStart", "TimeEnd", "NodeName"})
"""Columns by which the table is known."""


class Event(Struct, frozen=True):
    """Of a node: that it was in a state. Of a cluster (no `node`): that it had `nodes`. `end_ms`: None where it is."""

    cluster: str
    node: str
    nodes: tuple[str, ...]
    start_ms: int
    end_ms: int | None
    state: str
    reason: str
    gpus: Gpus


class Look(Struct, frozen=True):
    """What a look at a moment would have told; `whole`: of every node."""

    at_ms: int
    nodes: list[NodeRecord]
    whole: bool


def read(text: str, zone: tzinfo, skipped: list[str]) -> Iterator[Event]:
    """The events of a table with its header; lines that cannot be read go to `skipped`."""
    table = delimited.read(text)
    skipped += [f"events, {problem}" for problem in table.unreadable]
    for row in table.rows:
        try:
            event = _event(row.cells, zone)
        except InvalidInput as problem:
            skipped.append(f"events, line {row.line}: {problem}")
            continue
        if event is not None:
            yield event


def _event(cells: Mapping[str, str], zone: tzinfo) -> Event | None:
    start_ms = time_ms(cells.get("TimeStart"), zone)
    node, nodes = known(cells.get("NodeName")), tuple(hosts_of(cells.get("Cluster Nodes")))
    if start_ms is None or not (node or nodes):
        return None
    return Event(
        known(cells.get("Cluster")),
        node,
        nodes,
        start_ms,
        time_ms(cells.get("TimeEnd"), zone),
        known(cells.get("State")),
        known(cells.get("Reason")),
        of_tres(cells.get("TRES")),
    )


def looks(events: Sequence[Event], now: Mapping[str, NodeRecord], start_ms: int, end_ms: int) -> Iterator[Look]:
    """The looks at `[start, end)` in which something changed. `now`: what is known of nodes by a look of today.

    Without an event of the cluster nobody says which nodes there were: then there are none. Nor are there any of a
    cluster with nodes of a cloud, which registers those that are powered down too, and of one whose nodes of today are
    not known.
    """
    if not now or any("CLOUD" in flags_of(one.state) for one in now.values()):
        return
    registered = sorted((one for one in events if not one.node and one.start_ms < end_ms), key=lambda one: one.start_ms)
    if not registered:
        return
    before = [one for one in registered if one.start_ms <= start_ms][-1:]
    starts = {
        max(one.start_ms, start_ms): one for one in [*before, *registered] if one in before or one.start_ms > start_ms
    }
    mine: dict[str, list[Event]] = defaultdict(list)
    touched: dict[int, set[str]] = defaultdict(set)
    for one in events:
        if one.node:
            mine[one.node].append(one)
            touched[one.start_ms].add(one.node)
            if one.end_ms is not None:
                touched[one.end_ms].add(one.node)
    gpus = {name: found[-1] for name, own in mine.items() if (found := [one.gpus for one in own if one.gpus.count])}
    first_ms = min(starts)
    for at_ms in sorted({*starts, *(moment for moment in touched if first_ms <= moment < end_ms)}):
        names: Sequence[str] = starts[at_ms].nodes if at_ms in starts else sorted(touched[at_ms])
        nodes = [_record(name, now.get(name), gpus.get(name), _out(mine.get(name, ()), at_ms)) for name in names]
        yield Look(at_ms, nodes, at_ms in starts)


def _out(events: Sequence[Event], at_ms: int) -> Event | None:
    """The last of a node's events that holds at a moment."""
    return next(
        (one for one in reversed(events) if one.start_ms <= at_ms and (one.end_ms is None or at_ms < one.end_ms)), None
    )


def _record(name: str, now: NodeRecord | None, gpus: Gpus | None, out: Event | None) -> NodeRecord:
    """A node as it was: with the hardware of today, and out of use where an event says so."""
    there = Gpus(now.gpus, now.gpu_type) if now is not None and now.gpus else gpus or Gpus(0.0, "")
    state = out.state if out is not None else "IDLE"
    flags = flags_of(state)
    return node_record(
        name=name,
        condition=condition_of(flags),
        flags=flags,
        state=state,
        there=there,
        used=Gpus(0.0, ""),
        reason=out.reason if out is not None else "",
        reservation="",
        instance_type=now.instance_type if now is not None else "",
        instance_id=now.instance_id if now is not None else "",
        partitions=list(now.partitions) if now is not None else [],
        features="",
    )
