"""Exports of recommendations as Compute Optimizer makes them: a CSV and its metadata, in a folder or an S3 bucket."""

import asyncio
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.model import Kind
from trimtab.advice.rightsizing.store import Kept, RightsizingStore, Wanted
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import rightsizing_exports as exports

Write = Callable[[str, str, bytes], None]
"""Writes an object of a bucket: bucket, key, content. Blocks; raises TrimtabError."""
QUEUED, COMPLETE, FAILED = "Queued", "Complete", "Failed"


class Export(Struct, frozen=True):
    """A job of an export."""

    id: str
    account: str
    resource_type: str
    bucket: str
    key: str
    metadata_key: str
    status: str
    reason: str
    created_ms: int
    updated_ms: int


class Exports:
    """Export jobs over the state database; each is written as soon as it was asked for."""

    def __init__(self, state: State, clock: Clock, store: RightsizingStore, write: Write) -> None:
        self._state = state
        self._clock = clock
        self._store = store
        self._write = write

    async def start(
        self,
        scope: Scope,
        account: str,
        kind: Kind,
        resource_type: str,
        place: tuple[str, str],
        asked: Mapping[str, Any],
    ) -> Export:
        """Export what `scope` sees of a kind to a bucket under a prefix; the job, over."""
        now_ms, id_ = self._clock.now_ms(), str(new_id())
        bucket, prefix = place
        base = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        stem = f"{base}compute-optimizer/{account}/{resource_type}-{id_}"
        job = Export(
            id_, account, resource_type, bucket, f"{stem}.csv", f"{stem}-metadata.json", QUEUED, "", now_ms, now_ms
        )
        await self._state.change(lambda connection: _put(connection, job, asked))
        wanted = Wanted(kind=kind.value, accounts=tuple(asked.get("accountIds") or ()))
        found = await self._store.listed(scope, wanted)
        status, reason = await asyncio.to_thread(self._files, job, found, asked)
        return await self._state.change(lambda connection: _over(connection, job, status, reason, self._clock.now_ms()))

    async def listed(self, account: str, ids: Sequence[str] = ()) -> list[Export]:
        """The jobs of an account, the newest first."""
        query = select(exports).where(exports.c.account == account).order_by(exports.c.created_ms.desc(), exports.c.id)
        if ids:
            query = query.where(exports.c.id.in_(ids))
        return await self._state.read(lambda connection: [_export(row) for row in connection.execute(query)])

    def _files(self, job: Export, found: Sequence[Kept], asked: Mapping[str, Any]) -> tuple[str, str]:
        names = list(asked.get("fieldsToExport") or FIELDS)
        told = {"resourceType": job.resource_type, "fields": names, "recommendations": len(found)}
        try:
            self._write(job.bucket, job.key, table(found, names))
            self._write(job.bucket, job.metadata_key, json.dumps(told).encode())
        except TrimtabError as problem:
            return FAILED, str(problem)
        return COMPLETE, ""


FIELDS = (
    "AccountId", "InstanceArn", "InstanceName", "CurrentInstanceType", "Finding", "FindingReasonCodes",
    "RecommendationOptionsInstanceType", "RecommendationOptionsPerformanceRisk",
    "RecommendationOptionsEstimatedMonthlySavingsValue", "RecommendationOptionsEstimatedMonthlySavingsCurrency",
    "LookbackPeriodInDays", "LastRefreshTimestamp",
)  # fmt: skip
"""Columns of an export; a name that is asked for and not among these stays empty."""


def table(found: Sequence[Kept], names: Sequence[str]) -> bytes:
    """A CSV with a line a recommendation."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for one in found:
        cells = _cells(one)
        writer.writerow([cells.get(name[:1].upper() + name[1:], "") for name in names])
    return out.getvalue().encode()


def _cells(kept: Kept) -> dict[str, object]:
    told = kept.recommendation
    first = told.advised[0] if told.advised else None
    return {
        "AccountId": told.subject.account,
        "InstanceArn": told.subject.arn,
        "InstanceName": told.subject.name,
        "CurrentInstanceType": told.subject.type,
        "Finding": told.finding.value,
        "FindingReasonCodes": ",".join(told.reasons),
        "RecommendationOptionsInstanceType": first.option.name if first else "",
        "RecommendationOptionsPerformanceRisk": first.risk if first else "",
        "RecommendationOptionsEstimatedMonthlySavingsValue": first.saving if first else "",
        "RecommendationOptionsEstimatedMonthlySavingsCurrency": first.option.currency if first else "",
        "LookbackPeriodInDays": told.days,
        "LastRefreshTimestamp": kept.at_ms,
    }


def _put(connection: Connection, job: Export, asked: Mapping[str, Any]) -> None:
    row = {name: getattr(job, name) for name in Export.__struct_fields__}
    connection.execute(insert(exports).values(**row, form=json.dumps(asked, default=str)))


def _over(connection: Connection, job: Export, status: str, reason: str, now_ms: int) -> Export:
    mine = exports.c.id == job.id
    connection.execute(update(exports).where(mine).values(status=status, reason=reason, updated_ms=now_ms))
    return _export(connection.execute(select(exports).where(mine)).one())


def _export(row: Any) -> Export:
    return Export(*(getattr(row, name) for name in Export.__struct_fields__))
