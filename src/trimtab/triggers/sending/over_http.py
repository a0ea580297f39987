"""Targets outside: API destinations with their connection, and webhooks by their URL.

Every request carries `Idempotency-Key` and `X-Trimtab-Delivery`, the delivery's id: the same in every repeat.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER, judge
from trimtab.notify.model import Outcome as HttpOutcome
from trimtab.notify.model import Verdict
from trimtab.notify.transport.http import HttpTransport
from trimtab.triggers.connections import ConnectionStore, SignIn
from trimtab.triggers.destinations import DestinationStore
from trimtab.triggers.model import Delivery, Outcome, Sent
from trimtab.triggers.sending.authorize import Authorizer, Parts, with_query

_OUTCOMES = {
    HttpOutcome.DELIVERED: Outcome.DELIVERED,
    HttpOutcome.RETRY: Outcome.RETRY,
    HttpOutcome.FAILED: Outcome.REFUSED,
}
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")


def sent_of(verdict: Verdict) -> Sent:
    """A verdict over HTTP in this room's words."""
    return Sent(_OUTCOMES[verdict.outcome], verdict.reason, verdict.status, verdict.retry_after_s)


def identified(id_: str) -> dict[str, str]:
    """The headers that every request has: what it is, who sends it, and under which id."""
    return {"Content-Type": "application/json", "User-Agent": AGENT, "Idempotency-Key": id_, DELIVERY_HEADER: id_}


class Webhooks(Struct, frozen=True):
    """Targets that are a URL."""

    http: HttpTransport

    def takes(self, arn: str) -> bool:
        """Whether it is a URL."""
        return arn.startswith(("https://", "http://"))

    async def send(self, delivery: Delivery) -> Sent:
        """POST what is sent."""
        outgoing = Outgoing(delivery.arn, identified(delivery.id), delivery.input.encode())
        return sent_of(await asyncio.to_thread(self.http.send, outgoing))


class ApiDestinations(Struct, frozen=True):
    """Targets that are API destinations."""

    http: HttpTransport
    authorizer: Authorizer
    connections: ConnectionStore
    destinations: DestinationStore

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of an API destination."""
        return arn.startswith("arn:") and ":api-destination/" in arn

    async def send(self, delivery: Delivery) -> Sent:
        """Send with the connection's credentials."""
        destination = await self.destinations.by_arn(delivery.arn)
        connection = await self.connections.by_arn(destination.connection)
        url = _endpoint(destination.endpoint, delivery.form.get("HttpParameters") or {})
        extra = delivery.form.get("HttpParameters") or {}

        def compose(parts: Parts) -> Outgoing:
            headers = {**identified(delivery.id), **(extra.get("HeaderParameters") or {}), **parts.headers}
            query = [*(extra.get("QueryStringParameters") or {}).items(), *parts.query]
            body = b"" if destination.method in _WITHOUT_BODY else _with_members(delivery.input, parts.body)
            return Outgoing(with_query(url, query), headers, body, destination.method)

        return sent_of(await asyncio.to_thread(self._exchange, connection, compose))

    def _exchange(self, connection: SignIn, compose: Any) -> Verdict:
        answer = self.http.ask(compose(self.authorizer.parts(connection)))
        if answer.status == 401 and connection.kind == "OAUTH_CLIENT_CREDENTIALS":
            self.authorizer.forget(connection)
            answer = self.http.ask(compose(self.authorizer.parts(connection)))
        return judge(answer)


def _endpoint(endpoint: str, parameters: Mapping[str, Any]) -> str:
    """The endpoint with each `*` filled by the next path parameter. Raises InvalidInput for too few."""
    values = list(parameters.get("PathParameterValues") or ())
    parts = endpoint.split("*")
    if len(parts) - 1 > len(values):
        raise InvalidInput(
            f"the endpoint {endpoint} has {len(parts) - 1} stars, the target {len(values)} path parameters"
        )
    filled = [part + quote(value, safe="") for part, value in zip(parts, values, strict=False)]
    return "".join([*filled[: len(parts) - 1], parts[-1]])


def _with_members(text: str, members: Mapping[str, str]) -> bytes:
    """The body, with the connection's body parameters among its members where it is an object."""
    if not members:
        return text.encode()
    try:
        body = typed.loads(text)
    except ValueError:
        return text.encode()
    return json.dumps({**body, **members}).encode() if isinstance(body, dict) else text.encode()
