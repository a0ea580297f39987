"""An investigation as a report: its notes, what was pinned, who is suspected, and the time line."""

from collections.abc import Sequence

from trimtab.base.clock import iso
from trimtab.reports.investigations.kept import Investigation, Note
from trimtab.reports.investigations.model import Entry, Level, Subject, TimeLine
from trimtab.reports.written.document import Age, Document, Said, Section, Table

TEMPLATE = "investigation"
_TONES = {Level.BAD: "bad", Level.WARN: "bad", Level.GOOD: "good", Level.PLAIN: ""}
_HEADS = ("When, UTC", "Kind", "What", "Further")
_FACTS = 3


def document_of(kept: Investigation, line: TimeLine, now_ms: int) -> Document:
    """The report. It begins with what people pinned; where nobody did, with the worst of what is on the line."""
    pinned = [note for note in kept.notes if note.entry is not None]
    head = [note.entry for note in pinned if note.entry is not None] or _worst(line.entries)
    sections = [
        Section("Notes", [_said(note) for note in kept.notes]),
        Section("Pinned", tables=[_table("Pinned entries", [note.entry for note in pinned if note.entry is not None])]),
        Section("Time line", tables=[_table(f"Everything around {iso(kept.at_ms)}", line.entries)]),
    ]
    return Document(
        TEMPLATE,
        kept.name,
        about_words(kept.subject),
        line.inquiry.start_ms,
        line.inquiry.end_ms,
        now_ms,
        [Said(f"{iso(one.at_ms)}: {one.title}", one.href, _TONES[one.level]) for one in head[:_FACTS]],
        [one for one in sections if one.said or any(table.rows for table in one.tables)],
        [Age(one.name, None, one.why) for one in line.absent],
    )


def about_words(subject: Subject) -> str:
    """What an inquiry is about, in words: `host gpu-1, team vision`."""
    return ", ".join(value if key == "about" else f"{key} {value}" for key, value in subject.pairs) or "everything"


def _said(note: Note) -> Said:
    pinned = f" (on: {note.entry.title})" if note.entry is not None else ""
    return Said(
        f"{iso(note.written_ms)}, {note.author}: {note.text or 'pinned'}{pinned}", note.entry.href if note.entry else ""
    )


def _worst(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (-one.about, -one.weight, one.at_ms))[:_FACTS]


def _table(title: str, entries: Sequence[Entry]) -> Table:
    return Table(title, _HEADS, [(iso(one.at_ms), one.kind.value, one.title, one.detail) for one in entries])
