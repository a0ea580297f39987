"""Connections: how API destinations are signed in to. Secrets go in and never come out again."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import Row, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.egress.address import parse_url
from trimtab.egress.gate import Gate
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_connections, event_destinations
from trimtab.store.state.sealed import seal, unseal
from trimtab.triggers.arns import Place

AUTHORIZED, DEAUTHORIZED = "AUTHORIZED", "DEAUTHORIZED"
SECTIONS = {
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
}
"""The member of AuthParameters that each kind of authorization needs."""
_HTTP = ("HeaderParameters", "QueryStringParameters", "BodyParameters")
_columns = event_connections.c


@dataclass(frozen=True, slots=True)
class SignIn:
    """A connection. `shown` are its parameters without secrets, `secret` the whole of them."""

    arn: str
    place: Place
    name: str
    description: str
    kind: str
    shown: Mapping[str, Any]
    secret: Mapping[str, Any] = field(repr=False)
    state: str
    reason: str
    created_ms: int
    changed_ms: int
    authorized_ms: int | None


class ConnectionStore:
    """The connections."""

    def __init__(self, state: State, clock: Clock, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._gate = gate

    async def create(
        self, place: Place, name: str, kind: str, parameters: Mapping[str, Any], description: str
    ) -> SignIn:
        """Make a connection. Raises Conflict, InvalidInput."""
        self._check(kind, parameters)
        await self._admit(name, parameters)
        now_ms = self._clock.now_ms()

        def write(database: Database) -> SignIn:
            if _row(database, place, name) is not None:
                raise Conflict(f"Connection {name} already exists.")
            arn = place.arn("events", f"connection/{name}/{new_id()}")
            shown = _shown(parameters)
            made = SignIn(
                arn, place, name, description, kind, shown, parameters, AUTHORIZED, "", now_ms, now_ms, now_ms
            )
            database.execute(insert(event_connections).values(_values(database, made)))
            return made

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> SignIn:
        """A connection by name. Raises NotFound."""
        return await self._state.read(lambda database: _one(database, place, name))

    async def by_arn(self, arn: str) -> SignIn:
        """A connection by its ARN. Raises NotFound."""

        def read(database: Database) -> SignIn:
            row = database.execute(select(event_connections).where(_columns.arn == arn)).first()
            if row is None:
                raise NotFound(f"Connection '{arn}' does not exist.")
            return _sign_in(database, row)

        return await self._state.read(read)

    async def listed(self, place: Place, prefix: str = "", state: str | None = None) -> list[SignIn]:
        """The connections of a place, by name."""
        query = select(event_connections).where(_columns.account == place.account, _columns.region == place.region)

        def read(database: Database) -> list[SignIn]:
            rows = database.execute(query.order_by(_columns.name)).all()
            fits = (row for row in rows if row.name.startswith(prefix) and state in (None, row.state))
            return [_sign_in(database, row) for row in fits]

        return await self._state.read(read)

    async def update(
        self,
        place: Place,
        name: str,
        kind: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        description: str | None = None,
        state: str | None = None,
    ) -> SignIn:
        """Change what is given. Raises NotFound, InvalidInput."""
        await self._admit(name, parameters or {})

        def write(database: Database) -> SignIn:
            known = _one(database, place, name)
            now_ms = self._clock.now_ms()
            values: dict[str, Any] = {"changed_ms": now_ms}
            if description is not None:
                values["description"] = description
            if state is not None:
                values["state"] = state
            if kind is not None or parameters is not None:
                whole = _merged(known.secret, parameters or {})
                self._check(kind or known.kind, whole)
                secret = seal(database, _columns.secret, known.arn, json.dumps(whole))
                values |= {"kind": kind or known.kind, "shown": json.dumps(_shown(whole)), "secret": secret}
                values |= {"state": AUTHORIZED, "authorized_ms": now_ms, "reason": ""}
            database.execute(update(event_connections).where(_columns.arn == known.arn).values(values))
            return _one(database, place, name)

        return await self._state.change(write)

    async def deauthorize(self, place: Place, name: str) -> SignIn:
        """Forget the secrets of a connection; what uses it fails until it is updated. Raises NotFound."""

        def write(database: Database) -> SignIn:
            known = _one(database, place, name)
            nothing = seal(database, _columns.secret, known.arn, "{}")
            values = {"state": DEAUTHORIZED, "secret": nothing, "changed_ms": self._clock.now_ms()}
            database.execute(update(event_connections).where(_columns.arn == known.arn).values(values))
            return _one(database, place, name)

        return await self._state.change(write)

    async def delete(self, place: Place, name: str) -> SignIn:
        """Delete a connection. Raises NotFound, Conflict where a destination uses it."""

        def write(database: Database) -> SignIn:
            known = _one(database, place, name)
            used = select(event_destinations.c.name).where(event_destinations.c.connection == known.arn)
            user = database.execute(used).scalar()
            if user is not None:
                raise Conflict(f"cannot delete connection {name}: the API destination {user} uses it")
            database.execute(delete(event_connections).where(_columns.arn == known.arn))
            return known

        return await self._state.change(write)

    async def _admit(self, name: str, parameters: Mapping[str, Any]) -> None:
        endpoint = (parameters.get("OAuthParameters") or {}).get("AuthorizationEndpoint")
        if endpoint:
            await self._gate.admit(str(endpoint), f"connection {name}")

    def _check(self, kind: str, parameters: Mapping[str, Any]) -> None:
        section = SECTIONS.get(kind)
        if section is None or not parameters.get(section):
            raise InvalidInput(f"Authorization type {kind} needs {section or 'a known type'} in AuthParameters")
        if kind == "OAUTH_CLIENT_CREDENTIALS":
            parse_url(parameters[section]["AuthorizationEndpoint"])


def _merged(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the sections that are given in place of what there was; within a section members too."""
    whole = copy.deepcopy(dict(known))
    for name, section in given.items():
        whole[name] = {**whole.get(name, {}), **section} if isinstance(section, Mapping) else section
    return whole


def _shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without what is secret."""
    shown: dict[str, Any] = {}
    if basic := parameters.get("BasicAuthParameters"):
        shown["BasicAuthParameters"] = {"Username": basic["Username"]}
    if key := parameters.get("ApiKeyAuthParameters"):
        shown["ApiKeyAuthParameters"] = {"ApiKeyName": key["ApiKeyName"]}
    if oauth := parameters.get("OAuthParameters"):
        shown["OAuthParameters"] = {
            "ClientParameters": {"ClientID": oauth["ClientParameters"]["ClientID"]},
            "AuthorizationEndpoint": oauth["AuthorizationEndpoint"],
            "HttpMethod": oauth["HttpMethod"],
        }
        if more := oauth.get("OAuthHttpParameters"):
            shown["OAuthParameters"]["OAuthHttpParameters"] = _without_secrets(more)
    if (invocation := parameters.get("InvocationHttpParameters")) is not None:
        shown["InvocationHttpParameters"] = _without_secrets(invocation)
    return shown


def _without_secrets(http: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [
            {key: value for key, value in one.items() if key != "Value" or not one.get("IsValueSecret")}
            for one in http[name]
        ]
        for name in _HTTP
        if name in http
    }


def _row(database: Database, place: Place, name: str) -> Row[Any] | None:
    mine = (_columns.account == place.account) & (_columns.region == place.region) & (_columns.name == name)
    return database.execute(select(event_connections).where(mine)).first()


def _one(database: Database, place: Place, name: str) -> SignIn:
    row = _row(database, place, name)
    if row is None:
        raise NotFound(f"Connection '{name}' does not exist.")
    return _sign_in(database, row)


def _sign_in(database: Database, row: Row[Any]) -> SignIn:
    return SignIn(
        row.arn,
        Place(row.account, row.region),
        row.name,
        row.description,
        row.kind,
        json.loads(row.shown),
        json.loads(unseal(database, _columns.secret, row.arn, row.secret)),
        row.state,
        row.reason,
        row.created_ms,
        row.changed_ms,
        row.authorized_ms,
    )


def _values(database: Database, one: SignIn) -> dict[str, Any]:
    return {
        "arn": one.arn,
        "account": one.place.account,
        "region": one.place.region,
        "name": one.name,
        "description": one.description,
        "kind": one.kind,
        "shown": json.dumps(one.shown),
        "secret": seal(database, _columns.secret, one.arn, json.dumps(one.secret)),
        "state": one.state,
        "reason": one.reason,
        "created_ms": one.created_ms,
        "changed_ms": one.changed_ms,
        "authorized_ms": one.authorized_ms,
    }
