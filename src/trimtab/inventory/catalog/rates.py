"""Own prices and discounts: what was agreed comes before what a list says. Kept in the state table `catalog_rates`."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.store.state.database import State
from trimtab.store.state.tables import catalog_rates

_MOST = Decimal(10) ** 9
EVERY = "*"


class RateStore:
    """Every own rate, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def all(self) -> list[Rate]:
        """Every rate, by subject and then time."""
        return await self._state.read(_all)

    async def put(self, rates: Sequence[Rate]) -> None:
        """Set rates, all or none; one of the same kind, subject and start is replaced. Raises InvalidInput."""
        for one in rates:
            check(one)

        def work(connection: Connection) -> None:
            known = catalog_rates.c
            for one in rates:
                same = (known.kind == one.kind, known.subject == one.subject, known.from_ms == one.from_ms)
                connection.execute(delete(catalog_rates).where(*same))
                row = {
                    "kind": one.kind.value,
                    "subject": one.subject,
                    "unit": one.unit.value,
                    "amount": f"{one.amount:f}",
                    "currency": one.currency,
                    "from_ms": one.from_ms,
                    "to_ms": one.to_ms,
                    "note": one.note,
                    "created_ms": self._clock.now_ms(),
                }
                connection.execute(insert(catalog_rates).values(row))

        await self._state.change(work)

    async def remove(self, id_: int) -> Rate:
        """Remove a rate. Raises NotFound."""

        def work(connection: Connection) -> Rate:
            row = connection.execute(select(catalog_rates).where(catalog_rates.c.id == id_)).one_or_none()
            if row is None:
                raise NotFound(f"no rate has the number {id_}; `trimtab catalog rates` lists them")
            connection.execute(delete(catalog_rates).where(catalog_rates.c.id == id_))
            return _rate(row)

        return await self._state.change(work)


def check(rate: Rate) -> None:
    """Refuse a rate that cannot hold. Raises InvalidInput."""
    if not rate.subject:
        raise InvalidInput("cannot set a rate: it names no subject; try p5.48xlarge, gpu:H100 or *", field="subject")
    if not rate.amount.is_finite() or not 0 <= rate.amount < _MOST:
        raise InvalidInput(
            f"cannot set the rate of {rate.subject}: got {rate.amount}; expected 0 or more", field="amount"
        )
    if rate.kind is RateKind.DISCOUNT and rate.amount > 100:
        raise InvalidInput(
            f"cannot set the discount of {rate.subject}: got {rate.amount} %; expected up to 100", field="amount"
        )
    if rate.kind is RateKind.PRICE and rate.subject == EVERY:
        raise InvalidInput("cannot set a price of *: expected an instance type, gpu:… or queue:…", field="subject")
    if rate.kind is RateKind.PRICE and len(rate.currency) != 3:
        raise InvalidInput(
            f"cannot set the rate of {rate.subject}: got currency {rate.currency!r}; expected ISO 4217 such as USD",
            field="currency",
        )
    if rate.to_ms is not None and rate.to_ms <= rate.from_ms:
        raise InvalidInput(f"cannot set the rate of {rate.subject}: it ends before it begins", field="to")


def amount_of(text: str) -> Decimal:
    """A decimal number. Raises InvalidInput."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InvalidInput(
            f"cannot read amount: got {text!r}; expected a number such as 2.85", field="amount"
        ) from None


def _all(connection: Connection) -> list[Rate]:
    known = catalog_rates.c
    return [_rate(row) for row in connection.execute(select(catalog_rates).order_by(known.subject, known.from_ms))]


def _rate(row: Row[tuple[object, ...]]) -> Rate:
    return Rate(
        RateKind(row.kind),
        row.subject,
        RateUnit(row.unit),
        Decimal(row.amount),
        row.currency,
        row.from_ms,
        row.to_ms,
        row.note,
        row.id,
    )
