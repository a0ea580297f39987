"""What a request looks like in each protocol, and how its answer is read."""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.inference.load.http import Address, Prepared, request_bytes
from trimtab.inference.load.outcome import Outcome
from trimtab.inference.load.payloads import prompt

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_DONE = b"[DONE]"
_MOST_EVENT = 1 << 20  # bytes of an event of a stream that is not complete

Sign = Callable[[bytes, Mapping[str, str]], Mapping[str, str]]
"""Headers that authorise a request with this body and these headers."""


class Stream:
    """Reads server-sent events of an OpenAI-compatible completion: when tokens came, and how many they were."""

    __slots__ = ("at_s", "counted", "first_s", "gaps_us", "rest", "tokens")

    def __init__(self) -> None:
        self.rest = b""
        self.tokens = self.counted = 0
        self.first_s = self.at_s = 0.0
        self.gaps_us: list[int] = []

    def feed(self, data: bytes, at_s: float) -> None:
        """A piece of the body; each event with text is a token, unless the usage at the end says otherwise."""
        *events, self.rest = (self.rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self.rest) > _MOST_EVENT:
            self.rest = b""
        for event in events:
            for line in event.split(b"\n"):
                if line.startswith(b"data:"):
                    self._take(line[5:].strip(), at_s)

    def finish(self, outcome: Outcome) -> None:
        """The stream has ended; one without a token is no answer."""
        if not self.tokens:
            outcome.problem = "no tokens"
            return
        outcome.first_s = self.first_s
        outcome.tokens = self.counted or self.tokens
        outcome.gaps_us = tuple(self.gaps_us)

    def _take(self, data: bytes, at_s: float) -> None:
        if data == _DONE:
            return
        try:
            event = json.loads(data)
        except ValueError:
            return
        usage = event.get("usage") if isinstance(event, dict) else None
        if isinstance(usage, dict) and isinstance(usage.get("completion_tokens"), int):
            self.counted = usage["completion_tokens"]
        if not _has_text(event):
            return
        if self.tokens:
            self.gaps_us.append(int((at_s - self.at_s) * 1e6))
        else:
            self.first_s = at_s
        self.tokens += 1
        self.at_s = at_s


def _has_text(event: Any) -> bool:
    choices = event.get("choices") if isinstance(event, dict) else None
    if not isinstance(choices, list):
        return False
    for one in choices:
        delta = one.get("delta") or {}
        if one.get("text") or delta.get("content") or delta.get("reasoning_content") or delta.get("tool_calls"):
            return True
    return False


def plain(
    address: Address, bodies: Iterator[bytes], headers: Mapping[str, str], *, method: str = "POST", path: str = ""
) -> Iterator[Prepared]:
    """Bodies as HTTP requests; the answer is whatever has a status of 2xx."""
    shown = {**_JSON, **headers}
    known: dict[bytes, Prepared] = {}
    for body in bodies:
        made = known.get(body)
        if made is None:
            made = Prepared(request_bytes(address, body, shown, method=method, path=path))
            if len(known) < 1024:  # data sets come round again; templates never do
                known[body] = made
        yield made


def openai(
    address: Address, lengths: Sequence[tuple[int, int]], model: str, headers: Mapping[str, str], *, chat: bool = True,
    seed: int = 1,
) -> Iterator[Prepared]:  # fmt: skip
    """Streaming completions with prompts and answers of the given lengths in tokens, in turn, for ever."""
    draw = random.Random(seed)  # noqa: S311
    shown = {"Content-Type": "application/json", "Accept": "text/event-stream", **headers}
    path = address.path if address.path != "/" else "/v1/chat/completions" if chat else "/v1/completions"
    for asked, answered in itertools.cycle(lengths):
        text = prompt(asked, draw)
        body: dict[str, Any] = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
        body["max_tokens"] = max(1, answered)
        body["ignore_eos"] = True  # vLLM, SGLang: answers as long as the trace's; others pass over it
        if chat:
            body["messages"] = [{"role": "user", "content": text}]
        else:
            body["prompt"] = text
        yield Prepared(request_bytes(address, json.dumps(body).encode(), shown, path=path), Stream())


def openai_bodies(address: Address, bodies: Iterator[bytes], headers: Mapping[str, str]) -> Iterator[Prepared]:
    """Bodies of the caller's own, read as streams."""
    shown = {"Content-Type": "application/json", "Accept": "text/event-stream", **headers}
    path = address.path if address.path != "/" else "/v1/chat/completions"
    for body in bodies:
        yield Prepared(request_bytes(address, body, shown, path=path), Stream())


def kserve(
    address: Address, bodies: Iterator[bytes], model: str, version: str, headers: Mapping[str, str]
) -> Iterator[Prepared]:
    """Bodies of the open inference protocol (Triton, KServe v2) to a model's `infer`. Raises InvalidInput."""
    if not model:
        raise InvalidInput("cannot send to a Triton or KServe server: name the model")
    path = f"/v2/models/{model}/versions/{version}/infer" if version else f"/v2/models/{model}/infer"
    return plain(address, bodies, headers, path=address.path.rstrip("/") + path)


def signed(address: Address, bodies: Iterator[bytes], headers: Mapping[str, str], sign: Sign) -> Iterator[Prepared]:
    """Bodies as requests that carry a signature: SageMaker's InvokeEndpoint."""
    shown = {"Content-Type": "application/json", "Host": address.authority, **headers}
    for body in bodies:
        given = {name: value for name, value in {**shown, **sign(body, shown)}.items() if name.lower() != "host"}
        yield Prepared(request_bytes(address, body, given))
