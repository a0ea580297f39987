"""What commands print: tables for people, JSON for programs, on standard output; remarks go to standard error."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab.base.clock import iso

F = TypeVar("F", bound=Callable[..., Any])

_BARS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 40
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""Adds `--json`; the command gets `as_json`."""


def print_json(value: Any) -> None:
    """One JSON document, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """A table; columns named in `right` are aligned to the right. Cells are plain text, never markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(table)


def console(*, stderr: bool = False) -> Console:
    """The terminal, as wide as it is; a pipe gets lines that are not cut."""
    out = Console(highlight=False, stderr=stderr)
    return out if out.is_terminal else Console(highlight=False, stderr=stderr, width=10_000, no_color=True)


def remark(text: str) -> None:
    """Something for the person, out of the way of the data."""
    click.echo(text, err=True)


def ago(ms: int | None, now_ms: int) -> str:
    """How long ago a time was, in one unit: `12 s`, `5 min`, `3 h`, `8 d`; `never` for none."""
    if not ms:
        return "never"
    seconds = max(0, now_ms - ms) // 1000
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def day(ms: int | None) -> str:
    """A time as ISO 8601, or `–`."""
    return iso(ms) if ms else "–"


def day_of(ms: int) -> str:
    """The day of a time (UTC)."""
    return iso(ms)[:10]


def length_of(seconds: float) -> str:
    """A length of time in one unit: `12 s`, `5.0 min`, `3.2 h`, `8.1 d`."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def number(value: float | None) -> str:
    """A number with at most six significant digits, or `–`."""
    return "–" if value is None else f"{value:.6g}"


def sparkline(values: Sequence[float | None], width: int = _SPARK_WIDTH) -> str:
    """The last `width` values as bars between their least and their greatest; a gap is a space."""
    shown = list(values[-width:])
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round((value - low) / span * top) if span else top // 2] for value in shown
    )
