"""SVG to PNG, with the fonts that trimtab brings: a bare machine has none, and text would be missing."""

from pathlib import Path

import resvg_py

from trimtab.charts.svg import Svg

_FACES = ("Inter-Regular.ttf", "Inter-SemiBold.ttf", "Inter-Greek.ttf", "Inter-Cyrillic.ttf")
_FONTS = Path(__file__).parent / "fonts"
FONT_FILES = tuple(str(_FONTS / name) for name in _FACES)
"""Inter (SIL Open Font License), Latin, Greek and Cyrillic letters, instanced from the pages' own variable font."""
MOST_PIXELS = 4_000_000
"""Larger pictures are refused by callers: CloudWatch's largest is 2000 × 2000."""


def to_png(svg: Svg) -> bytes:
    """The picture at its own size. Raises ValueError for SVG that cannot be drawn, which is a bug of its writer."""
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=str(svg),
            skip_system_fonts=True,
            font_files=list(FONT_FILES),
            font_family="Inter",
            sans_serif_family="Inter",
            font_size=11,
        )
    )
