"""The GPU heat map: a row a node, a cell a GPU, those with most idle hours first."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.heatmap import Cell, Mark, heat_row
from trimtab.charts.svg import Svg
from trimtab.web import format as words
from trimtab.web.gpu_fleet import GpuRow, NodeRow, State

MOST_NODES = 120
"""Rows of the map: with 8 GPUs a node 2,000 elements, a third of a page's budget. The rest are in the table."""


class HeatRow(Struct, frozen=True):
    """A node's row: its cells, who holds it, and its idle GPU-hours."""

    name: str
    cells: Svg
    who: str
    idle_h: float
    down: int


def heat_rows(nodes: Sequence[NodeRow]) -> list[HeatRow]:
    """The rows of the map, at most `MOST_NODES`."""
    return [_row(node) for node in nodes[:MOST_NODES]]


def gpu_title(gpu: GpuRow) -> str:
    """Everything of a GPU in one line."""
    name = f"{gpu.node} GPU {gpu.index}" if gpu.index else gpu.gpu
    activity = "activity unknown" if gpu.active is None else f"{words.value(gpu.active, words.FRACTION)} active"
    parts = [
        gpu.model,
        gpu.owner + (f", {gpu.workload}" if gpu.workload else ""),
        f"down: {gpu.why}" if gpu.state is State.DOWN else activity + (f" by {gpu.source}" if gpu.source else ""),
        "" if gpu.memory is None else f"memory {words.value(gpu.memory, words.FRACTION)} used",
        f"{words.value(gpu.idle_h)} of {words.value(gpu.existing_h)} GPU-h idle",
    ]
    return f"{name}: " + "; ".join(part for part in parts if part)


def _row(node: NodeRow) -> HeatRow:
    cells = [Cell(gpu.active, gpu_title(gpu), _mark(gpu)) for gpu in node.gpus]
    return HeatRow(node.name, heat_row(cells, _label(node)), _who(node), node.idle_h, node.down)


def _mark(gpu: GpuRow) -> Mark:
    if gpu.state is State.DOWN:
        return Mark.DOWN
    return Mark.UNKNOWN if gpu.active is None else Mark.SHARE


def _label(node: NodeRow) -> str:
    known = [gpu.active for gpu in node.gpus if gpu.active is not None]
    mean = words.value(sum(known) / len(known), words.FRACTION) if known else "unknown"
    broken = f", {node.down} down" if node.down else ""
    return f"{node.name}: {len(node.gpus)} GPUs, {mean} active{broken}, {words.value(node.idle_h)} GPU-hours idle"


def _who(node: NodeRow) -> str:
    """The owners with their workloads, as the machine names them: nobody last."""
    names: dict[str, list[str]] = {owner: [] for owner in node.owners}
    for gpu in node.gpus:
        if gpu.workload and gpu.workload not in names[gpu.owner]:
            names[gpu.owner].append(gpu.workload)
    return "; ".join(owner + (f" · {', '.join(found)}" if found else "") for owner, found in names.items())
