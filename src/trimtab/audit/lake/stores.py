"""Event data stores: named selections of the records that there are, which Lake queries read by their ids.

A store holds no copy: it is its selectors, its retention and whose account it is.
"""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.audit.tags import AuditTags
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_stores

ENABLED, STOPPED, PENDING = "ENABLED", "STOPPED_INGESTION", "PENDING_DELETION"
MOST = 10
"""Stores of an account in a region that are not about to be deleted, as documented."""
WAITS_MS = 7 * 86_400_000
"""How long a store that is deleted can be restored, as documented."""


class Store(Struct, frozen=True):
    """An event data store. `body` is what it was put with; `gone_ms` is when one that is deleted is forgotten."""

    arn: str
    account: str
    region: str
    name: str
    body: Mapping[str, Any]
    status: str
    created_ms: int
    changed_ms: int
    gone_ms: int | None = None

    @property
    def id(self) -> str:
        """The UUID at the end of its ARN."""
        return self.arn.rpartition("/")[2]


class EventDataStores:
    """Makes, changes and finds event data stores."""

    def __init__(self, state: State, clock: Clock, tags: AuditTags) -> None:
        self._state = state
        self._clock = clock
        self._tags = tags

    async def create(self, account: str, region: str, name: str, body: Mapping[str, Any], *, taking: bool) -> Store:
        """Make a store; `taking` whether it takes records yet. Raises Conflict, LimitExceeded."""
        now_ms = self._clock.now_ms()
        arn = f"arn:{partition_of(region)}:cloudtrail:{region}:{account}:eventdatastore/{new_id()}"
        made = Store(arn, account, region, name, body, ENABLED if taking else STOPPED, now_ms, now_ms)

        def work(connection: Connection) -> None:
            connection.execute(delete(audit_stores).where(audit_stores.c.gone_ms <= now_ms))
            rows = _rows(connection, account, region, now_ms)
            if any(row.name == name and row.status != PENDING for row in rows):
                raise Conflict(f"An event data store with the name {name} already exists")
            if sum(row.status != PENDING for row in rows) >= MOST:
                raise LimitExceeded(
                    f"cannot make another event data store: {MOST} is the most of an account and region"
                )
            row = {"arn": arn, "account": account, "region": region, "name": name, "body": json.dumps(body)}
            times = {"created_ms": now_ms, "changed_ms": now_ms}
            connection.execute(insert(audit_stores).values(**row, status=made.status, **times))

        await self._state.change(work)
        return made

    async def of(self, account: str, region: str) -> list[Store]:
        """The stores of an account in a region, the oldest first."""
        now_ms = self._clock.now_ms()
        rows = await self._state.read(lambda connection: _rows(connection, account, region, now_ms))
        return [_store(row) for row in rows]

    async def get(self, account: str, region: str, name: str) -> Store:
        """A store by its ARN or its id. Raises NotFound."""
        wanted = name.rpartition("/")[2].lower()
        for store in await self.of(account, region):
            if store.id == wanted:
                return store
        raise NotFound(f"Event data store {name} was not found")

    async def put(self, store: Store, members: Mapping[str, Any], *, name: str = "", status: str = "") -> Store:
        """Change members of a store's body (None takes one out), its name or its status. Raises NotFound."""
        now_ms = self._clock.now_ms()
        gone_ms = now_ms + WAITS_MS if status == PENDING else None
        mine = audit_stores.c.arn == store.arn

        def work(connection: Connection) -> Store:
            row = connection.execute(select(audit_stores).where(mine)).first()
            if row is None:
                raise NotFound(f"Event data store {store.arn} was not found")
            kept = _store(row)
            changed = replace(
                kept,
                body={key: value for key, value in {**kept.body, **members}.items() if value is not None},
                name=name or kept.name,
                status=status or kept.status,
                changed_ms=now_ms,
                gone_ms=gone_ms,
            )
            values = {"body": json.dumps(changed.body), "name": changed.name, "status": changed.status}
            connection.execute(update(audit_stores).where(mine).values(**values, changed_ms=now_ms, gone_ms=gone_ms))
            return changed

        return await self._state.change(work)


def _rows(connection: Connection, account: str, region: str, now_ms: int) -> list[Any]:
    """The stores that there are; those whose time has come are none."""
    there = audit_stores.c.gone_ms.is_(None) | (audit_stores.c.gone_ms > now_ms)
    mine = (audit_stores.c.account == account) & (audit_stores.c.region == region) & there
    return list(
        connection.execute(select(audit_stores).where(mine).order_by(audit_stores.c.created_ms, audit_stores.c.arn))
    )


def _store(row: Any) -> Store:
    body = json.loads(row.body)
    return Store(
        row.arn, row.account, row.region, row.name, body, row.status, row.created_ms, row.changed_ms, row.gone_ms
    )
