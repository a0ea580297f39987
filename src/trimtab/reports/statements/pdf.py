"""A statement as a PDF: what each owner is charged, by kind, and of one owner by service; the bill beside it.

It is the same bytes for the same statement: a closed month's PDF can be compared, kept and signed.
"""

import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from trimtab.base.clock import iso
from trimtab.economics.months import in_words, named
from trimtab.economics.statements.model import Kind, MonthState, Reconciled, Statement, StatementLine
from trimtab.reports.statements.money import coins, exact

_INK, _MUTED, _LINE = HexColor("#14181f"), HexColor("#5a6472"), HexColor("#dfe3e8")
_PLAIN, _BOLD = "TrimtabSans", "TrimtabSansBold"
_GREEK, _CYRILLIC = "TrimtabGreek", "TrimtabCyrillic"
_FILES = {
    _PLAIN: "Inter-Regular.ttf",
    _BOLD: "Inter-SemiBold.ttf",
    _GREEK: "Inter-Greek.ttf",
    _CYRILLIC: "Inter-Cyrillic.ttf",
}
_SCRIPT = re.compile("([\u0370-\u03ff]+)|[\u0400-\u04ff]+")
_WIDTH = A4[0] - 36 * mm
_MOST_LINES = 400
"""Lines of one owner that a PDF lists, some ten pages; the CSV has all of them."""


def as_pdf(statement: Statement, rows: Sequence[Reconciled], owner: str | None = None) -> bytes:
    """The statement of one owner, or of everybody with the bill beside it."""
    _fonts()
    out = io.BytesIO()
    title = f"Statement {named(statement.month)}" + (f" · {owner}" if owner is not None else "")
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=title,
        author="trimtab",
        invariant=1,  # no time of making and no random id: the same statement is the same file
    )
    story: list[Any] = [*_head(statement, owner)]
    lines = [line for line in statement.lines if owner is None or line.key.owner == owner]
    for currency in sorted({line.key.currency for line in lines}):
        own = [line for line in lines if line.key.currency == currency]
        if owner is None:
            story += _by_owner(own, currency, statement.owner_category)
            story += _reconciliation([row for row in rows if row.currency == currency], currency)
        else:
            story += _of_owner(own, currency)
    story += _receipts(statement)
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


@cache
def _fonts() -> None:
    """The charts' own fonts: each has one script."""
    folder = resources.files("trimtab.charts") / "fonts"
    for name, file in _FILES.items():
        font = TTFont(name, io.BytesIO((folder / file).read_bytes()))
        font.face.name = name.encode()  # they call themselves alike, and a PDF would show all in the first
        registerFont(font)


def _marked(text: str) -> str:
    """Text as markup, with runs of other scripts in the font that has them."""
    return _SCRIPT.sub(lambda run: f'<font name="{_GREEK if run[1] else _CYRILLIC}">{run[0]}</font>', escape(text))


def _head(statement: Statement, owner: str | None) -> list[Any]:
    who = _marked(owner) if owner is not None else f"every {_marked(statement.owner_category)}"
    state = (
        f"closed {iso(statement.closed_ms)[:10]} by {_marked(statement.closed_by)}"
        if statement.state is MonthState.CLOSED
        else "open: it may still change"
    )
    rules = f"allocation version {statement.rules_version}" if statement.rules_version else "the built-in allocation"
    return [
        Paragraph(f"Statement, {in_words(statement.month)}", _style(16, bold=True, after=2)),
        Paragraph(f"For {who}", _style(11, after=6)),
        Paragraph(f"{state} · {statement.basis.value} cost · {rules}", _style(8.5, muted=True, after=10)),
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
    table = _table(((category.capitalize(), "What for", currency), *body, whole), (0.24, 0.56, 0.2), total=True)
    return [table, Spacer(1, 8 * mm)]


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
    table = _table(
        (("What for", "Service", "Account", "How it came", currency), *body, whole),
        (0.2, 0.26, 0.17, 0.22, 0.15),
        total=True,
    )
    return [table, Spacer(1, 8 * mm)]


def _reconciliation(rows: Sequence[Reconciled], currency: str) -> list[Any]:
    body = [(row.kind.words, exact(row.bill), exact(row.statement), exact(row.difference)) for row in rows]
    table = _table(
        (("The bill beside it", "Bill", "Statement", "Apart"), *body), (0.34, 0.25, 0.25, 0.16), right=(1, 2, 3)
    )
    note = Paragraph(f"{currency}, exact to the last digit that the bill has.", _style(8, muted=True, after=6))
    return [KeepTogether([table, note])]


def _receipts(statement: Statement) -> list[Any]:
    body = [
        (named(month), part.source, str(part.import_id), f"{part.lines:,}")
        for month, held in sorted(statement.receipts.items())
        for part in held
    ]
    if not body:
        return []
    head = ("Month", "Imported from", "Import", "Lines")
    return [KeepTogether([Spacer(1, 4 * mm), _table((head, *body), (0.14, 0.56, 0.14, 0.16), right=(2, 3))])]


def _table(
    rows: Sequence[Sequence[str]], widths: Sequence[float], *, total: bool = False, right: Sequence[int] = ()
) -> Table:
    to_right = set(right) or {len(widths) - 1}
    cells = []
    for at, row in enumerate(rows):
        bold = at == 0 or (total and at == len(rows) - 1)
        cells.append(
            [
                Paragraph(_marked(text), _style(8.5, bold=bold, right=column in to_right))
                for column, text in enumerate(row)
            ]
        )
    table = Table(cells, [share * _WIDTH for share in widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _style(
    size: float, *, bold: bool = False, muted: bool = False, right: bool = False, after: float = 0
) -> ParagraphStyle:
    return ParagraphStyle(
        "s",
        fontName=_BOLD if bold else _PLAIN,
        fontSize=size,
        leading=size * 1.35,
        textColor=_MUTED if muted else _INK,
        spaceAfter=after,
        alignment=TA_RIGHT if right else 0,
        wordWrap="LTR",
        splitLongWords=1,
    )


def _foot(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont(_PLAIN, 8)
    canvas.setFillColor(_MUTED)
    canvas.drawString(18 * mm, 9 * mm, document.title)
    canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, f"Page {canvas.getPageNumber()}")
    canvas.restoreState()
