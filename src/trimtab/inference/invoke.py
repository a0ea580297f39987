"""Invocations: an endpoint's variant is chosen, and its model asked where it listens."""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.egress.address import parse_url
from trimtab.egress.client import ANSWER_BYTES, Client, HTTPError, Response, read_whole
from trimtab.egress.gate import Gate
from trimtab.inference.capture import Capture, Side
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL, url_of
from trimtab.inventory.served.store import ServedStore

_TIMEOUT_S = 60.0  # the service's limit of an invocation
_STREAM_S = 480.0  # the service's limit of an answer that streams
_SHOWN = 500
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class ModelFailed(TrimtabError):
    """The model answered with an error."""


class Asked(Struct, frozen=True):
    """An invocation."""

    body: bytes
    content_type: str
    accept: str = ""
    attributes: str = ""
    id: str = ""


class Answered(Struct, frozen=True):
    """A model's answer, and the variant that gave it."""

    body: bytes
    content_type: str
    variant: str
    attributes: str = ""


class Invoker(Struct):
    """Asks models; the connections are kept. `gate` says where a model may listen, `capture` keeps what passes."""

    served: ServedStore
    gate: Gate
    capture: Capture | None = None
    _draw: random.Random = field(default_factory=random.Random)
    _client: Client | None = None

    async def invoke(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None = None, *,
        timeout_s: float = _TIMEOUT_S, most_bytes: int = ANSWER_BYTES,
    ) -> Answered:  # fmt: skip
        """Ask an endpoint; the whole takes `timeout_s` at most. Raises NotFound without it, InvalidInput, ModelFailed,
        Unavailable."""
        try:
            async with asyncio.timeout(timeout_s):
                config, chosen, answer = await self._asked(place, endpoint, asked, variant, timeout_s)
                try:
                    body = await read_whole(answer, most_bytes)
                finally:
                    await answer.aclose()
        except HTTPError as problem:
            raise _unreachable(endpoint, problem) from None
        except TimeoutError:
            raise Unavailable(f"cannot reach the model of {endpoint!r}: no answer within {timeout_s:g} s") from None
        if self.capture is not None:
            sides = Side(asked.body, asked.content_type), Side(body, _type_of(answer))
            self.capture.take(config, (endpoint, chosen), sides, asked.id)
        return Answered(body, _type_of(answer), chosen, answer.headers.get(_ATTRIBUTES, ""))

    async def stream(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None = None
    ) -> tuple[Answered, AsyncGenerator[bytes, None]]:
        """Ask an endpoint whose model streams: the answer without its body, and the body as it comes.

        Raises as `invoke`; a body that breaks off raises Unavailable where it does.
        """
        _, chosen, answer = await self._asked(place, endpoint, asked, variant)

        async def parts() -> AsyncGenerator[bytes, None]:
            until_s = asyncio.get_running_loop().time() + _STREAM_S
            try:
                async for part in answer.aiter_bytes():
                    yield part
                    if asyncio.get_running_loop().time() > until_s:
                        raise Unavailable(f"the model of {endpoint!r} streams for more than {_STREAM_S:g} s")
            except HTTPError as problem:
                raise _unreachable(endpoint, problem) from None
            finally:
                await answer.aclose()

        return Answered(b"", _type_of(answer), chosen, answer.headers.get(_ATTRIBUTES, "")), parts()

    async def _asked(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None, timeout_s: float = _TIMEOUT_S
    ) -> tuple[Mapping[str, Any], str, Response]:
        """The endpoint's configuration, the variant that was asked, and its answer, whose body is not read yet."""
        found = await self.served.get(place, ENDPOINT, endpoint)
        config = await self.served.get(place, CONFIG, found.form["EndpointConfigName"])
        chosen = self._chosen(config.form["ProductionVariants"], found.state.get("variants") or {}, variant)
        model = await self.served.get(place, MODEL, chosen["ModelName"])
        url = url_of(model.form, chosen.get("InstanceType", ""))
        if not url:
            raise InvalidInput(
                f"model {model.name!r} listens nowhere: its container needs TRIMTAB_URL in its environment"
            )
        parse_url(url)
        client = self._connected()
        try:
            request = client.build_request("POST", url, content=asked.body, headers=_headers(asked), timeout=timeout_s)
            answer = await client.send(request, stream=True)
            if answer.status_code >= 400:
                text = (await read_whole(answer)).decode("utf-8", "replace")
                await answer.aclose()
                raise ModelFailed(
                    f"Received error ({answer.status_code}) from {chosen['VariantName']} with message "
                    f'"{text[:_SHOWN]}".'
                )
        except (HTTPError, OSError) as problem:
            raise _unreachable(endpoint, problem) from None
        return config.form, str(chosen["VariantName"]), answer

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _chosen(self, variants: list[dict[str, Any]], changed: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
        if wanted:
            for one in variants:
                if one["VariantName"] == wanted:
                    return one
            raise InvalidInput(f"there is no variant {wanted!r}")
        weights = [
            float((changed.get(one["VariantName"]) or {}).get("DesiredWeight", one.get("InitialVariantWeight", 1.0)))
            for one in variants
        ]
        if sum(weights) <= 0:
            return variants[0]
        return self._draw.choices(variants, weights)[0]

    def _connected(self) -> Client:
        if self._client is None:
            self._client = Client(self.gate, timeout_s=_TIMEOUT_S)
        return self._client


def _headers(asked: Asked) -> dict[str, str]:
    made = {"Content-Type": asked.content_type}
    if asked.accept:
        made["Accept"] = asked.accept
    if asked.attributes:
        made[_ATTRIBUTES] = asked.attributes
    return made


def _type_of(answer: Response) -> str:
    return str(answer.headers.get("content-type", "application/octet-stream"))


def _unreachable(endpoint: str, problem: Exception) -> Unavailable:
    return Unavailable(f"cannot reach the model of {endpoint!r}: {str(problem) or type(problem).__name__}")
