"""Invocations: an endpoint's variant is chosen, and its model asked where it listens."""

import asyncio
import random
from collections.abc import Mapping
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

    async def invoke(self, place: tuple[str, str], endpoint: str, asked: Asked, variant: str | None = None) -> Answered:
        """Ask an endpoint. Raises NotFound without it, InvalidInput, ModelFailed, Unavailable."""
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
        try:
            await asyncio.to_thread(resolve, target.host, target.port)
            answer = await self._connected().post(url, content=asked.body, headers=_headers(asked))
        except (httpx.HTTPError, OSError) as problem:
            raise Unavailable(
                f"cannot reach the model of {endpoint!r}: {str(problem) or type(problem).__name__}"
            ) from None
        if answer.status_code >= 400:
            raise ModelFailed(
                f"Received error ({answer.status_code}) from {chosen['VariantName']} with message "
                f'"{answer.text[:_SHOWN]}".'
            )
        content_type = answer.headers.get("content-type", "application/octet-stream")
        return Answered(answer.content, content_type, chosen["VariantName"], answer.headers.get(_ATTRIBUTES, ""))

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
