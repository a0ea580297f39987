"""Invocations: an endpoint's variant is chosen, and its model asked where it listens."""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL, url_of
from trimtab.inventory.served.store import ServedStore
from trimtab.notify.address import parse_url, resolve

_TIMEOUT_S = 60.0  # the service's limit of an invocation
_SHOWN = 500
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class ModelFailed(TrimtabError):
    """The model answered with an error."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An invocation."""

    body: bytes
    content_type: str
    accept: str = ""
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's answer, and the variant that gave it."""

    body: bytes
    content_type: str
    variant: str
    attributes: str = ""


def check_url(url: str) -> None:
    """Whether a model may listen there: http(s), no address at which a cloud keeps credentials. Raises InvalidInput."""
    parse_url(url)


@dataclass(slots=True)
class Invoker:
    """Asks models; the connections are kept."""

    served: ServedStore
    _draw: random.Random = field(default_factory=random.Random)
    _client: httpx.AsyncClient | None = None

    async def invoke(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None = None, *,
        timeout_s: float = _TIMEOUT_S,
    ) -> Answered:  # fmt: skip
        """Ask an endpoint. Raises NotFound without it, InvalidInput, ModelFailed, Unavailable."""
        chosen, answer = await self._asked(place, endpoint, asked, variant, timeout_s)
        try:
            body = await answer.aread()
        except httpx.HTTPError as problem:
            raise _unreachable(endpoint, problem) from None
        finally:
            await answer.aclose()
        return Answered(body, _type_of(answer), chosen, answer.headers.get(_ATTRIBUTES, ""))

    async def stream(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None = None
    ) -> tuple[Answered, AsyncGenerator[bytes, None]]:
        """Ask an endpoint whose model streams: the answer without its body, and the body as it comes.

        Raises as `invoke`; a body that breaks off raises Unavailable where it does.
        """
        chosen, answer = await self._asked(place, endpoint, asked, variant)

        async def parts() -> AsyncGenerator[bytes, None]:
            try:
                async for part in answer.aiter_bytes():
                    yield part
            except httpx.HTTPError as problem:
                raise _unreachable(endpoint, problem) from None
            finally:
                await answer.aclose()

        return Answered(b"", _type_of(answer), chosen, answer.headers.get(_ATTRIBUTES, "")), parts()

    async def _asked(
        self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None, timeout_s: float = _TIMEOUT_S
    ) -> tuple[str, httpx.Response]:
        """The variant that was asked, and its answer, whose body is not read yet."""
        found = await self.served.get(place, ENDPOINT, endpoint)
        config = await self.served.get(place, CONFIG, found.form["EndpointConfigName"])
        chosen = self._chosen(config.form["ProductionVariants"], found.state.get("variants") or {}, variant)
        model = await self.served.get(place, MODEL, chosen["ModelName"])
        url = url_of(model.form, chosen.get("InstanceType", ""))
        if not url:
            raise InvalidInput(
                f"model {model.name!r} listens nowhere: its container needs TRIMTAB_URL in its environment"
            )
        target = parse_url(url)
        client = self._connected()
        try:
            await asyncio.to_thread(resolve, target.host, target.port)
            request = client.build_request("POST", url, content=asked.body, headers=_headers(asked), timeout=timeout_s)
            answer = await client.send(request, stream=True)
            if answer.status_code >= 400:
                text = (await answer.aread()).decode("utf-8", "replace")
                await answer.aclose()
                raise ModelFailed(
                    f"Received error ({answer.status_code}) from {chosen['VariantName']} with message "
                    f'"{text[:_SHOWN]}".'
                )
        except (httpx.HTTPError, OSError) as problem:
            raise _unreachable(endpoint, problem) from None
        return str(chosen["VariantName"]), answer

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

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)
        return self._client


def _headers(asked: Asked) -> dict[str, str]:
    made = {"Content-Type": asked.content_type}
    if asked.accept:
        made["Accept"] = asked.accept
    if asked.attributes:
        made[_ATTRIBUTES] = asked.attributes
    return made


def _type_of(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", "application/octet-stream"))


def _unreachable(endpoint: str, problem: Exception) -> Unavailable:
    return Unavailable(f"cannot reach the model of {endpoint!r}: {str(problem) or type(problem).__name__}")
