"""A statement as a PDF: what each owner is charged, by kind, and of one owner by service; the bill beside it.

It is the same bytes for the same statement: a closed month's PDF can be compared, kept and signed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, Spacer

from trimtab.base.clock import iso
from trimtab.base.coins import coins, exact
from trimtab.economics.months import in_words, named
from trimtab.economics.statements.model import InvoiceLine, Kind, MonthState, Reconciled, Statement, StatementLine
from trimtab.reports.paper import fonts, marked, printed, style, table

_MOST_LINES = 400
"""Lines of one owner that a PDF lists, some ten pages; the CSV has all of them."""


def as_pdf(statement: Statement, rows: Sequence[Reconciled], owner: str | None = None) -> bytes:
    """The statement of one owner, or of everybody with the bill beside it."""
    fonts()
    title = f"Statement {named(statement.month)}" + (f" · {owner}" if owner is not None else "")
    story: list[Any] = [*_head(statement, owner)]
    lines = [line for line in statement.lines if owner is None or line.key.owner == owner]
    for currency in sorted({line.key.currency for line in lines}):
        own = [line for line in lines if line.key.currency == currency]
        if owner is None:
            story += _by_owner(own, currency, statement.owner_category)
            story += _to_invoice([line for line in statement.to_invoice() if line.currency == currency])
            story += _reconciliation([row for row in rows if row.currency == currency], currency)
        else:
            story += _of_owner(own, currency)
    story += _receipts(statement)
    return printed(story, title)


def _head(statement: Statement, owner: str | None) -> list[Any]:
    who = marked(owner) if owner is not None else f"every {marked(statement.owner_category)}"
    state = (
        f"closed {iso(statement.closed_ms)[:10]} by {marked(statement.closed_by)}"
        if statement.state is MonthState.CLOSED
        else "open: it may still change"
    )
    rules = f"allocation version {statement.rules_version}" if statement.rules_version else "the built-in allocation"
    return [
        Paragraph(f"Statement, {in_words(statement.month)}", style(16, bold=True, after=2)),
        Paragraph(f"For {who}", style(11, after=6)),
        Paragraph(f"{state} · {statement.basis.words} cost · {rules}", style(8.5, muted=True, after=10)),
    ]


def _by_owner(lines: Sequence[StatementLine], currency: str, category: str) -> list[Any]:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in sorted(lines, key=lambda one: (one.key.about, list(Kind).index(one.key.kind))):
        what = f"Corrections of {named(line.key.about)}" if line.key.about else line.key.kind.words
        sums[line.key.owner][what] += line.coins
    totals = {owner: sum(parts.values(), Decimal(0)) for owner, parts in sums.items()}
    body = [
        (owner, _split(sums[owner], currency), coins(totals[owner], currency))
        for owner in sorted(sums, key=lambda one: (-totals[one], one))
    ]
    whole = ("Total", "", coins(sum(totals.values(), Decimal(0)), currency))
    made = table(((category.capitalize(), "What for", currency), *body, whole), (0.24, 0.56, 0.2), total=True)
    return [made, Spacer(1, 8 * mm)]


def _to_invoice(lines: Sequence[InvoiceLine]) -> list[Any]:
    made: list[Any] = []
    for line in lines:
        body = [
            (line.name, coins(line.coins, line.currency)),
            ("Invoice of the month", coins(line.invoice_coins, line.currency)),
        ]
        head = ("From the statement to the invoice", line.currency)
        made += [KeepTogether([table((head, *body), (0.8, 0.2), total=True), Spacer(1, 8 * mm)])]
    return made


def _split(parts: Mapping[str, Decimal], currency: str) -> str:
    return " · ".join(f"{what} {coins(amount, currency)}" for what, amount in parts.items() if amount)


def _of_owner(lines: Sequence[StatementLine], currency: str) -> list[Any]:
    shown = sorted(lines, key=lambda line: (list(Kind).index(line.key.kind), -abs(line.coins), line.key.service))
    listed = [line for line in shown if line.coins][:_MOST_LINES]
    body = [
        (
            line.key.kind.words,
            line.key.service or "–",
            line.key.account or "–",
            "; ".join(
                part for part in (line.key.via, f"corrects {named(line.key.about)}" if line.key.about else "") if part
            ),
            coins(line.coins, currency),
        )
        for line in listed
    ]
    rest = sum((line.coins for line in lines), Decimal(0)) - sum((line.coins for line in listed), Decimal(0))
    if rest or len(listed) < len([line for line in shown if line.coins]):
        body.append(("Further lines", "see the CSV", "", "", coins(rest, currency)))
    whole = ("Total", "", "", "", coins(sum((line.coins for line in lines), Decimal(0)), currency))
    made = table(
        (("What for", "Service", "Account", "How it came", currency), *body, whole),
        (0.2, 0.26, 0.17, 0.22, 0.15),
        total=True,
    )
    return [made, Spacer(1, 8 * mm)]


def _reconciliation(rows: Sequence[Reconciled], currency: str) -> list[Any]:
    body = [(row.kind.words, exact(row.bill), exact(row.statement), exact(row.difference)) for row in rows]
    made = table(
        (("The bill beside it", "Bill", "Statement", "Apart"), *body), (0.34, 0.25, 0.25, 0.16), right=(1, 2, 3)
    )
    note = Paragraph(f"{currency}, exact to the last digit that the bill has.", style(8, muted=True, after=6))
    return [KeepTogether([made, note])]


def _receipts(statement: Statement) -> list[Any]:
    body = [
        (named(month), part.source, str(part.import_id), f"{part.lines:,}")
        for month, held in sorted(statement.receipts.items())
        for part in held
    ]
    if not body:
        return []
    head = ("Month", "Imported from", "Import", "Lines")
    return [KeepTogether([Spacer(1, 4 * mm), table((head, *body), (0.14, 0.56, 0.14, 0.16), right=(2, 3))])]
