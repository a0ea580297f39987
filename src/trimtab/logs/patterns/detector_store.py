"""Log anomaly detectors as callers of AWS's API make them: names for groups whose anomalies they list."""

import json
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.logs.patterns.anomalies import LogDetector
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_anomalies import log_anomaly_detectors

_columns = log_anomaly_detectors.c


class LogDetectorStore:
    """Every log anomaly detector, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, account: str, region: str, name: str, groups: Sequence[str], **members: Any) -> LogDetector:
        """Make a detector over log groups (ARNs). Raises Conflict where one watches the same groups."""
        now_ms = self._clock.now_ms()
        made = LogDetector(str(uuid.uuid4()), account, region, name, tuple(groups), now_ms, now_ms, **members)

        def work(connection: Connection) -> LogDetector:
            if any(one.groups == made.groups for one in _listed(connection, account, region)):
                raise Conflict(f"cannot create the detector: another watches {', '.join(groups)}")
            connection.execute(insert(log_anomaly_detectors).values(_row(made)))
            return made

        return await self._state.change(work)

    async def listed(self, account: str, region: str, group: str = "") -> list[LogDetector]:
        """The detectors of an account and region by age, those of a log group (ARN) where it is given."""
        found = await self._state.read(partial(_listed, account=account, region=region))
        return [one for one in found if not group or group in one.groups]

    async def get(self, account: str, region: str, id_: str) -> LogDetector:
        """A detector by id. Raises NotFound."""
        found = next((one for one in await self.listed(account, region) if one.id == id_), None)
        if found is None:
            raise NotFound(f"cannot find the log anomaly detector {id_}")
        return found

    async def change(self, account: str, region: str, id_: str, values: Mapping[str, Any]) -> None:
        """Change members of a detector by the names of LogDetector. Raises NotFound."""
        given = {**values, "modified_ms": self._clock.now_ms()}
        if "paused" in given:
            given["paused"] = int(given["paused"])

        def work(connection: Connection) -> int:
            mine = _mine(account, region, id_)
            return int(connection.execute(update(log_anomaly_detectors).where(mine).values(given)).rowcount)

        if not await self._state.change(work):
            raise NotFound(f"cannot find the log anomaly detector {id_}")

    async def delete(self, account: str, region: str, id_: str) -> None:
        """Delete a detector; anomalies stay. Raises NotFound."""

        def work(connection: Connection) -> int:
            return int(connection.execute(delete(log_anomaly_detectors).where(_mine(account, region, id_))).rowcount)

        if not await self._state.change(work):
            raise NotFound(f"cannot find the log anomaly detector {id_}")


def _mine(account: str, region: str, id_: str) -> Any:
    return and_(_columns.account == account, _columns.region == region, _columns.id == id_)


def _listed(connection: Connection, account: str, region: str) -> list[LogDetector]:
    mine = (_columns.account == account, _columns.region == region)
    rows = connection.execute(select(log_anomaly_detectors).where(*mine).order_by(_columns.created_ms, _columns.id))
    return [
        LogDetector(**{**row, "groups": tuple(json.loads(row["groups"])), "paused": bool(row["paused"])})
        for row in rows.mappings()
    ]


def _row(one: LogDetector) -> dict[str, Any]:
    return {
        "id": one.id,
        "account": one.account,
        "region": one.region,
        "name": one.name,
        "groups": json.dumps(list(one.groups)),
        "created_ms": one.created_ms,
        "modified_ms": one.modified_ms,
        "frequency": one.frequency,
        "filter_pattern": one.filter_pattern,
        "visible_days": one.visible_days,
        "kms_key": one.kms_key,
        "paused": int(one.paused),
    }
