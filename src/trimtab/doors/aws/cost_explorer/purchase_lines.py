"""What Cost Explorer's purchase recommendations share: the bill of the lookback, its lines, and members in text."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.bill import Bill
from trimtab.advice.purchases.model import Ints, Payment, Use, UseLine
from trimtab.advice.purchases.rates import Rates, Share
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.base.clock import to_datetime
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Request

YEARS: Mapping[str, int] = {"ONE_YEAR": 1, "THREE_YEARS": 3}
_DAYS: Mapping[str, int] = {"SEVEN_DAYS": 7, "THIRTY_DAYS": 30, "SIXTY_DAYS": 60}
_FACTS = ("LINKED_ACCOUNT", "REGION", "INSTANCE_TYPE_FAMILY")


class Lookback(Struct, frozen=True):
    """The bill of a lookback: `left` is what of its use is still on demand (nano-dollars)."""

    bill: Bill
    left: Ints
    rates: Rates

    def of_account(self, account: str) -> tuple[tuple[UseLine, ...], Ints]:
        """The lines of one account, and what is left of them."""
        places = [at for at, line in enumerate(self.bill.use.lines) if line.account == account]
        return tuple(self.bill.use.lines[at] for at in places), self.left[places]


def purchases_of(rooms: CostExplorerRooms) -> PurchasesRoom:
    """The room of purchase options. Raises AwsError where this server has none."""
    if rooms.purchases is None:
        raise AwsError("DataUnavailableException", "Data is not available. This server plans no purchases.")
    return rooms.purchases


async def read_lookbacks(rooms: CostExplorerRooms, request: Request, context: CallContext) -> list[Lookback]:
    """The hours that a recommendation looks at, one a currency, the largest first.

    Raises AwsError (DataUnavailableException, ValidationError).
    """
    room = purchases_of(rooms)
    scope = bill_scope(context)
    known = await room.known(scope)
    days = _DAYS[request.get("LookbackPeriodInDays") or "SEVEN_DAYS"]
    try:
        bills = await room.advisor.bills(scope, days, known)
    except NotFound as problem:
        raise AwsError("DataUnavailableException", f"Data is not available. {problem}") from None
    if not bills:
        raise AwsError("DataUnavailableException", "Data is not available. The bill has no use that commitments cover.")
    return [_of_bill(bill, known.shares, request.get("Filter")) for bill in bills]


def _of_bill(bill: Bill, shares: Sequence[Share], wanted: Mapping[str, Any] | None) -> Lookback:
    left = apply(bill.use, bill.held).on_demand
    kept = _kept(bill.use.lines, wanted)
    use = Use(tuple(bill.use.lines[at] for at in kept), bill.use.quantity[kept], bill.use.at_ms, bill.use.currency)
    return Lookback(replace(bill, use=use), left[kept], Rates((*shares, *bill.shares)))


def _kept(lines: Sequence[UseLine], wanted: Mapping[str, Any] | None) -> list[int]:
    """The lines that pass a filter: one dimension, or several under And."""
    parts = (wanted or {}).get("And") or ([wanted] if wanted else [])
    tests: list[tuple[str, tuple[str, ...]]] = []
    for part in parts:
        dimension = part.get("Dimensions") or {}
        if dimension.get("Key") not in _FACTS:
            raise invalid(f"Filter is supported for the dimensions {', '.join(_FACTS)}, alone or under And")
        tests.append((dimension["Key"], tuple(dimension.get("Values") or ())))

    def facts(line: UseLine) -> dict[str, str]:
        return {"LINKED_ACCOUNT": line.account, "REGION": line.region, "INSTANCE_TYPE_FAMILY": line.family}

    return [at for at, line in enumerate(lines) if all(facts(line)[key] in values for key, values in tests)]


def read_payment(request: Request, default: Payment | None = None) -> Payment:
    """The payment option. Raises AwsError for the ones that reservations had once."""
    text = request.get("PaymentOption") or (default.value if default else "")
    try:
        return Payment(text)
    except ValueError:
        raise invalid(f"PaymentOption {text} is not supported: expected {', '.join(Payment)}") from None


def text(value: float | Decimal, digits: int = 10) -> str:
    """A number as the API writes it: plain digits."""
    found = f"{round(Decimal(str(float(value))), digits):f}"
    return found.rstrip("0").rstrip(".") if "." in found else found


def zoned(ms: int) -> str:
    """A time as the API writes it."""
    return f"{to_datetime(ms):%Y-%m-%dT%H:%M:%SZ}"


def hours_of(left: Ints) -> tuple[float, float, float]:
    """Smallest, mean and largest hour, dollars."""
    whole = left.sum(axis=0) / 1e9
    return (float(whole.min()), float(whole.mean()), float(whole.max())) if whole.size else (0.0, 0.0, 0.0)


def accounts_of(lines: Sequence[UseLine]) -> list[str]:
    """The accounts of lines, by number."""
    return sorted({line.account for line in lines})
