"""What is extracted of datasets, a row for each scope that reads one: which table of the engine, how new, when next."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from trimtab.access.scope import Scope, scope_of_text, scope_text
from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.state.schema.datasets import dataset_extracts

_rows = dataset_extracts.c
_STEP_MS = 60_000  # the time of the last reading is for dropping what nobody reads: to the minute is enough
_MOST_SCOPES = 64
"""Scopes for which one dataset is extracted; further ones read it live."""


class Extract(Struct, frozen=True):
    """An extract. `table` is "" until it is made; `columns` are the fields in the order of its columns."""

    dataset: str
    scope: Scope
    spec_version: int
    table: str
    columns: tuple[str, ...]
    rows: int
    start_ms: int
    end_ms: int
    until_ms: Mapping[str, int | None]
    made_ms: int
    took_ms: int
    problem: str
    asked_ms: int
    next_ms: int | None


class ExtractStore:
    """The extracts of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def asked(self, dataset: str, scope: Scope) -> Extract | None:
        """The extract that a scope reads; from now on there will be one. None where there are too many."""
        now = self._clock.now_ms()

        def work(connection: Connection) -> Extract | None:
            row = connection.execute(select(dataset_extracts).where(_at(dataset, scope))).mappings().first()
            if row is not None:
                if now - row["asked_ms"] > _STEP_MS:
                    connection.execute(update(dataset_extracts).where(_at(dataset, scope)).values(asked_ms=now))
                return _extract(row)
            others = list(connection.execute(select(_rows.scope).where(_rows.dataset == dataset)).scalars())
            if len(others) >= _MOST_SCOPES:
                return None
            one = Extract(dataset, scope, 0, "", (), 0, 0, 0, {}, 0, 0, "", now, now)
            connection.execute(insert(dataset_extracts).values(_values(one)))
            return one

        return await self._state.change(work)

    async def of(self, dataset: str) -> list[Extract]:
        """Every extract of a dataset."""
        return await self._read(_rows.dataset == dataset)

    async def everything(self) -> list[Extract]:
        """Every extract."""
        return await self._read(_rows.dataset.is_not(None))

    async def put(self, one: Extract) -> None:
        """Replace an extract by a newer one: from this commit on it is read."""
        values = _values(one)
        del values["asked_ms"]
        statement = update(dataset_extracts).where(_at(one.dataset, one.scope)).values(values)
        await self._state.change(lambda connection: connection.execute(statement))

    async def due(self, dataset: str, *, besides: Scope | None = None) -> None:
        """Have all extracts of a dataset made anew, but that of a scope for which it was made just now."""
        others = _rows.dataset == dataset
        if besides is not None:
            others &= _rows.scope != key_of(besides)
        statement = update(dataset_extracts).where(others).values(next_ms=self._clock.now_ms())
        await self._state.change(lambda connection: connection.execute(statement))

    async def forget(self, dataset: str, scope: Scope | None = None) -> None:
        """Forget the extracts of a dataset, or that of one scope; their tables go with the next turn."""
        where = _rows.dataset == dataset if scope is None else _at(dataset, scope)
        await self._state.change(lambda connection: connection.execute(delete(dataset_extracts).where(where)))

    async def _read(self, where: ColumnElement[bool]) -> list[Extract]:
        query = select(dataset_extracts).where(where).order_by(_rows.dataset, _rows.scope)
        rows = await self._state.read(lambda connection: list(connection.execute(query).mappings()))
        return [_extract(row) for row in rows]


def key_of(scope: Scope) -> str:
    """A scope in 64 characters: equal for equal ones only."""
    return hashlib.sha256(scope_text(scope).encode()).hexdigest()


def _at(dataset: str, scope: Scope) -> ColumnElement[bool]:
    return (_rows.dataset == dataset) & (_rows.scope == key_of(scope))


def _values(one: Extract) -> dict[str, Any]:
    return {
        "dataset": one.dataset,
        "scope": key_of(one.scope),
        "scope_json": scope_text(one.scope),
        "spec_version": one.spec_version,
        "table_name": one.table,
        "columns": json.dumps(one.columns),
        "row_count": one.rows,
        "start_ms": one.start_ms,
        "end_ms": one.end_ms,
        "until": json.dumps(dict(one.until_ms)),
        "made_ms": one.made_ms,
        "took_ms": one.took_ms,
        "problem": one.problem,
        "asked_ms": one.asked_ms,
        "next_ms": one.next_ms,
    }


def _extract(row: RowMapping) -> Extract:
    return Extract(
        row["dataset"], scope_of_text(row["scope_json"]), row["spec_version"], row["table_name"],
        tuple(json.loads(row["columns"])), row["row_count"], row["start_ms"], row["end_ms"], json.loads(row["until"]),
        row["made_ms"], row["took_ms"], row["problem"], row["asked_ms"], row["next_ms"],
    )  # fmt: skip
