"""Statements as the page shows them: owners by kind and by month, one owner's lines, the bill beside it."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.base.coins import coins, exact
from trimtab.base.records import replace
from trimtab.economics.months import in_words, named
from trimtab.economics.rules.model import UNUSED
from trimtab.economics.statements.model import Kind, MonthState, Reconciled, Statement, StatementLine
from trimtab.figures.areas import statements as figures
from trimtab.figures.model import Figure
from trimtab.web.tiles import Tile

GATHERED = frozenset((Kind.DISCOUNT, Kind.CREDIT, Kind.REFUND))
_COLUMNS: tuple[tuple[Figure, frozenset[Kind]], ...] = (
    (figures.USAGE, frozenset((Kind.USAGE,))),
    (figures.COMMITMENTS, frozenset((Kind.COMMITMENT_FEE, Kind.COMMITMENT_DISCOUNT))),
    (figures.UNUSED, frozenset((Kind.UNUSED_COMMITMENT,))),
    (figures.FEES, frozenset((Kind.FEE, Kind.SUPPORT))),
    (figures.CREDITS, GATHERED),
    (figures.ADJUSTMENTS, frozenset((Kind.CORRECTION, Kind.ADJUSTMENT))),
    (figures.TAX, frozenset((Kind.TAX,))),
)


class OwnerRow(Struct, frozen=True):
    """An owner: cells by column ("" where nothing), the total, its share of the whole, and the months before."""

    owner: str
    unowned: bool
    cells: tuple[str, ...]
    total: str
    share: float | None
    trend: tuple[float | None, ...]
    change: str


class InvoiceRow(Struct, frozen=True):
    """The line from a statement to the invoice of its month, and that invoice."""

    name: str
    coins: str
    invoice: str


class CurrencyTable(Struct, frozen=True):
    """One currency's owners."""

    currency: str
    columns: tuple[Figure, ...]
    rows: tuple[OwnerRow, ...]
    totals: tuple[str, ...]
    total: str
    unowned: str
    unowned_share: float | None
    to_invoice: InvoiceRow | None = None


class LineRow(Struct, frozen=True):
    """A line of one owner."""

    kind: str
    service: str
    account: str
    how: str
    exact: str
    charged: str
    lines: int


class BillRow(Struct, frozen=True):
    """A kind of charge on the bill and on the statement."""

    kind: str
    currency: str
    bill: str
    statement: str
    apart: str
    equal: bool


class MonthLink(Struct, frozen=True):
    """A month in the switch at the top."""

    month: str
    words: str
    closed: bool


def by_owner(statement: Statement, default: str, before: Sequence[Statement]) -> list[CurrencyTable]:
    """A table a currency; `before` are the months before, the oldest first."""
    earlier = [_totals(one) for one in before]
    found = []
    for currency in sorted({line.key.currency for line in statement.lines}):
        sums: dict[str, dict[Figure, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for line in statement.lines:
            if line.key.currency == currency:
                sums[line.key.owner][_column(line)] += line.coins
        made = _table(currency, sums, default, earlier)
        lines = [line for line in statement.to_invoice() if line.currency == currency]
        rows = [
            InvoiceRow(line.name, coins(line.coins, currency), coins(line.invoice_coins, currency)) for line in lines
        ]
        found.append(replace(made, to_invoice=next(iter(rows), None)))
    return found


def tiles(tables: Sequence[CurrencyTable], default: str, month: int, *, exact: bool) -> list[Tile]:
    """What is charged and what nobody owns, by currency, and whether the bill says the same."""
    when, found = in_words(month), []
    for table in tables:
        share = table.unowned_share
        part = default if share is None else f"{default} · {share:.1%} of the month"
        found += [
            Tile(figures.TOTAL, table.total, "", when, of=table.currency),
            Tile(figures.UNOWNED, table.unowned, "", part, [], f"/untagged?month={named(month)}", of=table.currency),
        ]
    beside_it = ("0.00 apart", "every kind of charge") if exact else ("changed since", "corrected next month")
    return [*found, Tile(figures.APART, beside_it[0], "", beside_it[1], href="#bill")]


def lines_of(statement: Statement, owner: str) -> dict[str, list[LineRow]]:
    """An owner's lines by currency, the largest of each kind first."""
    found: dict[str, list[LineRow]] = defaultdict(list)
    order = list(Kind)
    own = [line for line in statement.lines if line.key.owner == owner]
    for line in sorted(own, key=lambda one: (one.key.about, order.index(one.key.kind), -abs(one.amount))):
        key = line.key
        how = "; ".join(part for part in (key.via, f"corrects {named(key.about)}" if key.about else "") if part)
        found[key.currency].append(
            LineRow(
                key.kind.words,
                key.service or "–",
                key.account or "–",
                how,
                exact(line.amount),
                coins(line.coins, key.currency),
                line.lines,
            )
        )
    return dict(sorted(found.items()))


def beside(rows: Sequence[Reconciled]) -> list[BillRow]:
    """The bill beside the statement."""
    return [
        BillRow(
            one.kind.words,
            one.currency,
            exact(one.bill),
            exact(one.statement),
            coins(one.difference, one.currency) if not one.difference else exact(one.difference),
            not one.difference,
        )
        for one in rows
    ]


def month_link(month: int, state: MonthState) -> MonthLink:
    """A month of the switch."""
    return MonthLink(named(month), in_words(month), state is MonthState.CLOSED)


def _table(
    currency: str,
    sums: dict[str, dict[Figure, Decimal]],
    default: str,
    earlier: Sequence[dict[tuple[str, str], Decimal]],
) -> CurrencyTable:
    order = [figure for figure, _ in _COLUMNS] + [figures.LATE]
    columns = tuple(one for one in order if any(held.get(one) for held in sums.values()))
    totals = {owner: sum(held.values(), Decimal(0)) for owner, held in sums.items()}
    whole = sum(totals.values(), Decimal(0))
    rows = []
    for owner in sorted(sums, key=lambda name: (name in (default, UNUSED), -totals[name], name)):
        trend = [float(one.get((owner, currency), Decimal(0))) for one in earlier]
        last = earlier[-1].get((owner, currency)) if earlier else None
        rows.append(
            OwnerRow(
                owner,
                owner in (default, UNUSED),
                tuple(coins(sums[owner][one], currency) if sums[owner].get(one) else "" for one in columns),
                coins(totals[owner], currency),
                float(totals[owner] / whole) if whole > 0 and totals[owner] >= 0 else None,
                (*trend, float(totals[owner])),
                _change(totals[owner], last),
            )
        )
    unowned = totals.get(default, Decimal(0))
    return CurrencyTable(
        currency,
        columns,
        tuple(rows),
        tuple(
            coins(sum((held.get(one, Decimal(0)) for held in sums.values()), Decimal(0)), currency) for one in columns
        ),
        coins(whole, currency),
        coins(unowned, currency),
        float(unowned / whole) if whole > 0 else None,
    )


def _column(line: StatementLine) -> Figure:
    if line.key.about:
        return figures.LATE
    return next(figure for figure, kinds in _COLUMNS if line.key.kind in kinds)


def _totals(statement: Statement) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in statement.lines:
        found[line.key.owner, line.key.currency] += line.coins
    return found


def _change(now: Decimal, before: Decimal | None) -> str:
    if not before or before < 0:
        return "new" if before is None and now else ""
    share = (now - before) / before
    return f"{'+' if share >= 0 else '−'}{abs(share):.0%}"
