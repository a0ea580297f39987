"""What the company asks of vendors' models: a chat for three tenants, an agent for tickets, a review of contracts.

Planted: since its last release the chat puts the time in front of the prompts of one tenant, so that the vendor's cache
never has them; one session of the agent went round in circles for most of an hour; and contracts are reviewed all day
by a dear model, when own GPUs serve one that would cost less. A call is a function of the seed and its minute.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from trimtab.demo.company import SERVING
from trimtab.demo.noise import Times, keys_of, white
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.spans import CLIENT, INTERNAL, PATH, DemoSpan, Value, resource_spans
from trimtab.demo.traces import TraceIds, resource_of
from trimtab.demo.world import FINE_S, World, ago

SERVICE, VERSION = "copilot", "7.2"
SINCE_H = 8 * 24.0
"""Hours before the anchor of the first call."""
TENANTS = ("acme", "globex", "initech")
UNCACHED, UNCACHED_SINCE_H = "globex", 26.0
"""The tenant whose prompts begin with the time, and since when."""
CHAT, CHAT_VENDOR, CHAT_MODEL = "chat", "anthropic", "claude-sonnet-4-5"
AGENT, LOOP_SINCE_H, LOOP_CALLS = "ticket-triage", 14.0, 180
"""The agent, when its loop ended, and how many calls it made in it."""
REVIEW, REVIEW_VENDOR, REVIEW_MODEL = "contract-review", "openai", "gpt-4o"
_MINUTE_MS, _MS = 60_000, 1_000_000
_TURNS = 6
"""Calls of a session of the chat: each sends all before it again."""
_EVERY = 30
"""Minutes between two sessions of the agent."""
_NOISES = ("prompt", "output", "turns", "contract", "answer")
_Drawn = Mapping[str, float]


class ModelCallFeed:
    """The spans of the copilot, as OpenTelemetry's instrumentations of the vendors' clients emit them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = ago(world.anchor_ms, SINCE_H)
        self._uncached_ms = ago(world.anchor_ms, UNCACHED_SINCE_H)
        self._loop_minute = ago(world.anchor_ms, LOOP_SINCE_H) // _MINUTE_MS // _EVERY * _EVERY
        self._keys = keys_of(world.seed, "model-calls", _NOISES)

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The calls of a slab's minutes, and of what lies between them, as one shipment."""
        first_ms = max(slab.first_ms - FINE_S * 1000 + 1, self._since_ms)
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        minutes: Times = np.arange(-(-first_ms // _MINUTE_MS) * _MINUTE_MS, last_ms + 1, _MINUTE_MS)
        if not len(minutes):
            return
        noise = white(self._keys, minutes)
        spans: list[DemoSpan] = []
        for column, tick in enumerate(minutes.tolist()):
            spans += self._minute(tick, dict(zip(_NOISES, noise[:, column].tolist(), strict=True)))
        body = resource_spans(dict(resource_of(SERVICE, VERSION)), spans)
        yield Shipment(SERVING.id, PATH, body, len(spans))

    def _minute(self, tick: int, drawn: _Drawn) -> Iterator[DemoSpan]:
        """All that ends in the minute before a tick; a session of the agent has begun earlier."""
        minute = tick // _MINUTE_MS
        yield self._chat(tick, minute, drawn)
        yield self._review(tick, drawn)
        if minute % _EVERY == 0:
            yield from self._session(tick, minute, drawn)

    def _chat(self, tick: int, minute: int, drawn: _Drawn) -> DemoSpan:
        tenant = TENANTS[minute % len(TENANTS)]
        turn = minute // len(TENANTS) % _TURNS
        session = minute // (len(TENANTS) * _TURNS)
        past = 2600 + turn * 850  # the instructions, the documents found, and what was said so far
        asked, output = _around(400, drawn["prompt"]), _around(320, drawn["output"])
        cached = 0 if tenant == UNCACHED and tick >= self._uncached_ms else past if turn else 2600
        said = _call(CHAT_VENDOR, CHAT_MODEL, past + asked, output, cached)
        who: dict[str, Value] = {
            "tenant.id": tenant, "gen_ai.conversation.id": f"{tenant}-{session}", "feature": CHAT,
            "enduser.id": f"{tenant}-user-{session % 7}",
        }  # fmt: skip
        start = (tick - 50_000) * _MS
        return TraceIds(self._world.seed, 3 * tick + 1).span(
            0, f"chat {CHAT_MODEL}", CLIENT, start, start + _took(output), {**said, **who}
        )

    def _review(self, tick: int, drawn: _Drawn) -> DemoSpan:
        output = _around(600, drawn["answer"])
        said = _call(REVIEW_VENDOR, REVIEW_MODEL, _around(60_000, drawn["contract"]), output, 0)
        start = (tick - 55_000) * _MS
        who: dict[str, Value] = {"feature": REVIEW, "tenant.id": TENANTS[tick // _MINUTE_MS % 2]}
        return TraceIds(self._world.seed, 3 * tick + 2).span(
            0, f"chat {REVIEW_MODEL}", CLIENT, start, start + _took(output), {**said, **who}
        )

    def _session(self, tick: int, minute: int, drawn: _Drawn) -> Iterator[DemoSpan]:
        """A ticket: a span of the agent, and in it its calls, each with the tools' answers before it in its prompt."""
        calls = LOOP_CALLS if minute == self._loop_minute else 6 + int(3 * drawn["turns"])
        length = 14_000 * _MS
        end = (tick - 5_000) * _MS
        start = end - (calls + 1) * length
        trace = TraceIds(self._world.seed, 3 * tick + 3)
        who: dict[str, Value] = {
            "gen_ai.agent.name": AGENT, "gen_ai.conversation.id": f"ticket-{minute // _EVERY}",
            "tenant.id": TENANTS[minute // _EVERY % len(TENANTS)],
        }  # fmt: skip
        whole = trace.span(
            0, f"invoke_agent {AGENT}", INTERNAL, start, end, {"gen_ai.operation.name": "invoke_agent", **who}
        )
        yield whole
        for number in range(calls):
            past = 1800 + 420 * min(number, 60)  # the loop drops what no longer fits
            said = _call(CHAT_VENDOR, CHAT_MODEL, past + 300, 150, past if number else 0)
            at = start + number * length + 2_000 * _MS
            yield trace.span(whole.span, f"chat {CHAT_MODEL}", CLIENT, at, at + _took(150), {**said, **who})


def _call(vendor: str, model: str, prompt: int, output: int, cached: int) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": vendor,
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": output,
        "gen_ai.usage.cache_read.input_tokens": cached,
    }


def _around(typical: int, noise: float) -> int:
    return int(typical * float(np.exp(0.5 * noise)))


def _took(output: int) -> int:
    """How long an answer takes, in ns."""
    return (700 + 18 * output) * _MS
