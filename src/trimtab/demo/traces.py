"""What the assistant's services trace: a request every 15 seconds, from the web down to the model, for two days and on.

Planted: since its last deploy (revision 14) the degraded endpoint decodes at half the pace, queues longer, and fails
some requests. A trace is a function of the seed and its time, so that a history sent in parts is the one sent at once.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b

import numpy as np
from msgspec import Struct

from trimtab.demo.company import Pod
from trimtab.demo.endpoints import DEGRADED, DEGRADED_PACE, DEGRADED_SINCE_H
from trimtab.demo.logs import KEPT_H, NEW_ERROR
from trimtab.demo.noise import STEP_MS, Times, keys_of, white
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.spans import CLIENT, PATH, PRODUCER, SERVER, DemoSpan, Value, resource_spans
from trimtab.demo.world import FINE_S, World, ago

SLOW_PART = ("assistant-chat-70b", "decode")
"""The service and the phase that the planted regression is in."""
REVISIONS = ("13", "14")
WEB, GATEWAY, EMBEDDING, RERANK = "assistant-web", "assistant-gateway", "search-embedding", "search-rerank"
_TRACES_A_REQUEST = 200  # some 0.6 MB
_MS = 1_000_000
_NOISES = ("web", "session", "embed", "search", "rerank", "queue", "prefill", "decode", "output", "prompt", "who")
_USERS = 40
_FAILS = 0.14
"""Below this share of the noise, which is triangular, are four per cent."""


class _Draw(Struct, frozen=True):
    """The noise of one trace, by name: each in (-1, 1)."""

    noise: dict[str, float]

    def ms(self, name: str, typical: float, spread: float) -> int:
        """A time in ns around `typical` ms; `spread` is of its logarithm."""
        return int(typical * float(np.exp(spread * self.noise[name])) * _MS)

    def share(self, name: str) -> float:
        """The same noise as a number in [0, 1)."""
        return (self.noise[name] + 1) / 2


class TraceFeed:
    """The traces of the assistant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = ago(world.anchor_ms, KEPT_H)
        self._deployed_ms = ago(world.anchor_ms, DEGRADED_SINCE_H)
        self._keys = keys_of(world.seed, "traces", _NOISES)
        self._pods: dict[str, list[Pod]] = {}
        for pod, endpoint in world.company.replicas:
            self._pods.setdefault(endpoint.name, []).append(pod)
        self._account = self._pods[DEGRADED][0].node.account.id

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The requests of a slab: those of its times and, in a coarse one, of what lies between them."""
        first_ms = max(slab.first_ms - FINE_S * 1000 + 1, self._since_ms)
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        ticks = np.arange(-(-first_ms // STEP_MS) * STEP_MS, last_ms + 1, STEP_MS)
        for at in range(0, len(ticks), _TRACES_A_REQUEST):
            yield self._request(ticks[at : at + _TRACES_A_REQUEST])

    def _request(self, ticks: Times) -> Shipment:
        noise = white(self._keys, ticks)
        sent: dict[tuple[tuple[str, str], ...], list[DemoSpan]] = {}
        count = 0
        for column, tick in enumerate(ticks.tolist()):
            draw = _Draw(dict(zip(_NOISES, noise[:, column].tolist(), strict=True)))
            for resource, span in self._trace(tick, draw):
                sent.setdefault(resource, []).append(span)
                count += 1
        body = b"".join(resource_spans(dict(resource), spans) for resource, spans in sent.items())
        return Shipment(self._account, PATH, body, count)

    def _trace(self, tick: int, draw: _Draw) -> Iterator[tuple[tuple[tuple[str, str], ...], DemoSpan]]:
        """The spans of a request with what sent them. A trace ends a whole step before its tick at the latest."""
        trace = TraceIds(self._world.seed, tick)
        late = tick >= self._deployed_ms
        at = (tick - 8 * STEP_MS) * _MS + int(draw.share("who") * STEP_MS * _MS)
        inner = at + 2 * _MS
        session = inner + draw.ms("session", 1.4, 0.5)
        embed = session + draw.ms("embed", 9, 0.4)
        search = embed + draw.ms("search", 14, 0.7)
        ranked = search + draw.ms("rerank", 22, 0.4)
        model = ranked + _MS
        call, answered, failure = self._model(draw, model, late=late)
        done = answered + 3 * _MS
        end = done + draw.ms("web", 6, 0.5)
        user = f"user-{int(draw.share('who') * _USERS):02d}"
        route: dict[str, Value] = {"http.request.method": "POST", "http.response.status_code": 500 if failure else 200}
        web, gateway = resource_of(WEB, "3.8"), resource_of(GATEWAY, "2.1")
        root = trace.span(0, "POST /chat", SERVER, at, end, {**route, "url.path": "/chat", "enduser.id": user}, failure)
        yield web, root
        sent = trace.span(
            root.span, "POST /v1/answer", CLIENT, at + _MS, done + _MS, {**route, "peer.service": GATEWAY}
        )
        yield web, sent
        entry = trace.span(
            sent.span, "POST /v1/answer", SERVER, inner, done, {**route, "url.path": "/v1/answer"}, failure
        )
        yield gateway, entry
        redis = {"db.system": "redis", "server.address": "sessions"}
        yield gateway, trace.span(entry.span, "GET session", CLIENT, inner, session, redis)
        yield from self._called(trace, entry, EMBEDDING, "embed", session, embed)
        found = {
            "db.system": "postgresql",
            "server.address": "passages",
            "db.statement": "SELECT passage ORDER BY distance",
        }
        yield gateway, trace.span(entry.span, "SELECT passages", CLIENT, embed, search, found)
        yield from self._called(trace, entry, RERANK, "rerank", search, ranked)
        chat = trace.span(
            entry.span,
            "chat",
            CLIENT,
            model,
            answered + _MS,
            {"gen_ai.operation.name": "chat", "peer.service": DEGRADED},
        )
        yield gateway, chat
        pods = self._pods[DEGRADED]
        pod = pods[trace.number % len(pods)]
        yield (
            resource_of(DEGRADED, REVISIONS[late], pod),
            trace.span(chat.span, "llm_request", SERVER, model + _MS // 2, answered, call, failure),
        )
        queue = {"messaging.system": "kafka", "messaging.destination.name": "usage", "peer.service": "usage"}
        yield gateway, trace.span(entry.span, "usage publish", PRODUCER, done - _MS // 2, done - _MS // 10, queue)

    def _called(
        self, trace: "TraceIds", entry: DemoSpan, service: str, name: str, start: int, end: int
    ) -> Iterator[tuple[tuple[tuple[str, str], ...], DemoSpan]]:
        """A call of a Triton server, and the server's span with its time in the queue."""
        client = trace.span(entry.span, f"{name} infer", CLIENT, start, end, {"peer.service": service})
        yield resource_of(GATEWAY, "2.1"), client
        pods = self._pods[service]
        pod = pods[trace.number % len(pods)]
        wire = (end - start) // 10
        inside = end - start - 2 * wire
        said: dict[str, Value] = {
            "triton.model_name": pod.endpoint.model if pod.endpoint else service,
            "triton.model_version": "1",
            "model.queue_ms": round(inside * 0.2 / _MS, 3),
            "batch_size": 1 + trace.number % 8,
        }
        yield (
            resource_of(service, "24.08", pod),
            trace.span(client.span, "infer", SERVER, start + wire, end - wire, said),
        )

    def _model(self, draw: _Draw, start: int, *, late: bool) -> tuple[dict[str, Value], int, str]:
        """What the model server says of a request, when it ends, and why it fails if it does."""
        prompt = int(1450 * float(np.exp(0.5 * draw.noise["prompt"])))
        output = int(310 * float(np.exp(0.6 * draw.noise["output"])))
        queue = draw.ms("queue", 260 if late else 35, 1.2)
        prefill = draw.ms("prefill", 0.11 * prompt, 0.15)
        decode = draw.ms("decode", output * 21 * (DEGRADED_PACE if late else 1.0), 0.1)
        failure = ""
        if late and draw.share("session") < _FAILS:
            failure = f"{NEW_ERROR}, request was preempted"
            decode //= 3
        said: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "vllm",
            "gen_ai.request.model": "meta-llama/Llama-3.3-70B-Instruct",
            "gen_ai.response.model": "meta-llama/Llama-3.3-70B-Instruct",
            "model.version": REVISIONS[late],
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": output // 3 if failure else output,
            "gen_ai.latency.time_in_queue": queue / 1e9,
            "gen_ai.latency.time_in_model_prefill": prefill / 1e9,
            "gen_ai.latency.time_in_model_decode": decode / 1e9,
            "gen_ai.latency.time_to_first_token": (queue + prefill) / 1e9,
        }
        return said, start + _MS + queue + prefill + decode, failure


class TraceIds:
    """Gives the spans of one trace their ids."""

    def __init__(self, seed: int, tick: int) -> None:
        self.number = int.from_bytes(blake2b(f"{seed}/trace/{tick}".encode(), digest_size=16).digest(), "big")
        self._next = self.number & (1 << 64) - 1

    def span(
        self,
        parent: int,
        name: str,
        kind: int,
        start_ns: int,
        end_ns: int,
        attributes: Mapping[str, Value] | None = None,
        failure: str = "",
    ) -> DemoSpan:
        """The next span."""
        self._next = (self._next * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1 or 1
        return DemoSpan(self.number, self._next, parent, name, kind, start_ns, end_ns, attributes or {}, failure)


def resource_of(service: str, version: str, pod: Pod | None = None) -> tuple[tuple[str, str], ...]:
    """The attributes of what sends spans."""
    placed = (("k8s.pod.name", pod.name), ("host.name", pod.node.name)) if pod else (("k8s.pod.name", f"{service}-0"),)
    return (
        ("service.name", service),
        ("service.version", version),
        ("team", pod.team if pod else "assistant"),
        *placed,
    )
