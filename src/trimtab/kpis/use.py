"""How much of something each group used over a range: what a shared cost can be divided by.

gpu-seconds          GPU-hours held × 3600, of the fleet's ledger
requests, tokens     as the KPIs count them; input-tokens and output-tokens are those alone
<metric name>        the growth of a counter, or the sum of what was observed
"""

import asyncio

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.fleet.frame import by_name
from trimtab.fleet.groups import names_of
from trimtab.fleet.model import State
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder, Metric, Registry
from trimtab.fleet.telemetry.owners import UNOWNED, Owners, pods_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.context import Context, flows
from trimtab.kpis.throughput import token_flows

GPU_SECONDS, REQUESTS, TOKENS = "gpu-seconds", "requests", "tokens"
INPUT_TOKENS, OUTPUT_TOKENS = "input-tokens", "output-tokens"
_TOKENS = {
    TOKENS: (concepts.OUTPUT_TOKENS, concepts.INPUT_TOKENS),  # a service counts what comes in and goes out apart
    INPUT_TOKENS: (concepts.INPUT_TOKENS,),
    OUTPUT_TOKENS: (concepts.OUTPUT_TOKENS,),
}


async def use(
    reader: Reader,
    registry: Registry,
    scope: Scope,
    metric: str,
    by: str,
    start_ms: int,
    end_ms: int,
    ledger: HoursReader | None = None,
) -> dict[str, float]:
    """What each group by `by` (a tag or label) used, in the metric's unit; `ledger` has the GPU time.

    Raises InvalidInput where none is known.
    """
    grid = Grid.over(start_ms, end_ms)
    finder = Finder(registry, scope, grid.start_ms)
    pods = pods_of(one.series for one in finder.named(POD_LABELS))
    context = Context(reader, finder, Owners(by, pods=pods), grid, ledger=ledger)
    found = await _gpu_seconds(context) if metric == GPU_SECONDS else await _counted(context, metric)
    if not found:
        raise InvalidInput(
            f"cannot weigh by {metric!r}: no series of it was seen in the range; expected {GPU_SECONDS}, {REQUESTS}, "
            f"{TOKENS} or the name of a metric that carries {by!r}",
            field="metric",
        )
    return {group: amount for group, amount in found.items() if group != UNOWNED}


async def _gpu_seconds(context: Context) -> dict[str, float]:
    if context.ledger is None:
        return {}
    grid = context.grid
    frame = await context.ledger.frame(context.finder.scope, grid.start_ms, grid.end_ms)
    held = frame.where(frame.state == State.HELD)
    found = by_name(held, names_of(held, context.owners, context.finder))
    return {owner: hours.held * 3600 for owner, hours in found.items()}


async def _counted(context: Context, metric: str) -> dict[str, float]:
    if metric in _TOKENS:
        found_of = [context.finder.all(concept) for concept in _TOKENS[metric]]
        parts = await asyncio.gather(*(token_flows(context, found) for found in found_of))
    else:
        metrics = concepts.REQUESTS if metric == REQUESTS else (Metric(metric),)
        parts = [await flows(context, context.finder.all(metrics))]
    found: dict[str, float] = {}
    for part in parts:
        for group, flow in part.items():
            found[group] = found.get(group, 0.0) + flow.mean() * context.grid.seconds
    return found
