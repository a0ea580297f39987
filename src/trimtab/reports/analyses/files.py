"""A visual as a file: PNG and SVG as it looks, CSV with every group and all digits."""

import csv
import io
import re

from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.pictures.drawing import LEAST_WIDTH, MOST_WIDTH, png, standalone
from trimtab.reports.analyses.words import csv_of
from trimtab.reports.download import CSV, Download
from trimtab.reports.spreadsheets import guarded

FORMATS = ("png", "svg", "csv")
_USUAL_WIDTH = 960


def file_of(shown: Shown, format_: str, width: str = "", theme: str = "") -> Download:
    """A visual as a file; `width` in pixels, `theme` light or dark. Raises InvalidInput."""
    if format_ not in FORMATS:
        raise InvalidInput(f"cannot write {format_[:20]!r}: expected {', '.join(FORMATS)}", field="format")
    if width and not (width.isdigit() and LEAST_WIDTH <= int(width[:6]) <= MOST_WIDTH):
        raise InvalidInput(
            f"cannot draw {width[:20]!r} wide: expected {LEAST_WIDTH} to {MOST_WIDTH} pixels", field="width"
        )
    if theme not in ("", "light", "dark"):
        raise InvalidInput(f"cannot draw in {theme[:20]!r}: expected light or dark", field="theme")
    name = re.sub(r"[^A-Za-z0-9]+", "-", shown.title).strip("-").lower()[:80] or "visual"
    wide, dark = int(width or _USUAL_WIDTH), theme == "dark"
    if format_ == "png":
        return Download(png(shown, dark=dark, width=wide), "image/png", f"{name}.png")
    if format_ == "svg":
        svg = standalone(shown, dark=dark, width=wide)
        return Download(str(svg).encode(), "image/svg+xml", f"{name}.svg")
    return Download(_csv(shown).encode(), CSV, f"{name}.csv")


def _csv(shown: Shown) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads, rows = csv_of(shown)
    writer.writerow([_safe(one) for one in heads])
    writer.writerows([[_safe(one) for one in row] for row in rows])
    return text.getvalue()


def _safe(cell: object) -> object:
    if cell is None:
        return ""
    return guarded(cell, signed=True) if isinstance(cell, str) else cell
