"""A time line as a page shows it: rows, chips of kinds, and its picture."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.viewer_zone import local
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.lanes import Lanes, Mark, draw_lanes
from trimtab.charts.svg import Svg
from trimtab.reports.investigations.kept import Note
from trimtab.reports.investigations.model import Entry, Kind, Level, TimeLine
from trimtab.web.format import duration, instant
from trimtab.web.view import View, link

WORDS = {
    Kind.DEPLOY: "deploys",
    Kind.CHANGE: "changes",
    Kind.SCALING: "scaling",
    Kind.ALARM: "alarms",
    Kind.ANOMALY: "anomalies",
    Kind.LOG: "logs",
    Kind.TRACE: "traces",
    Kind.RUN: "runs",
    Kind.FAULT: "GPU faults",
    Kind.COST: "costs",
}
_WIDE, _NARROW = 1080, 340
_COLORS = {Level.BAD: "var(--bad)", Level.WARN: "var(--warn)", Level.GOOD: "var(--good)", Level.PLAIN: PAGE_INK.slot(1)}


class Row(Struct, frozen=True):
    """An entry with its time in the viewer's zone, and how long before or after the moment it was."""

    entry: Entry
    at: str
    apart: str
    kind: str
    pinned: bool
    after: bool


class Chip(Struct, frozen=True):
    """A kind that can be switched on and off."""

    words: str
    count: int
    on: bool
    href: str


def rows_of(line: TimeLine, notes: Sequence[Note]) -> list[Row]:
    """The rows, in order of time."""
    pinned = {note.entry.key for note in notes if note.entry is not None}
    return [_row(one, line.inquiry.at_ms, one.key in pinned) for one in line.entries]


def _row(one: Entry, at_ms: int, pinned: bool) -> Row:
    apart = one.at_ms - at_ms
    words = f"{duration(abs(apart))} {'after' if apart > 0 else 'before'}" if abs(apart) >= 1000 else "then"
    return Row(one, local(one.at_ms).strftime("%m-%d %H:%M:%S"), words, WORDS[one.kind], pinned, apart >= 0)


def chips_of(view: View, line: TimeLine) -> list[Chip]:
    """One chip a kind that there is any of, or that is switched off."""
    off = [one for one in view.all("off") if one in list(Kind)]
    kept = [pair for pair in view.parameters if pair[0] != "off"]
    chips = []
    for kind in Kind:
        on = kind in line.inquiry.kinds
        if not line.counts.get(kind) and on:
            continue
        left = [*off, kind.value] if on else [one for one in off if one != kind]
        address = link(view.path, [*kept, *(("off", one) for one in dict.fromkeys(left))])
        chips.append(Chip(WORDS[kind], line.counts.get(kind, 0), on, address))
    return chips


def pictures_of(line: TimeLine) -> dict[str, Svg]:
    """The lanes for a wide and a narrow screen."""
    kinds = [kind for kind in Kind if any(one.kind is kind for one in line.entries)]
    inquiry = line.inquiry
    marks = [
        Mark(WORDS[one.kind], one.at_ms, one.end_ms or one.at_ms, _COLORS[one.level], _told(one))
        for one in line.entries
    ]
    label = f"{len(line.entries)} entries by kind over time, around {instant(inquiry.at_ms)}"
    return {
        name: draw_lanes(
            Lanes([WORDS[one] for one in kinds], marks, inquiry.start_ms, inquiry.end_ms, inquiry.at_ms, label, width)
        )
        for name, width in (("wide", _WIDE), ("narrow", _NARROW))
    }


def _told(one: Entry) -> str:
    return f"{local(one.at_ms):%H:%M:%S} {one.title}"


def entry_as_dict(one: Entry) -> dict[str, Any]:
    """An entry as JSON and CSV have it."""
    return {
        "at": one.at_ms,
        "until": one.end_ms,
        "kind": one.kind.value,
        "level": one.level.value,
        "what": one.title,
        "further": one.detail,
        "about": one.about,
        "page": one.href,
        "key": one.key,
    }
