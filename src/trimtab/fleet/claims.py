"""What runs say that they held: of which node, how much, from when until when."""

from collections.abc import Iterable, Sequence
from math import ceil

from trimtab.base.records import replace
from trimtab.fleet.place import Claim
from trimtab.inventory.runs.model import Held, Run

UNPLACED = "(no node named)"
"""The machine of runs of which nobody says where they ran."""


def holder_name(run: Run) -> str:
    """The name of a run as a holder."""
    return f"{run.key.account}/{run.key.cluster}/{run.key.job}"


def parts_of_run(run: Run) -> Iterable[Held]:
    """What a run held of each node; of one that names no node, all of it on none."""
    if run.held:
        return [part if part.node else replace(part, node=UNPLACED) for part in run.held]
    if run.node_names:
        return [Held(name, run.gpus / len(run.node_names)) for name in run.node_names]
    return [Held(UNPLACED, run.gpus)]


def span_of(run: Run, part: Held) -> tuple[int, int | None]:
    """From when until when a run held a part; None: it still does."""
    begun = part.start_ms if part.start_ms is not None else run.start_ms
    ended = part.end_ms if part.end_ms is not None else run.end_ms
    return begun or 0, ended


def most_at_once(claims: Sequence[Claim]) -> int:
    """How many accelerators some claims need, each for its time: what ends at a moment makes room for what begins."""
    turns = sorted([(one.start, 1, one.gpus) for one in claims] + [(one.end, 0, -one.gpus) for one in claims])
    held = most = 0.0
    for _, _, gpus in turns:
        held += gpus
        most = max(most, held)
    return max(ceil(most - 1e-9), 1)
