"""How many epochs a run trained: the highest that its training loop reported, else what its scheduler carries."""

from collections.abc import Sequence

import numpy as np

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.concepts import Finder, Metric, Registry
from trimtab.fleet.telemetry.devices import JOB_LABELS, first, pod_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

EPOCHS = (Metric("training.epoch"), Metric("train_epoch"), Metric("epoch"), Metric("trainer_epoch"))
"""Names under which training loops report the epoch they are in (HF Trainer, Lightning and MLflow exporters)."""
_TAGS = ("epochs", "training.epochs")
_MAXIMUM = parse_statistic("Maximum")
_HOUR_S = 3600


async def read(reader: Reader, registry: Registry, scope: Scope, runs: Sequence[Run]) -> dict[RunKey, float]:
    """By run its epochs; of runs that tell none there is nothing. Raises QueryAborted, Unavailable."""
    found = {run.key: value for run in runs if (value := _tagged(run))}
    left = {run.key.job: run for run in runs if run.key not in found and run.start_ms is not None}
    if not left:
        return found
    start = min(run.start_ms or 0 for run in left.values())
    end = max(run.end_ms or run.seen_ms or start + 1 for run in left.values())
    wanted = [
        (run, one.series.id)
        for one in Finder(registry, scope, start).all(EPOCHS)
        if (run := left.get(first(one.series.dimensions, JOB_LABELS)) or left.get(pod_of(one.series)))
    ]
    requests = [StatRequest((id_,), _MAXIMUM, _HOUR_S) for _, id_ in wanted]
    answers = await reader.statistics(scope, requests, start, max(end, start + 1)) if requests else []
    for (run, _), answer in zip(wanted, answers, strict=True):
        if len(answer.values) and not np.isnan(answer.values).all():
            found[run.key] = max(found.get(run.key, 0.0), float(np.nanmax(answer.values)))
    return found


def _tagged(run: Run) -> float | None:
    text = next((run.tags[name] for name in _TAGS if run.tags.get(name)), "")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None
