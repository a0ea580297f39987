"""What models did by step: requests, tokens and p95, read of the engine together."""

import asyncio

import numpy as np
import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.kpis.model_traffic import traffic
from trimtab.metrics.model import Kind


def counter(fleet: Fleet, name: str, per_minute: float, **labels: str) -> None:
    """A counter that starts a minute before the range, so that every minute of it has an increase."""
    times = [START + at * MINUTE for at in range(-1, 60)]
    fleet.add(name, list(np.arange(61) * per_minute), times=times, kind=Kind.COUNTER, labels={"service": "a", **labels})


def test_what_a_model_did_is_one_read_of_the_engine() -> None:
    fleet = Fleet()
    for model, times in (("m", 1), ("n", 2)):
        counter(fleet, "vllm:e2e_request_latency_seconds_count", 60 * times, model_name=model)
        counter(fleet, "vllm:e2e_request_latency_seconds_bucket", 60 * times, model_name=model, le="2")
        counter(fleet, "vllm:e2e_request_latency_seconds_bucket", 60 * times, model_name=model, le="+Inf")
        counter(fleet, "vllm:prompt_tokens_total", 3000 * times, model_name=model)
        counter(fleet, "vllm:generation_tokens_total", 600 * times, model_name=model)
        counter(fleet, "vllm:prefix_cache_hits_total", 300 * times, model_name=model)
    found = asyncio.run(traffic(fleet, fleet.registry, EVERYTHING, START, START + HOUR, 1800))
    assert {"m", "n"} == found.keys()
    for model, times in (("m", 1), ("n", 2)):
        did = found[model]
        rows = (did.requests, did.input_tokens, did.output_tokens, did.cached_tokens)
        assert [[number * 30 * times] * 2 for number in (60, 3000, 600, 300)] == [row.tolist() for row in rows]
        assert did.p95_ms.tolist() == pytest.approx([1900, 1900])
    assert 1 == fleet.reads
