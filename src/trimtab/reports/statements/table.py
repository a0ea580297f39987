"""A statement as rows of a CSV."""

import csv
import io
from collections.abc import Sequence

from trimtab.economics.months import named
from trimtab.economics.statements.model import Statement
from trimtab.reports.spreadsheets import guarded

COLUMNS = (
    "month",
    "state",
    "basis",
    "owner",
    "charge",
    "service",
    "account",
    "via",
    "corrects",
    "currency",
    "amount",
    "charged",
    "bill_lines",
)
"""`amount` is exact; `charged` is in whole coins of the currency and adds up to the rounded bill. Of everybody's
statement on another basis than the billed one the last line of each currency leads to the invoice."""
TO_INVOICE = "to-invoice"
"""The charge of that line."""


def as_csv(statement: Statement, owner: str | None = None) -> str:
    """The lines of one owner, or of everybody."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(statement, owner))
    return text.getvalue()


def _rows(statement: Statement, owner: str | None) -> Sequence[Sequence[object]]:
    head = (named(statement.month), statement.state.value, statement.basis.value)
    to_invoice = [
        (*head, "", TO_INVOICE, line.name, "", "", "", line.currency, f"{line.amount:f}", f"{line.coins:f}", 0)
        for line in (statement.to_invoice() if owner is None else ())
    ]
    own = [
        (
            *head,
            guarded(line.key.owner),
            line.key.kind.value,
            guarded(line.key.service),
            guarded(line.key.account),
            guarded(line.key.via),
            named(line.key.about) if line.key.about else "",
            line.key.currency,
            f"{line.amount:f}",
            f"{line.coins:f}",
            line.lines,
        )
        for line in statement.lines
        if owner is None or line.key.owner == owner
    ]
    return [*own, *to_invoice]
