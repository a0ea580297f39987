"""The state of imports: sources, attempts with their receipts, and what each source holds."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.costs.imports.turn import Turn
from trimtab.costs.model import Held, ImportRecord, ImportState, Receipt
from trimtab.store.state.database import State
from trimtab.store.state.tables import cost_imports, cost_periods, cost_sources


class ImportLedger:
    """Reads and writes the three tables of imports. Blocks: call it in a thread."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def turn(self, folder: Path) -> Turn:
        """The turn to import, of the server whose data is in `folder`."""
        return Turn(self._state, self._clock, folder)

    def begin(self, source: str, location: str, format_: str) -> tuple[int, int]:
        """Note a new import; returns its id and that of its source."""

        def work(connection: Connection) -> tuple[int, int]:
            known = connection.execute(select(cost_sources.c.id).where(cost_sources.c.name == source)).scalar()
            now = self._clock.now_ms()
            if known is None:
                made = connection.execute(
                    insert(cost_sources).values(name=source, format=format_, created_ms=now)
                ).inserted_primary_key
                known = made[0] if made else 0
            row = {
                "source": known,
                "location": location,
                "format": format_,
                "state": ImportState.READING,
                "started_ms": now,
                "rows": 0,
                "months": "[]",
                "receipt": "",
                "problem": "",
            }
            made = connection.execute(insert(cost_imports).values(row)).inserted_primary_key
            return int(made[0] if made else 0), int(known)

        return self._state.change_sync(work)

    def commit(self, import_id: int, receipt: Receipt) -> None:
        """The point of no return: from here on a crash completes the import instead of forgetting it."""
        self._update(
            import_id,
            state=ImportState.COMMITTING,
            format=receipt.format,
            rows=receipt.lines,
            months=json.dumps(receipt.months),
            receipt=_encode(receipt),
        )

    def finish(self, import_id: int, held: Sequence[Held]) -> None:
        """Everything is in place: note what the source holds now."""

        def work(connection: Connection) -> None:
            source = connection.execute(
                select(cost_imports.c.source).where(cost_imports.c.id == import_id)
            ).scalar_one()
            months = [one.month for one in held]
            connection.execute(
                delete(cost_periods).where(cost_periods.c.source == source, cost_periods.c.month.in_(months))
            )
            for one in held:
                connection.execute(
                    insert(cost_periods).values(
                        source=source,
                        month=one.month,
                        import_id=import_id,
                        lines=one.lines,
                        accounts=json.dumps(one.accounts),
                        totals=json.dumps({currency: str(total) for currency, total in one.totals.items()}),
                    )
                )
            connection.execute(
                update(cost_imports)
                .where(cost_imports.c.id == import_id)
                .values(state=ImportState.DONE, ended_ms=self._clock.now_ms())
            )

        self._state.change_sync(work)

    def fail(self, import_id: int, problem: str) -> None:
        """The import left nothing behind; `problem` says why."""
        self._update(import_id, state=ImportState.FAILED, problem=problem, ended_ms=self._clock.now_ms())

    def forget(self, source: str, months: Sequence[int]) -> None:
        """Months of a source that were dropped."""

        def work(connection: Connection) -> None:
            id_ = self._source_id(connection, source)
            connection.execute(
                delete(cost_periods).where(cost_periods.c.source == id_, cost_periods.c.month.in_(months))
            )

        self._state.change_sync(work)

    def source_id(self, source: str) -> int:
        """The id of a source. Raises NotFound."""
        return self._state.read_sync(lambda connection: self._source_id(connection, source))

    def imports(self, limit: int = 100) -> list[ImportRecord]:
        """The newest imports."""
        return self._records(limit=limit)

    def unfinished(self) -> list[ImportRecord]:
        """Imports that a crash left in the middle."""
        return self._records(states=(ImportState.READING, ImportState.COMMITTING))

    def one(self, import_id: int) -> ImportRecord:
        """An import. Raises NotFound."""
        found = self._records(import_id=import_id)
        if not found:
            raise NotFound(f"cannot find import {import_id}; `trimtab costs imports` lists them")
        return found[0]

    def held(self) -> list[Held]:
        """What every source holds, by source and month."""
        query = (
            select(cost_sources.c.name, cost_periods)
            .join(cost_sources, cost_sources.c.id == cost_periods.c.source)
            .order_by(cost_sources.c.name, cost_periods.c.month)
        )
        rows = self._state.read_sync(lambda connection: connection.execute(query).all())
        return [
            Held(
                row.name,
                row.month,
                row.import_id,
                row.lines,
                tuple(json.loads(row.accounts)),
                {currency: Decimal(total) for currency, total in json.loads(row.totals).items()},
            )
            for row in rows
        ]

    def names(self) -> Mapping[int, str]:
        """The names of sources by id, as `Dimension.SOURCE` answers ids."""
        rows = self._state.read_sync(lambda c: c.execute(select(cost_sources.c.id, cost_sources.c.name)).all())
        return {int(row.id): str(row.name) for row in rows}

    def _records(
        self, *, import_id: int | None = None, states: Sequence[ImportState] = (), limit: int = 1000
    ) -> list[ImportRecord]:
        query = select(cost_imports, cost_sources.c.name.label("source_name")).join(
            cost_sources, cost_sources.c.id == cost_imports.c.source
        )
        if import_id is not None:
            query = query.where(cost_imports.c.id == import_id)
        if states:
            query = query.where(cost_imports.c.state.in_(states))
        query = query.order_by(cost_imports.c.id.desc()).limit(limit)
        return [_record(row) for row in self._state.read_sync(lambda connection: connection.execute(query).all())]

    def _update(self, import_id: int, **values: Any) -> None:
        statement = update(cost_imports).where(cost_imports.c.id == import_id).values(values)
        self._state.change_sync(lambda connection: connection.execute(statement))

    def _source_id(self, connection: Connection, source: str) -> int:
        found = connection.execute(select(cost_sources.c.id).where(cost_sources.c.name == source)).scalar()
        if found is None:
            raise NotFound(f"cannot find source {source!r}; `trimtab costs imports` lists them")
        return int(found)


def _encode(receipt: Receipt) -> str:
    return msgspec.json.encode(receipt).decode()


def _record(row: Row[Any]) -> ImportRecord:
    return ImportRecord(
        row.id,
        row.source_name,
        row.location,
        row.format,
        ImportState(row.state),
        row.started_ms,
        row.ended_ms,
        row.rows,
        tuple(json.loads(row.months)),
        typed.decode(row.receipt, type=Receipt) if row.receipt else None,
        row.problem,
    )
