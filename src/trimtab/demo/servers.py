"""The metrics of model servers, with the names and labels that vLLM, TGI and Triton give them.

Sources: the metrics pages of vLLM's documentation (v0.6 for the old names, v0.10), of Hugging Face TGI (v3) and of
NVIDIA Triton (24.x). Of the buckets of their histograms those are sent that a scrape configuration would keep.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trimtab.demo import demand
from trimtab.demo.block import Block
from trimtab.demo.company import Account
from trimtab.demo.demand import Load
from trimtab.demo.endpoints import TGI, TRITON, VLLM, Endpoint
from trimtab.demo.feed import Family, Moment, scraped
from trimtab.demo.noise import Floats
from trimtab.demo.world import World

_FIRST_BOUNDS = (0.02, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0)
_BETWEEN_BOUNDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0)
_WHOLE_BOUNDS = (0.3, 0.8, 1.5, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0)
_PORTS = {VLLM: 8000, TGI: 80, TRITON: 8002}
_PREFIX_HITS = 0.31  # share of prompt tokens found in the prefix cache

Rows = npt.NDArray[np.intp]


class ServerFeed:
    """The servers of one kind, as far as they are all new or all old."""

    def __init__(self, world: World, server: str, old: bool = False) -> None:
        replicas = world.company.replicas
        self._rows = np.array([r for r, (_, e) in enumerate(replicas) if (e.server, e.old) == (server, old)], np.intp)
        chosen = [replicas[row] for row in self._rows.tolist()]
        self._accounts: list[Account] = [pod.node.account for pod, _ in chosen]
        self._labels = [
            {
                "namespace": pod.team,
                "pod": pod.name,
                "container": pod.container,
                "service": endpoint.name,
                **scraped(pod.node, endpoint.name, _PORTS[server]),
                **_model(endpoint),
            }
            for pod, endpoint in chosen
        ]
        self._endpoints = [endpoint for _, endpoint in chosen]
        self._old = old
        self._group = f"{server}{'.old' if old else ''}"
        self._metrics = {VLLM: self._vllm, TGI: self._tgi, TRITON: self._triton}[server]
        self._families: dict[str, Family] = {}

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """A block a series name and account."""
        load = _rows(moment.load, self._rows)
        for name, further, values in self._metrics(load, moment):
            key = name + "".join(f"{{{label}={value}}}" for label, value in further.items())
            family = self._families.get(key)
            if family is None:
                labels = [{"__name__": name, **own, **further} for own in self._labels]
                family = self._families[key] = Family(self._accounts, labels)
            yield from family.blocks(moment.slab.times, values)

    def _vllm(self, load: Load, moment: Moment) -> Iterator[tuple[str, dict[str, str], Floats]]:
        prompt, output = self._column("prompt"), self._column("output")
        yield "vllm:num_requests_running", {}, np.round(load.running)
        yield "vllm:num_requests_waiting", {}, np.round(load.waiting)
        yield f"vllm:{'gpu' if self._old else 'kv'}_cache_usage_perc", {}, np.round(load.cache, 4)
        counted: dict[str, tuple[dict[str, str], Floats]] = {
            "vllm:prompt_tokens_total": ({}, load.served * prompt),
            "vllm:generation_tokens_total": ({}, load.served * output),
            "vllm:num_preemptions_total": ({}, np.where(load.cache > 0.97, 0.05, 0.0)),
            "vllm:prefix_cache_queries_total": ({}, load.served * prompt),
            "vllm:prefix_cache_hits_total": ({}, load.served * prompt * _PREFIX_HITS),
        }
        for name, (further, rates) in counted.items():
            yield name, further, self._grow(name, rates, load, moment)
        for reason, share in (("stop", 0.93), ("length", 0.066), ("abort", 0.004)):
            name = "vllm:request_success_total"
            yield name, {"finished_reason": reason}, self._grow(name + reason, load.served * share, load, moment)
        for status, rates in (("2xx", load.served), ("5xx", load.failed)):
            name, path = "http_requests_total", "/v1/chat/completions"
            labels = {"handler": path, "method": "POST", "status": status}
            yield name, labels, self._grow(name + status, rates, load, moment)
        between = "time_per_output_token" if self._old else "inter_token_latency"
        for name, bounds, middle, width, rates in (
            ("vllm:time_to_first_token_seconds", _FIRST_BOUNDS, load.first_s, demand.FIRST, load.served),
            (f"vllm:{between}_seconds", _BETWEEN_BOUNDS, load.token_s, demand.BETWEEN, load.served * output),
            ("vllm:e2e_request_latency_seconds", _WHOLE_BOUNDS, load.whole_s, demand.WHOLE, load.served),
        ):
            yield from self._histogram(name, bounds, middle, width, rates, load, moment)

    def _tgi(self, load: Load, moment: Moment) -> Iterator[tuple[str, dict[str, str], Floats]]:
        output = self._column("output")
        yield "tgi_queue_size", {}, np.round(load.waiting)
        yield "tgi_batch_current_size", {}, np.round(load.running)
        for name, further, rates in (
            ("tgi_request_count", {}, load.served + load.failed),
            ("tgi_request_success", {}, load.served),
            ("tgi_request_failure", {"err": "overloaded"}, load.failed),
            ("tgi_request_generated_tokens_sum", {}, load.served * output),
            ("tgi_request_generated_tokens_count", {}, load.served),
        ):
            yield name, further, self._grow(name, rates, load, moment)
        for name, bounds, middle, width, rates in (
            ("tgi_request_duration", _WHOLE_BOUNDS, load.whole_s, demand.WHOLE, load.served),
            (
                "tgi_request_mean_time_per_token_duration",
                _BETWEEN_BOUNDS,
                load.token_s,
                demand.BETWEEN,
                load.served,
            ),
        ):
            yield from self._histogram(name, bounds, middle, width, rates, load, moment)

    def _triton(self, load: Load, moment: Moment) -> Iterator[tuple[str, dict[str, str], Floats]]:
        yield "nv_inference_pending_request_count", {}, np.round(load.waiting)
        queued = np.minimum(load.waiting / np.maximum(load.served, 0.01), 5.0) * 1e6 + 80
        computed = load.first_s * 1e6
        for name, rates in (
            ("nv_inference_request_success", load.served),
            ("nv_inference_request_failure", load.failed),
            ("nv_inference_count", load.served * 1.6),
            ("nv_inference_exec_count", load.served / 3.0),
            ("nv_inference_request_duration_us", load.served * (queued + computed)),
            ("nv_inference_queue_duration_us", load.served * queued),
            ("nv_inference_compute_infer_duration_us", load.served * computed * 0.88),
        ):
            yield name, {}, self._grow(name, rates, load, moment)

    def _histogram(
        self,
        name: str,
        bounds: tuple[float, ...],
        middle: Floats,
        width: float,
        rates: Floats,
        load: Load,
        moment: Moment,
    ) -> Iterator[tuple[str, dict[str, str], Floats]]:
        """Cumulative buckets, sum and count, as a Prometheus client has them."""
        bucket = f"{name}_bucket"
        for bound in bounds:
            share = demand.below(bound, middle, width)
            yield bucket, {"le": repr(bound)}, self._grow(f"{bucket}{bound}", rates * share, load, moment)
        total = self._grow(f"{name}_count", rates, load, moment)
        yield bucket, {"le": "+Inf"}, total
        yield f"{name}_count", {}, total
        yield f"{name}_sum", {}, self._grow(f"{name}_sum", rates * middle * 1.15, load, moment)

    def _grow(self, name: str, rates: Floats, load: Load, moment: Moment) -> Floats:
        return moment.totals.grow(f"{self._group}.{name}", rates, moment.slab.step_s, load.restarts)

    def _column(self, name: str) -> Floats:
        return np.array([[getattr(endpoint, name)] for endpoint in self._endpoints], float)


def kinds() -> Iterator[tuple[str, bool]]:
    """Names whose ending does not say that they are counters."""
    for name in (
        *("tgi_request_count", "tgi_request_success", "tgi_request_failure", "nv_inference_request_success"),
        *("nv_inference_request_failure", "nv_inference_count", "nv_inference_exec_count"),
        *("nv_inference_request_duration_us", "nv_inference_queue_duration_us"),
        "nv_inference_compute_infer_duration_us",
    ):
        yield name, True


def _model(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.server == VLLM:
        return {"model_name": endpoint.model, "engine": "0"}
    if endpoint.server == TRITON:
        return {"model": endpoint.model, "version": "1"}
    return {"model_id": endpoint.model}


def _rows(load: Load, rows: Rows) -> Load:
    return Load(*(getattr(load, name)[rows] for name in Load.__struct_fields__))
