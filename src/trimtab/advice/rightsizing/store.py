"""What is recommended as of the last run, preferences, enrolment: over the state database."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, insert, select

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.model import Kind, Recommendation, Subject
from trimtab.advice.rightsizing.preferences import Preference
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import rightsizing_enrolment as enrolment
from trimtab.store.state.tables import rightsizing_preferences as preferences
from trimtab.store.state.tables import rightsizing_recommendations as recommendations

_r, _p = recommendations.c, preferences.c
_AT_ONCE = 2000
_DECODE = msgspec.json.Decoder(Recommendation).decode
ACTIVE, INACTIVE = "Active", "Inactive"


class Kept(Struct, frozen=True):
    """A recommendation with its id and when it was made (ms)."""

    id: str
    at_ms: int
    recommendation: Recommendation


class Wanted(Struct, frozen=True):
    """Which recommendations; what is empty asks for nothing."""

    kind: str = ""
    finding: str = ""
    owner: str = ""
    accounts: tuple[str, ...] = ()
    arns: tuple[str, ...] = ()
    text: str = ""
    idle: bool | None = None


def id_of(subject: Subject) -> str:
    """The same for a subject in every run."""
    text = f"{subject.kind}\x1f{subject.path}\x1f{subject.id}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class RightsizingStore:
    """The recommendations and preferences of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def replace(self, kind: Kind, found: Sequence[Recommendation]) -> None:
        """Replace what is recommended for a kind, whole."""
        now_ms = self._clock.now_ms()
        rows = [_row(one, now_ms) for one in {id_of(one.subject): one for one in found}.values()]

        def write(connection: Connection) -> None:
            connection.execute(delete(recommendations).where(_r.kind == kind.value))
            for at in range(0, len(rows), _AT_ONCE):
                connection.execute(insert(recommendations), rows[at : at + _AT_ONCE])

        await self._state.change(write)

    async def listed(self, scope: Scope, wanted: Wanted | None = None, limit: int | None = None) -> list[Kept]:
        """What `scope` sees, the most worth first."""
        asked = wanted or Wanted()
        query = select(recommendations).order_by(_r.worth.desc(), _r.id)
        for column, value in ((_r.kind, asked.kind), (_r.finding, asked.finding), (_r.owner, asked.owner)):
            if value:
                query = query.where(column == value)
        if asked.idle is not None:
            query = query.where(_r.idle == ("True" if asked.idle else "False"))
        if asked.accounts:
            query = query.where(_r.account.in_(asked.accounts))
        if asked.arns:
            query = query.where(_r.arn.in_(asked.arns))
        if scope.accounts is not None:
            query = query.where(_r.account.in_(sorted(scope.accounts)))

        def read(connection: Connection) -> list[Kept]:
            found: list[Kept] = []
            for row in connection.execute(query):
                one = _kept(row)
                if _sees(scope, one.recommendation.subject) and _says(row, asked.text):
                    found.append(one)
                if limit is not None and len(found) == limit:
                    break
            return found

        return await self._state.read(read)

    async def counts(self, scope: Scope) -> dict[tuple[str, str], int]:
        """How many there are by kind and finding."""
        query = select(_r.kind, _r.finding, func.count()).group_by(_r.kind, _r.finding)
        if scope.accounts is not None:
            query = query.where(_r.account.in_(sorted(scope.accounts)))
        if scope.regions is not None or scope.rows:
            found: dict[tuple[str, str], int] = {}
            for one in await self.listed(scope):
                key = (one.recommendation.subject.kind.value, one.recommendation.finding.value)
                found[key] = found.get(key, 0) + 1
            return found

        def read(connection: Connection) -> dict[tuple[str, str], int]:
            return {(kind, finding): number for kind, finding, number in connection.execute(query)}

        return await self._state.read(read)

    async def get(self, scope: Scope, id_: str) -> Kept:
        """A recommendation. Raises NotFound."""

        def read(connection: Connection) -> Kept | None:
            row = connection.execute(select(recommendations).where(_r.id == id_)).first()
            return None if row is None else _kept(row)

        found = await self._state.read(read)
        if found is None or not _sees(scope, found.recommendation.subject):
            raise NotFound(f"no recommendation has the id {id_!r}; see `trimtab advice rightsizing list`")
        return found

    async def enrolled(self, account: str) -> tuple[str, int]:
        """Whether an account takes part, and since when (ms; 0: it never said)."""

        def read(connection: Connection) -> tuple[str, int]:
            row = connection.execute(select(enrolment).where(enrolment.c.account == account)).first()
            return (ACTIVE, 0) if row is None else (row.status, row.changed_ms)

        return await self._state.read(read)

    async def enrol(self, account: str, status: str) -> None:
        """Say whether an account takes part."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            connection.execute(delete(enrolment).where(enrolment.c.account == account))
            connection.execute(insert(enrolment).values(account=account, status=status, changed_ms=now_ms))

        await self._state.change(write)

    async def preferences(self, resource_type: str = "", account: str = "") -> list[Preference]:
        """What was put, by scope."""
        query = select(preferences).order_by(_p.account, _p.resource_type, _p.scope, _p.value)
        if resource_type:
            query = query.where(_p.resource_type == resource_type)
        if account:
            query = query.where(_p.account == account)

        def read(connection: Connection) -> list[Preference]:
            return [
                Preference(row.account, row.resource_type, row.scope, row.value, json.loads(row.body))
                for row in connection.execute(query)
            ]

        return await self._state.read(read)

    async def prefer(self, one: Preference) -> None:
        """Put preferences of a scope: what they name replaces what was said of it, the rest stays."""
        mine = (
            (_p.account == one.account)
            & (_p.resource_type == one.resource_type)
            & (_p.scope == one.scope)
            & (_p.value == one.value)
        )

        def write(connection: Connection) -> None:
            row = connection.execute(select(preferences.c.body).where(mine)).first()
            body: Mapping[str, Any] = {**(json.loads(row.body) if row is not None else {}), **one.body}
            connection.execute(delete(preferences).where(mine))
            connection.execute(
                insert(preferences).values(
                    account=one.account,
                    resource_type=one.resource_type,
                    scope=one.scope,
                    value=one.value,
                    body=json.dumps(body, sort_keys=True),
                    changed_ms=self._clock.now_ms(),
                )
            )

        await self._state.change(write)

    async def forget(self, account: str, resource_type: str, scope: str, value: str, names: Sequence[str]) -> bool:
        """Delete named preferences of a scope; whether there were any."""
        mine = (_p.account == account) & (_p.resource_type == resource_type) & (_p.scope == scope) & (_p.value == value)

        def write(connection: Connection) -> bool:
            row = connection.execute(select(preferences.c.body).where(mine)).first()
            if row is None:
                return False
            left = {name: told for name, told in json.loads(row.body).items() if name not in names}
            connection.execute(delete(preferences).where(mine))
            if left:
                values = {"account": account, "resource_type": resource_type, "scope": scope, "value": value}
                now_ms = self._clock.now_ms()
                connection.execute(insert(preferences).values(**values, body=json.dumps(left), changed_ms=now_ms))
            return True

        return await self._state.change(write)


def _row(one: Recommendation, now_ms: int) -> dict[str, Any]:
    subject, first = one.subject, one.advised[0] if one.advised else None
    saving = one.idle_saving if one.idle else first.saving if first is not None else None
    worth = float(saving) if saving is not None else 0.0
    slim = replace(one, subject=replace(subject, attributes=_slim(subject.attributes)))
    return {
        "id": id_of(subject),
        "kind": subject.kind.value,
        "account": subject.account,
        "region": subject.region,
        "path": subject.path,
        "arn": subject.arn,
        "name": subject.name,
        "owner": subject.owner,
        "finding": one.finding.value,
        "idle": "True" if one.idle else "False",
        "saving": "" if saving is None else f"{saving:f}",
        "worth": abs(worth) if one.finding == "Underprovisioned" else worth,
        "at_ms": now_ms,
        "body": msgspec.json.encode(slim).decode(),
    }


_SHOWN = ("State", "MinSize", "MaxSize", "DesiredCapacity", "launchType", "VolumeType", "Size", "Iops", "Throughput",
          "clusterArn", "Engine", "Architectures", "Runtime", "cpu", "memory", "cores", "gib")  # fmt: skip
"""Attributes that answers need."""


def _slim(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: attributes[name] for name in _SHOWN if name in attributes}


def _kept(row: Row[Any]) -> Kept:
    return Kept(row.id, row.at_ms, _DECODE(row.body))


def _sees(scope: Scope, one: Subject) -> bool:
    if scope.accounts is not None and one.account not in scope.accounts:
        return False
    if scope.regions is not None and one.region not in scope.regions:
        return False
    return scope.sees({"team": one.owner, **one.tags})


def _says(row: Row[Any], text: str) -> bool:
    whole = f"{row.path}\n{row.name}\n{row.owner}\n{row.arn}\n{row.finding}".casefold()
    return all(word in whole for word in text.casefold().split())
