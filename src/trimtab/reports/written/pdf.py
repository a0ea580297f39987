"""A report as a PDF."""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Image, KeepInFrame, KeepTogether, Paragraph, Spacer
from reportlab.platypus import Table as Columns

from trimtab.charts.png import to_png
from trimtab.reports.paper import HEIGHT, WIDTH, fonts, marked, printed, style, table
from trimtab.reports.written.document import Bars, Document, Said, Section, Table
from trimtab.reports.written.pictures import WIDTH as PIXELS
from trimtab.reports.written.pictures import drawn, height_of
from trimtab.reports.written.wording import moment, span

_FIRST = 0.3
"""The share of the page that the first column of a table takes, at most."""
_HALF, _HALF_PIXELS = 0.46, 380
"""What a picture beside sentences takes of the page's width, and its own width: its letters stay as large as theirs."""


def as_pdf(document: Document, public_url: str = "") -> bytes:
    """The PDF; links to evidence lead to pages of `public_url`."""
    fonts()
    base = public_url.rstrip("/")
    period = span(document.start_ms, document.end_ms)
    story: list[Any] = [
        Paragraph(marked(document.title), style(18, bold=True, after=2)),
        Paragraph(marked(f"{document.about} · {period}"), style(9, muted=True, after=8)),
        *(
            Paragraph(f"{at}. {_linked(one, base)}", style(11, bold=True, after=4))
            for at, one in enumerate(document.facts, 1)
        ),
        Spacer(1, 4 * mm),
    ]
    for section in document.sections:
        story += _beside(section, base) if document.one_page else _section(section, base)
    told = f"Written {moment(document.made_ms)}. " + " ".join(
        f"{one.what}: {'none' if one.until_ms is None else f'known until {moment(one.until_ms)}'}"
        + (f" ({one.note})." if one.note else ".")
        for one in document.ages
    )
    story.append(Paragraph(marked(told), style(8, muted=True)))
    if document.one_page:  # what is too much for it gets smaller
        story = [KeepInFrame(WIDTH, HEIGHT, story, mode="shrink")]
    return printed(story, f"{document.title} · {document.about} · {period}")


def _section(section: Section, base: str) -> list[Any]:
    title, *said = _said(section, base)
    story: list[Any] = [KeepTogether([title, *said[:1]]), *said[1:]]
    story += [_picture(bars) for bars in section.bars if bars.bars]
    for one in section.tables:
        if one.rows:
            story += _table(one)
    return [*story, Spacer(1, 5 * mm)]


def _said(section: Section, base: str) -> list[Paragraph]:
    title = Paragraph(marked(section.title), style(13, bold=True, after=3))
    return [title, *(Paragraph(_linked(one, base), style(9.5, after=3)) for one in section.said)]


def _beside(section: Section, base: str) -> list[Any]:
    """The same in less room: pictures stand beside sentences."""
    story: list[Any] = _said(section, base)
    pictures = [_picture(bars, _HALF_PIXELS, _HALF * WIDTH) for bars in section.bars if bars.bars]
    if pictures:
        made = Columns([[story, pictures]], [(1 - _HALF) * WIDTH, _HALF * WIDTH], hAlign="LEFT")
        made.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0),
                       ("RIGHTPADDING", (1, 0), (1, 0), 0), ("TOPPADDING", (0, 0), (-1, -1), 0)])  # fmt: skip
        story = [made]
    for one in section.tables:
        if one.rows:
            story += _table(one)
    return [*story, Spacer(1, 3 * mm)]


def _linked(said: Said, base: str) -> str:
    words = marked(said.text.replace(" %", "\u00a0%"))
    return (
        f'{words} <a href="{marked(base + said.href)}" color="#0b5fd3"><font size="8">Evidence</font></a>'
        if base and said.href
        else words
    )


def _picture(bars: Bars, pixels: int = PIXELS, width: float = WIDTH) -> Image:
    png = to_png(drawn(bars, width=pixels))
    return Image(io.BytesIO(png), width=width, height=width * height_of(bars) / pixels)


def _table(one: Table) -> list[Any]:
    columns = len(one.heads)
    first = max(_FIRST, 1 / columns) if columns > 1 else 1.0
    widths: Sequence[float] = (first, *([(1 - first) / (columns - 1)] * (columns - 1))) if columns > 1 else (1.0,)
    caption = Paragraph(marked(one.title), style(8.5, muted=True, after=1, tied=True))
    made = table((tuple(one.heads), *one.rows), widths, total=one.total, right=one.right)
    return [caption, made, Spacer(1, 3 * mm)]
