"""Detectors in the state database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.detectors.model import Detector, Settings, Target, Training
from trimtab.store.state.database import State
from trimtab.store.state.tables import detectors as table

__all__ = ["DetectorStore"]


class DetectorStore:
    """Puts, finds and forgets detectors."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, account: str, region: str, target: Target, settings: Settings) -> Detector:
        """Add a detector, or give an existing one new settings: then it awaits training again."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Detector:
            key = _key(account, region, target.id())
            row = connection.execute(select(table).where(key)).mappings().first()
            if row is None:
                fresh = Detector(account, region, target, settings, created_ms=now_ms)
                connection.execute(insert(table).values(_row(fresh)))
                return fresh
            old = _read(row)
            if old.settings == settings:
                return old
            changed = Detector(account, region, target, settings, old.version + 1, created_ms=old.created_ms)
            connection.execute(update(table).where(key).values(_row(changed)))
            return changed

        return await self._state.change(write)

    async def delete(self, account: str, region: str, detector_id: str) -> None:
        """Forget a detector. Raises NotFound."""
        gone = await self._state.change(
            lambda connection: connection.execute(delete(table).where(_key(account, region, detector_id))).rowcount
        )
        if not gone:
            raise NotFound(f"cannot delete anomaly detector {detector_id}: there is none")

    async def listed(
        self,
        account: str,
        region: str,
        *,
        namespace: str = "",
        name: str = "",
        after: str = "",
        limit: int | None = None,
    ) -> list[Detector]:
        """Detectors of an account and region by id, those after `after`; of one namespace or metric where given."""
        query = select(table).where(table.c.account == account, table.c.region == region, table.c.id > after)
        if namespace:
            query = query.where(table.c.namespace == namespace)
        if name:
            query = query.where(table.c.name == name)
        return await self._rows(query.order_by(table.c.id))

    async def all(self) -> list[Detector]:
        """Every detector of every account."""
        return await self._rows(select(table).order_by(table.c.account, table.c.region, table.c.id))

    async def trained(self, found: Sequence[tuple[Detector, Training]]) -> None:
        """Note what a training came to; a detector whose settings changed meanwhile stays as it is."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            for detector, state in found:
                key = and_(_key(detector.account, detector.region, detector.id), table.c.version == detector.version)
                connection.execute(update(table).where(key).values(state=state.value, trained_ms=now_ms))

        if found:
            await self._state.change(write)

    async def _rows(self, query: Any) -> list[Detector]:
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query).mappings()])


def _key(account: str, region: str, detector_id: str) -> Any:
    return and_(table.c.account == account, table.c.region == region, table.c.id == detector_id)


def _row(detector: Detector) -> dict[str, Any]:
    return {
        "account": detector.account,
        "region": detector.region,
        "id": detector.id,
        "namespace": detector.target.namespace,
        "name": detector.target.name,
        "target": msgspec.json.encode(detector.target).decode(),
        "settings": msgspec.json.encode(detector.settings).decode(),
        "version": detector.version,
        "state": detector.state.value,
        "trained_ms": detector.trained_ms,
        "created_ms": detector.created_ms,
    }


def _read(row: Any) -> Detector:
    return Detector(
        row["account"],
        row["region"],
        typed.decode(row["target"], type=Target),
        typed.decode(row["settings"], type=Settings),
        row["version"],
        Training(row["state"]),
        row["trained_ms"],
        row["created_ms"],
    )
