"""The ledger's lines in the state database."""

from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.advice.ledger.model import Counterfactual, Entry, EntryState, Grade
from trimtab.base import typed
from trimtab.store.state.database import State
from trimtab.store.state.tables import advice_ledger

_lines = advice_ledger.c


class LedgerStore:
    """Every line; of a piece of advice there is one."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def listed(self, scope: Scope) -> list[Entry]:
        """The lines that `scope` sees, the newest first."""
        query = select(advice_ledger).order_by(_lines.applied_ms.desc(), _lines.accepted_ms.desc())
        if scope.accounts is not None:
            query = query.where(_lines.account.in_(sorted(scope.accounts)))

        def read(connection: Connection) -> list[Entry]:
            found = map(entry_of, connection.execute(query))
            return [one for one in found if _sees(scope, one)]

        return await self._state.read(read)

    async def put(self, entry: Entry) -> None:
        """Add or replace a line."""

        def write(connection: Connection) -> None:
            connection.execute(delete(advice_ledger).where(_lines.finding == entry.finding))
            connection.execute(insert(advice_ledger).values(_row(entry)))

        await self._state.change(write)

    async def drop(self, finding: str) -> None:
        """Take an acceptance back; what was seen applied stays."""
        mine = (_lines.finding == finding) & (_lines.state == EntryState.ACCEPTED.value)
        await self._state.change(lambda connection: connection.execute(delete(advice_ledger).where(mine)))


def _sees(scope: Scope, one: Entry) -> bool:
    if scope.regions is not None and one.region not in {*scope.regions, "", "global"}:
        return False
    return scope.sees({"team": one.owner})


def entry_of(row: Row[Any]) -> Entry:
    """A row of `advice_ledger`."""
    return Entry(
        row.finding,
        row.check_id,
        row.resource,
        row.account,
        row.region,
        row.owner,
        EntryState(row.state),
        row.accepted_ms,
        row.applied_ms,
        row.proof,
        _amount(row.predicted),
        row.predicted_gpu_hours,
        _amount(row.realised),
        _amount(row.realised_total),
        row.currency,
        row.measured_ms,
        typed.decode(row.counterfactual, type=Counterfactual) if row.counterfactual else None,
        Grade(row.grade),
        row.verb,
        row.planned_ms,
        row.billed_as,
    )


def _row(entry: Entry) -> dict[str, Any]:
    found = entry.counterfactual
    return {
        "finding": entry.finding,
        "check_id": entry.check,
        "resource": entry.resource,
        "account": entry.account,
        "region": entry.region,
        "owner": entry.owner,
        "state": entry.state.value,
        "accepted_ms": entry.accepted_ms,
        "applied_ms": entry.applied_ms,
        "proof": entry.proof,
        "predicted": _text(entry.predicted),
        "predicted_gpu_hours": entry.predicted_gpu_hours,
        "realised": _text(entry.realised),
        "realised_total": _text(entry.realised_total),
        "currency": entry.currency,
        "measured_ms": entry.measured_ms,
        "measured_days": found.days_after if found else 0,
        "counterfactual": msgspec.json.encode(found).decode() if found else "",
        "grade": entry.grade.value,
        "verb": entry.verb,
        "planned_ms": entry.planned_ms,
        "billed_as": entry.billed_as,
    }


def _amount(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"
