"""The closed months: written once, in one transaction, and read back as they were."""

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from trimtab.base.errors import Conflict, NotFound
from trimtab.economics.division import Division, Share
from trimtab.economics.months import named
from trimtab.economics.rules.derive import Derivation
from trimtab.economics.rules.model import Basis
from trimtab.economics.rules.read import read_rules
from trimtab.economics.rules.store import RulesVersion
from trimtab.economics.statements.model import (
    Held,
    Kind,
    LineKey,
    MonthState,
    Receipts,
    Statement,
    StatementLine,
)
from trimtab.store.state.database import State
from trimtab.store.state.tables import statement_lines, statements

_ROWS = 5000  # lines of one INSERT: SQLite allows 32,766 bound values in its default build


class StatementBook:
    """Reads and writes closed months."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def months(self) -> list[int]:
        """The closed months, in order."""
        query = select(statements.c.month).order_by(statements.c.month)
        return [int(month) for month in await self._state.read(lambda c: c.execute(query).scalars().all())]

    async def statement(self, month: int) -> Statement:
        """A closed month's statement. Raises NotFound."""

        def work(connection: Connection) -> tuple[Row[Any] | None, list[Row[Any]]]:
            head = connection.execute(select(statements).where(statements.c.month == month)).one_or_none()
            rows = connection.execute(
                select(statement_lines).where(statement_lines.c.month == month).order_by(statement_lines.c.id)
            )
            return head, list(rows)

        head, rows = await self._state.read(work)
        if head is None:
            raise NotFound(f"cannot find the statement of {named(month)}: it is not closed")
        return Statement(
            month,
            MonthState.CLOSED,
            Basis(head.basis),
            head.owner_category,
            head.rules_version,
            head.document,
            [_line(row) for row in rows],
            _receipts(head.receipts),
            head.closed_ms,
            head.closed_by,
        )

    async def division(self, month: int) -> Division:
        """How a closed month's bill was divided: its rules and the shares of that time. Raises NotFound."""
        query = select(statements.c.document, statements.c.owner_category, statements.c.weights)
        row = await self._state.read(lambda c: c.execute(query.where(statements.c.month == month)).one_or_none())
        if row is None:
            raise NotFound(f"cannot find the rules of {named(month)}: it is not closed")
        weights = json.loads(row.weights)
        return Division(
            Derivation(read_rules(row.document)),
            row.owner_category,
            {(month, currency, source): _shares(found) for currency, source, found in weights["splits"]},
            {(resource, day): _shares(found) for resource, day, found in weights["machines"]},
        )

    async def rules(self, month: int) -> RulesVersion:
        """The rules that a closed month froze. Raises NotFound."""
        query = select(statements.c.document, statements.c.rules_version).where(statements.c.month == month)
        row = await self._state.read(lambda c: c.execute(query).one_or_none())
        if row is None:
            raise NotFound(f"cannot find the rules of {named(month)}: it is not closed")
        return RulesVersion(row.rules_version, row.document, read_rules(row.document))

    async def carried(self, about: int) -> dict[LineKey, Decimal]:
        """What closed statements say of month `about`, its own and every correction, added up by line."""
        own = (statement_lines.c.month == about) & (statement_lines.c.about == 0)
        query = select(statement_lines).where(own | (statement_lines.c.about == about))
        found: dict[LineKey, Decimal] = {}
        for row in await self._state.read(lambda c: list(c.execute(query))):
            key = _key(row, 0)
            found[key] = found.get(key, Decimal(0)) + Decimal(row.amount)
        return found

    async def receipts(self) -> dict[int, tuple[Held, ...]]:
        """What of the bill the closed statements have taken in, by month: the newest of each."""
        query = select(statements.c.receipts).order_by(statements.c.month)
        found: dict[int, tuple[Held, ...]] = {}
        for text in await self._state.read(lambda c: list(c.execute(query).scalars())):
            found.update(_receipts(text))
        return found

    async def freeze(self, statement: Statement, division: Division) -> None:
        """Write a closed month. Raises Conflict where it is closed already."""
        head = {
            "month": statement.month,
            "rules_version": statement.rules_version,
            "document": statement.document,
            "basis": statement.basis.value,
            "owner_category": statement.owner_category,
            "closed_ms": statement.closed_ms,
            "closed_by": statement.closed_by[:128],
            "receipts": _receipts_text(statement.receipts),
            "weights": _weights_text(division, statement.month),
        }
        rows = [_row(statement.month, line) for line in statement.lines]

        def work(connection: Connection) -> None:
            connection.execute(insert(statements).values(head))
            for at in range(0, len(rows), _ROWS):
                connection.execute(insert(statement_lines), rows[at : at + _ROWS])

        try:
            await self._state.change(work)
        except IntegrityError:
            raise Conflict(f"cannot close {named(statement.month)}: it is closed already") from None


def _line(row: Row[Any]) -> StatementLine:
    return StatementLine(_key(row, row.about), Decimal(row.amount), Decimal(row.coins), row.lines)


def _key(row: Row[Any], about: int) -> LineKey:
    return LineKey(row.owner, Kind(row.kind), row.service, row.account, row.via, row.currency, about)


def _row(month: int, line: StatementLine) -> dict[str, object]:
    key = line.key
    return {
        "month": month,
        "about": key.about,
        "owner": key.owner,
        "kind": key.kind.value,
        "service": key.service,
        "account": key.account,
        "via": key.via,
        "currency": key.currency,
        "amount": f"{line.amount:f}",
        "coins": f"{line.coins:f}",
        "lines": line.lines,
    }


def _receipts_text(receipts: Receipts) -> str:
    return json.dumps(
        {
            str(month): [
                [one.source, one.import_id, one.lines, {name: f"{total:f}" for name, total in one.billed.items()}]
                for one in held
            ]
            for month, held in receipts.items()
        }
    )


def _receipts(text: str) -> dict[int, tuple[Held, ...]]:
    return {
        int(month): tuple(
            Held(source, import_id, lines, {name: Decimal(total) for name, total in billed.items()})
            for source, import_id, lines, billed in held
        )
        for month, held in json.loads(text).items()
    }


def _weights_text(division: Division, month: int) -> str:
    splits = [
        [currency, source, _shares_text(shares)]
        for (of, currency, source), shares in division.splits.items()
        if of == month
    ]
    machines = [[resource, day, _shares_text(shares)] for (resource, day), shares in division.machines.items()]
    return json.dumps({"splits": splits, "machines": machines}, separators=(",", ":"))


def _shares_text(shares: Iterable[Share]) -> list[list[str]]:
    return [[share.value, str(share.weight), share.via, *(["own"] if share.own else [])] for share in shares]


def _shares(found: Iterable[list[str]]) -> tuple[Share, ...]:
    return tuple(Share(value, Fraction(weight), via, bool(own)) for value, weight, via, *own in found)
