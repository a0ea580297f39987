"""What search traces of its summaries: a request a minute, from the search page down to the model, for two days and on.

Planted: since the last deploy of the summaries (revision 14) the gateway answers more than half of the requests from a
cache, so that they never reach the model: a trace of the model shows no queue and a GPU that is all its own.
"""

from collections.abc import Iterator

import numpy as np

from trimtab.demo.company import Pod
from trimtab.demo.endpoints import THINNED, THINNED_SHARE, THINNED_SINCE_H, Endpoint
from trimtab.demo.logs import KEPT_H
from trimtab.demo.noise import STEP_MS, Times, keys_of, white
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.spans import CLIENT, PATH, SERVER, DemoSpan, Value, resource_spans
from trimtab.demo.traces import TraceIds, resource_of
from trimtab.demo.world import FINE_S, World, ago

WEB, REVISIONS = "search-web", ("13", "14")
_EVERY = 4
"""Steps of 15 s between two requests that are traced."""
_MS = 1_000_000
_NOISES = ("hit", "prompt", "output", "pace")
_Sent = tuple[tuple[tuple[str, str], ...], DemoSpan]


class SearchTraceFeed:
    """The traces of the search page."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = ago(world.anchor_ms, KEPT_H)
        self._deployed_ms = ago(world.anchor_ms, THINNED_SINCE_H)
        self._keys = keys_of(world.seed, "search-traces", _NOISES)
        self._pods: list[Pod] = [pod for pod, one in world.company.replicas if one.name == THINNED]
        self._endpoint: Endpoint = next(one for _, one in world.company.replicas if one.name == THINNED)

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The requests of a slab, as one shipment."""
        first_ms = max(slab.first_ms - FINE_S * 1000 + 1, self._since_ms)
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        step = STEP_MS * _EVERY
        ticks: Times = np.arange(-(-first_ms // step) * step, last_ms + 1, step)
        if not len(ticks):
            return
        noise = white(self._keys, ticks)
        sent: dict[tuple[tuple[str, str], ...], list[DemoSpan]] = {}
        count = 0
        for column, tick in enumerate(ticks.tolist()):
            drawn = dict(zip(_NOISES, noise[:, column].tolist(), strict=True))
            for resource, span in self._trace(tick, drawn):
                sent.setdefault(resource, []).append(span)
                count += 1
        body = b"".join(resource_spans(dict(resource), spans) for resource, spans in sent.items())
        yield Shipment(self._pods[0].node.account.id, PATH, body, count)

    def _trace(self, tick: int, drawn: dict[str, float]) -> Iterator[_Sent]:
        """The spans of a request; it ends some steps before its tick."""
        trace = TraceIds(self._world.seed, tick + 1)  # beside the assistant's of that time
        late = tick >= self._deployed_ms
        at = (tick - 6 * STEP_MS) * _MS
        hit = late and (drawn["hit"] + 1) / 2 > THINNED_SHARE
        said, length = self._call(drawn, late=late)
        end = at + (9 if hit else 14) * _MS + (0 if hit else length)
        route: dict[str, Value] = {"http.request.method": "GET", "http.response.status_code": 200}
        user = f"team-{int((drawn['prompt'] + 1) * 4)}"
        root = trace.span(0, "GET /search", SERVER, at, end, {**route, "url.path": "/search", "enduser.id": user})
        yield resource_of(WEB, "5.2"), root
        if late:
            found: dict[str, Value] = {"db.system": "redis", "server.address": "answers", "cache.hit": str(hit).lower()}
            yield resource_of(WEB, "5.2"), trace.span(root.span, "GET answer", CLIENT, at + _MS, at + 3 * _MS, found)
        if hit:
            return
        start = at + 6 * _MS
        chat: dict[str, Value] = {"gen_ai.operation.name": "chat", "peer.service": THINNED}
        call = trace.span(root.span, "summarise", CLIENT, start, start + length + 2 * _MS, chat)
        yield resource_of(WEB, "5.2"), call
        pod = self._pods[trace.number % len(self._pods)]
        server = resource_of(THINNED, REVISIONS[late], pod)
        yield server, trace.span(call.span, "llm_request", SERVER, start + _MS, start + _MS + length, said)

    def _call(self, drawn: dict[str, float], *, late: bool) -> tuple[dict[str, Value], int]:
        """What the model server says of a call, and how long it took in ns."""
        one = self._endpoint
        prompt, output = (
            int(typical * float(np.exp(0.5 * drawn[name])))
            for typical, name in ((one.prompt, "prompt"), (one.output, "output"))
        )
        queue = (2 if late else 45) * _MS
        prefill, decode = int(prompt * 0.03 * _MS), int(output * one.token_s * 1000 * _MS * (1 + 0.1 * drawn["pace"]))
        said: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "vllm",
            "gen_ai.request.model": one.model,
            "gen_ai.response.model": one.model,
            "model.version": REVISIONS[late],
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": output,
            "gen_ai.latency.time_in_queue": queue / 1e9,
            "gen_ai.latency.time_in_model_prefill": prefill / 1e9,
            "gen_ai.latency.time_in_model_decode": decode / 1e9,
            "gen_ai.latency.time_to_first_token": (queue + prefill) / 1e9,
        }
        return said, queue + prefill + decode
