"""What each model did over a range by step: requests, tokens in and out, cached ones, and the 95th percentile."""

import asyncio

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder, Metric, Registry
from trimtab.fleet.telemetry.identity import workload_of
from trimtab.fleet.telemetry.owners import UNOWNED, Owners, label, pods_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis import latency
from trimtab.kpis.context import Context, Floats, Flow, flows
from trimtab.kpis.shared_reads import SharedReads
from trimtab.kpis.throughput import token_flows
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

CACHED_TOKENS = (
    Metric("vllm:prefix_cache_hits_total"),
    Metric("vllm:prefix_cache_hits"),
    Metric("sglang:cached_tokens_total"),
    Metric("gen_ai.client.token.usage", where=(("gen_ai.token.type", "cached"),)),
)
"""Input tokens that were found in a cache (vLLM's and SGLang's documentation)."""
IMAGES = "kube_pod_container_info"
_MODEL = "model"
_VERSION_STEP_S = 900
_MAXIMUM = parse_statistic("Maximum")


class ModelTraffic(Struct, frozen=True):
    """A model on a grid: numbers a step (0 where nothing was said), and p95 in ms (NaN where nothing tells it)."""

    requests: Floats
    input_tokens: Floats
    output_tokens: Floats
    cached_tokens: Floats
    p95_ms: Floats


async def traffic(
    reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int, step_s: int
) -> dict[str, ModelTraffic]:
    """By model what it did in `[start, end)`. Raises QueryAborted, Unavailable."""
    grid = Grid.over(start_ms, end_ms, step_s)
    finder = Finder(registry, scope, grid.start_ms)
    pods = pods_of(one.series for one in finder.named(POD_LABELS))
    context = Context(SharedReads(reader), finder, Owners(_MODEL, pods=pods), grid)
    requests, input_, output, cached, p95 = await asyncio.gather(
        flows(context, finder.all(concepts.REQUESTS)),
        token_flows(context, finder.all(concepts.INPUT_TOKENS)),
        token_flows(context, finder.all(concepts.OUTPUT_TOKENS)),
        token_flows(context, finder.all(CACHED_TOKENS)),
        latency.p95_by_step(context),
    )
    nothing = np.full(grid.steps, np.nan)
    return {
        model: ModelTraffic(
            _numbers(requests.get(model), grid),
            _numbers(input_.get(model), grid),
            _numbers(output.get(model), grid),
            _numbers(cached.get(model), grid),
            p95.get(model, nothing) * 1000,
        )
        for model in {*requests, *input_, *output} - {UNOWNED}
    }


def _numbers(flow: Flow | None, grid: Grid) -> Floats:
    return np.zeros(grid.steps) if flow is None else np.nan_to_num(flow.per_s) * grid.step_s


def served(registry: Registry, scope: Scope, since_ms: int) -> dict[str, tuple[str, str]]:
    """By pod (`namespace/name`) the model and the service that its server's series tell."""
    finder = Finder(registry, scope, since_ms)
    found: dict[str, tuple[str, str]] = {}
    services = replace(Owners("service"))
    for one in finder.all((*concepts.OUTPUT_TOKENS, *concepts.REQUESTS)):
        series = one.series
        model, pod = label(series, _MODEL), _pod(series)
        if model and pod:
            found.setdefault(pod, (model, services.of(series)))
    return found


async def versions(
    reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int
) -> list[tuple[int, str, str]]:
    """(first step in ms, pod, image's version) of every image that pods ran in a range, in steps of a quarter hour.

    A roll-out is an image that begins later than the range. Raises QueryAborted, Unavailable.
    """
    grid = Grid.over(start_ms, end_ms, _VERSION_STEP_S)
    asked = []
    for one in Finder(registry, scope, grid.start_ms).named(IMAGES):
        image, pod = one.series.dimensions.get("image", ""), _pod(one.series)
        version = image.rpartition("/")[2].partition(":")[2]
        if pod and version:
            asked.append((one.series.id, pod, version))
    requests = [StatRequest((id_,), _MAXIMUM, grid.step_s) for id_, _, _ in asked]
    answers = await reader.statistics(scope, requests, start_ms, end_ms) if requests else []
    found = []
    for (_, pod, version), answer in zip(asked, answers, strict=True):
        steps = np.flatnonzero(~np.isnan(grid.place(answer)))
        if len(steps):
            found.append((grid.start_ms + int(steps[0]) * grid.step_s * 1000, pod, version))
    return sorted(found)


def _pod(series: Series) -> str:
    name = workload_of(series)
    space = label(series, "namespace")
    return f"{space}/{name}" if name and space else name
