"""A statement as a file to keep or to send: CSV or PDF, of one owner or of all."""

from collections.abc import Sequence

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.economics.months import named
from trimtab.economics.statements.model import Reconciled, Statement
from trimtab.reports.download import CSV, PDF, Download
from trimtab.reports.statements.table import as_csv

FORMATS = ("csv", "pdf")


def statement_file(
    statement: Statement, rows: Sequence[Reconciled], format_: str, owner: str | None = None
) -> Download:
    """The file. Raises InvalidInput for another format, NotFound for an owner that the statement does not name."""
    if format_ not in FORMATS:
        raise InvalidInput(f"cannot export as {format_[:30]!r}: expected one of {', '.join(FORMATS)}", field="format")
    if owner is not None and all(line.key.owner != owner for line in statement.lines):
        raise NotFound(f"cannot export: the statement of {named(statement.month)} has no lines of {owner[:100]!r}")
    name = f"statement-{named(statement.month)}" + (f"-{_safe(owner)}" if owner else "") + f".{format_}"
    if format_ == "pdf":
        from trimtab.reports.statements.pdf import as_pdf  # and reportlab, which takes long to load

        return Download(as_pdf(statement, rows, owner), PDF, name)
    return Download(as_csv(statement, owner).encode(), CSV, name)


def _safe(owner: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in owner)[
        :60
    ]
