"""What schedulers tell of GPUs beside the metrics: who held which, which nodes were out of use. `app.py` wires it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.drains import Drains, no_drains
from trimtab.fleet.telemetry.identity import short_host
from trimtab.fleet.telemetry.window import Grid


@dataclass(frozen=True, slots=True)
class Holding:
    """GPUs that a run held in `[start_ms, end_ms)`: by UUID, by index on a node, or all of the node (`whole`)."""

    node: str
    start_ms: int
    end_ms: int
    team: str
    indexes: tuple[str, ...] = ()
    uuids: tuple[str, ...] = ()
    whole: bool = False


Holdings = Callable[[Scope, int, int], Awaitable[Sequence[Holding]]]
"""Asks for the holdings of a scope in a range of time."""


async def no_holdings(scope: Scope, start_ms: int, end_ms: int) -> Sequence[Holding]:
    """Where no scheduler is known."""
    del scope, start_ms, end_ms
    return ()


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What may be asked of schedulers."""

    drains: Drains = no_drains
    holdings: Holdings = no_holdings


NOT_SCHEDULED = Scheduled()


@dataclass(frozen=True, slots=True)
class Claims:
    """Per GPU (row) and step (column): whether a run held it, and the place of its team in `teams`, -1 for none."""

    held: npt.NDArray[np.bool_]
    team: npt.NDArray[np.int64]
    teams: tuple[str, ...]


def claims_of(
    holdings: Sequence[Holding], gpus: Sequence[str], hosts: Sequence[str], indexes: Sequence[str], grid: Grid
) -> Claims:
    """The claims of holdings on GPUs, each by its name, host and index there. A step counts by its middle."""
    held = np.zeros((len(gpus), grid.steps), np.bool_)
    team = np.full(held.shape, -1, np.int64)
    teams: dict[str, int] = {}
    by_place: dict[tuple[str, str], list[int]] = {}
    by_host: dict[str, list[int]] = {}
    by_name = {name: [at] for at, name in enumerate(gpus)}
    for at, (host, index) in enumerate(zip(hosts, indexes, strict=True)):
        by_place.setdefault((short_host(host), index), []).append(at)
        by_host.setdefault(short_host(host), []).append(at)
    size = grid.step_s * 1000
    middles = grid.start_ms + np.arange(grid.steps) * size + size // 2
    for one in holdings:
        host = short_host(one.node)
        rows = [row for uuid in one.uuids for row in by_name.get(uuid, ())]
        rows = rows or [row for index in one.indexes for row in by_place.get((host, index), ())]
        rows = rows or (by_host.get(host, []) if one.whole else [])
        here = (middles >= one.start_ms) & (middles < one.end_ms)
        place = teams.setdefault(one.team, len(teams)) if one.team else -1
        for row in rows:
            held[row] |= here
            team[row, here] = place
    return Claims(held, team, tuple(teams))
