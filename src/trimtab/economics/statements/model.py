"""Words of a statement: named lines of owners that add up to a month's bill, exactly and in whole coins."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.costs.apportion import to_coins
from trimtab.economics.rules.model import Basis


class Kind(StrEnum):
    """What a line of a statement is for, in the order in which statements name them."""

    USAGE = "usage"
    COMMITMENT_FEE = "commitment-fee"
    COMMITMENT_DISCOUNT = "commitment-discount"
    UNUSED_COMMITMENT = "unused-commitment"
    FEE = "fee"
    SUPPORT = "support"
    DISCOUNT = "discount"
    CREDIT = "credit"
    REFUND = "refund"
    CORRECTION = "correction"
    ADJUSTMENT = "adjustment"
    TAX = "tax"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Kind.USAGE: "Usage",
    Kind.COMMITMENT_FEE: "Commitment fees",
    Kind.COMMITMENT_DISCOUNT: "Covered by savings plans",
    Kind.UNUSED_COMMITMENT: "Unused commitments",
    Kind.FEE: "Subscriptions and fees",
    Kind.SUPPORT: "Support",
    Kind.DISCOUNT: "Discounts",
    Kind.CREDIT: "Credits",
    Kind.REFUND: "Refunds",
    Kind.CORRECTION: "Corrections by the provider",
    Kind.ADJUSTMENT: "Other adjustments",
    Kind.TAX: "Tax",
}


class MonthState(StrEnum):
    """Whether a month's statement may still move."""

    OPEN = "open"
    CLOSED = "closed"


class LineKey(Struct, frozen=True):
    """What makes two lines one. `about` is the closed month that a line corrects, 0 for the month's own bill."""

    owner: str
    kind: Kind
    service: str
    account: str
    via: str
    currency: str
    about: int = 0


class StatementLine(Struct, frozen=True):
    """`amount` is exact, `coins` the same in whole coins of the currency; `lines` are those of the bill in it."""

    key: LineKey
    amount: Decimal
    coins: Decimal
    lines: int


class Held(Struct, frozen=True):
    """A part of the bill as it was when it was read: which import of which source, and its own billed totals."""

    source: str
    import_id: int
    lines: int
    billed: Mapping[str, Decimal]


Receipts = Mapping[int, tuple[Held, ...]]
"""By billing month."""
_SPREAD = "Difference between {basis} cost and invoice: upfront fees paid in other months, fees that other months use"
_ELSEWHERE = "corrections of other months, which are on their own invoices"


class InvoiceLine(Struct, frozen=True):
    """What leads from a statement's total in one currency to its month's invoice: exactly, and in whole coins."""

    name: str
    currency: str
    amount: Decimal
    coins: Decimal
    invoice: Decimal
    invoice_coins: Decimal


class Statement(Struct, frozen=True):
    """A month's statement. `rules_version` 0 are the rules that there are without any.

    `receipts` are of the month itself and of every closed month whose corrections it carries.
    """

    month: int
    state: MonthState
    basis: Basis
    owner_category: str
    rules_version: int
    document: str
    lines: Sequence[StatementLine]
    receipts: Receipts = field(default_factory=dict)
    closed_ms: int = 0
    closed_by: str = ""
    unweighed: tuple[str, ...] = ()
    """Split values that nothing could be weighed by, and that stay where they are."""

    def totals(self) -> dict[str, Decimal]:
        """Exact totals by currency, corrections of earlier months included."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            found[line.key.currency] = found.get(line.key.currency, Decimal(0)) + line.amount
        return found

    def to_invoice(self) -> tuple[InvoiceLine, ...]:
        """The line to the invoice, one a currency; on the billed basis only where the total is another.

        Of a closed month it is the invoice that was frozen with it.
        """
        billed: dict[str, Decimal] = {line.key.currency: Decimal(0) for line in self.lines}
        for part in self.receipts.get(self.month, ()):
            for currency, amount in part.billed.items():
                billed[currency] = billed.get(currency, Decimal(0)) + amount
        found = (self._to_invoice(currency, billed[currency]) for currency in sorted(billed))
        return tuple(line for line in found if line.amount or self.basis is not Basis.BILLED)

    def _to_invoice(self, currency: str, invoice: Decimal) -> InvoiceLine:
        own = [line for line in self.lines if line.key.currency == currency]
        exact = sum((line.amount for line in own), Decimal(0))
        charged = sum((line.coins for line in own), Decimal(0))
        [whole] = to_coins([invoice], currency)
        reasons = [] if self.basis is Basis.BILLED else [_SPREAD.format(basis=self.basis.words)]
        reasons += [_ELSEWHERE if reasons else f"Less {_ELSEWHERE}"] if any(line.key.about for line in own) else []
        return InvoiceLine("; ".join(reasons), currency, invoice - exact, whole - charged, invoice, whole)


class Reconciled(Struct, frozen=True):
    """One kind of charge of a month: what the bill's own lines add up to, and what the statement says."""

    currency: str
    kind: Kind
    bill: Decimal
    statement: Decimal

    @property
    def difference(self) -> Decimal:
        """Statement − bill; anything but 0 is a bug."""
        return self.statement - self.bill
