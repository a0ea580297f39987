"""The credentials of a connection, put on a request: an API key, a user and password, or an OAuth token.

Tokens are kept in memory until shortly before they end; one that a receiver refuses (401) is fetched anew.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import AGENT
from trimtab.notify.transport.http import HttpTransport
from trimtab.triggers.connections import AUTHORIZED, SignIn

_MARGIN_S = 30
"""A token is not used in its last half minute: clocks differ, and a request takes its time."""
_LIFE_S = 300
"""How long a token is used whose server does not say when it ends."""


class Parts(Struct):
    """What is added to a request."""

    headers: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: dict[str, str] = field(default_factory=dict)

    def add(self, http: Mapping[str, Any]) -> None:
        """The header, query and body parameters of a connection or of its token request."""
        self.headers |= dict(_pairs(http.get("HeaderParameters")))
        self.query += _pairs(http.get("QueryStringParameters"))
        self.body |= dict(_pairs(http.get("BodyParameters")))


class Authorizer:
    """Puts credentials on requests."""

    def __init__(self, http: HttpTransport, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._tokens: dict[str, tuple[str, int]] = {}

    def parts(self, connection: SignIn) -> Parts:
        """What a connection adds to a request; may ask for a token (blocking). Raises InvalidInput, Unavailable."""
        if connection.state != AUTHORIZED:
            raise InvalidInput(f"the connection {connection.name} is {connection.state.lower()}")
        secret, parts = connection.secret, Parts()
        parts.add(secret.get("InvocationHttpParameters") or {})
        if connection.kind == "API_KEY":
            key = secret["ApiKeyAuthParameters"]
            parts.headers[key["ApiKeyName"]] = key["ApiKeyValue"]
        elif connection.kind == "BASIC":
            basic = secret["BasicAuthParameters"]
            both = base64.b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()
            parts.headers["Authorization"] = f"Basic {both}"
        else:
            parts.headers["Authorization"] = f"Bearer {self._token(connection)}"
        return parts

    def forget(self, connection: SignIn) -> None:
        """Forget the token of a connection: its receiver refused it."""
        self._tokens.pop(connection.arn, None)

    def _token(self, connection: SignIn) -> str:
        known = self._tokens.get(connection.arn)
        now_ms = self._clock.now_ms()
        if known is not None and known[1] > now_ms and connection.changed_ms <= known[1]:
            return known[0]
        answer = self._http.ask(_token_request(connection.secret["OAuthParameters"]))
        try:
            token = json.loads(answer.body)
            text, life_s = str(token["access_token"]), float(token.get("expires_in", _LIFE_S))
        except (ValueError, KeyError, TypeError):
            raise Unavailable(
                f"cannot get a token for the connection {connection.name}: its server answered {answer.status}"
            ) from None
        self._tokens[connection.arn] = text, now_ms + round(1000 * max(0.0, life_s - _MARGIN_S))
        return text


def _token_request(oauth: Mapping[str, Any]) -> Outgoing:
    parts = Parts()
    parts.add(oauth.get("OAuthHttpParameters") or {})
    client = oauth["ClientParameters"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
        **parts.body,
    }
    url = with_query(oauth["AuthorizationEndpoint"], parts.query)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "User-Agent": AGENT}
    if oauth["HttpMethod"] == "GET":
        return Outgoing(with_query(url, list(form.items())), {**headers, **parts.headers}, b"", "GET")
    return Outgoing(url, {**headers, **parts.headers}, urlencode(form).encode(), oauth["HttpMethod"])


def with_query(url: str, query: Sequence[tuple[str, str]]) -> str:
    """A URL with more query parameters."""
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, quote_via=quote)}"


def _pairs(found: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    return [(one["Key"], one.get("Value", "")) for one in found or ()]
