"""Use by owner over a range: what a shared cost is divided by."""

import asyncio
from typing import Any, cast

import numpy as np
import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet, direct

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.kpis.use import use
from trimtab.metrics.model import Kind


def counter(fleet: Fleet, name: str, per_minute: float, **labels: str) -> None:
    times = [START + at * MINUTE for at in range(-1, 60)]
    fleet.add(name, list(np.arange(61) * per_minute), times=times, kind=Kind.COUNTER, labels=labels)


def used(fleet: Fleet, metric: str, by: str = "team") -> dict[str, float]:
    reader = cast("Any", fleet)
    return asyncio.run(
        use(reader, fleet.registry, EVERYTHING, metric, by, START, START + HOUR, direct(fleet, START + HOUR))
    )


def test_requests_and_tokens_in_and_out_by_team() -> None:
    fleet = Fleet()
    for team, factor in (("search", 3), ("ads", 1)):
        counter(fleet, "vllm:e2e_request_latency_seconds_count", 10 * factor, service=team, team=team)
        counter(fleet, "vllm:generation_tokens_total", 600 * factor, service=team, team=team)
        counter(fleet, "vllm:prompt_tokens_total", 300 * factor, service=team, team=team)
    counter(fleet, "vllm:prompt_tokens_total", 300, service="nobody")
    assert {"search": 1800, "ads": 600} == pytest.approx(used(fleet, "requests"))
    assert {"search": 162_000, "ads": 54_000} == pytest.approx(used(fleet, "tokens"))


def test_any_metric_by_any_label() -> None:
    fleet = Fleet()
    counter(fleet, "jobs_done_total", 5, project="moon")
    assert {"moon": 300} == pytest.approx(used(fleet, "jobs_done_total", "project"))


def test_gpu_seconds_are_those_that_were_held() -> None:
    fleet = Fleet()
    gpu = {"UUID": "GPU-1", "gpu": "0", "Hostname": "n1", "exported_pod": "train-0", "team": "vision"}
    fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.5, labels=gpu)
    assert {"vision": 3600} == pytest.approx(used(fleet, "gpu-seconds"))


def test_a_metric_that_nobody_sent_is_said() -> None:
    with pytest.raises(InvalidInput, match="no series of it was seen"):
        used(Fleet(), "tokens")
