"""The paper that reports and statements are printed on: A4, the charts' own fonts, styles, tables and the foot.

What is printed is the same bytes for the same content: it can be compared, kept and signed.
"""

import io
import re
from collections.abc import Sequence
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
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Table, TableStyle

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
WIDTH = A4[0] - 36 * mm
"""Points between the margins."""
HEIGHT = A4[1] - 32 * mm
"""The same from top to bottom."""


def printed(story: Sequence[Any], title: str) -> bytes:
    """The PDF of a story."""
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        title=title,
        author="trimtab",
        invariant=1,  # no time of making and no random id: the same content is the same file
    )
    # Without padding: words begin where tables do.
    frame = Frame(18 * mm, 16 * mm, WIDTH, HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=_foot)])
    document.build(list(story))
    return out.getvalue()


@cache
def fonts() -> None:
    """Make the charts' own fonts known: each has one script."""
    folder = resources.files("trimtab.charts") / "fonts"
    for name, file in _FILES.items():
        font = TTFont(name, io.BytesIO((folder / file).read_bytes()))
        font.face.name = name.encode()  # they call themselves alike, and a PDF would show all in the first
        registerFont(font)


def marked(text: str) -> str:
    """Text as markup, with runs of other scripts in the font that has them."""
    return _SCRIPT.sub(lambda run: f'<font name="{_GREEK if run[1] else _CYRILLIC}">{run[0]}</font>', escape(text))


def table(
    rows: Sequence[Sequence[str]], widths: Sequence[float], *, total: bool = False, right: Sequence[int] = ()
) -> Table:
    """A table whose columns take `widths` shares of the page; `right` are columns of numbers, by default the last."""
    to_right = set(right) or {len(widths) - 1}
    cells = []
    for at, row in enumerate(rows):
        bold = at == 0 or (total and at == len(rows) - 1)
        cells.append(
            [
                Paragraph(marked(text), style(8.5, bold=bold, right=column in to_right))
                for column, text in enumerate(row)
            ]
        )
    made = Table(cells, [share * WIDTH for share in widths], repeatRows=1, hAlign="LEFT")
    made.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                *(
                    ("LEFTPADDING", (at, 0), (at, -1), 12)
                    for at in range(1, len(widths))
                    if _starts_apart(at, to_right)
                ),
            ]
        )
    )
    return made


def _starts_apart(column: int, to_right: set[int]) -> bool:
    """Words that follow a column of numbers would touch them."""
    return column not in to_right and column - 1 in to_right


def style(
    size: float, *, bold: bool = False, muted: bool = False, right: bool = False, after: float = 0, tied: bool = False
) -> ParagraphStyle:
    """A style of text; `size` and `after` in points; `tied`: on the page of what follows."""
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
        keepWithNext=tied,
    )


def _foot(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont(_PLAIN, 8)
    canvas.setFillColor(_MUTED)
    canvas.drawString(18 * mm, 9 * mm, document.title)
    canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, f"Page {canvas.getPageNumber()}")
    canvas.restoreState()
