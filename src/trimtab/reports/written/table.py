"""A report as CSV: every figure of its tables, one a line, and its sentences."""

import csv
import io

from trimtab.base.clock import iso
from trimtab.reports.spreadsheets import guarded
from trimtab.reports.written.document import Document

_HEADS = ("report", "about", "start", "end", "section", "table", "row", "column", "value")


def as_csv(document: Document) -> str:
    """Rows are named by their first cell; sentences are of the table "said"."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(_HEADS)
    start = (document.template, document.about, iso(document.start_ms), iso(document.end_ms))
    for section in document.sections:
        for at, one in enumerate(section.said, 1):
            write(map(_plain, (*start, section.title, "said", str(at), "sentence", one.text)))
        for table in section.tables:
            for row in table.rows:
                for head, cell in zip(table.heads[1:], row[1:], strict=False):
                    write(map(_plain, (*start, section.title, table.title, row[0], head, cell)))
    return out.getvalue()


def _plain(text: str) -> str:
    return guarded(text, signed=True)
