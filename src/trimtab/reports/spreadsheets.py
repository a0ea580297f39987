"""Cells of CSV files that no spreadsheet runs: names come from whoever sends metrics, tags and bills."""

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")
"""What begins a formula in a spreadsheet."""


def guarded(text: str, *, signed: bool = False) -> str:
    """A text as a cell that is shown and not run; with `signed`, amounts such as `-3.20` stay as they are."""
    harmless = not text.startswith(_ACTIVE) or (signed and text[1:2].isdigit())
    return text if harmless else f"'{text}"
