"""Events as the Logs page shows them: a row each, with the service that it is of, and patterns with their search."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.logs.filters.values import document
from trimtab.logs.model import Event
from trimtab.logs.patterns.compare import Pattern, pieces
from trimtab.logs.patterns.rules import SHOWN
from trimtab.logs.patterns.severity import guess, level_of
from trimtab.web.format import moment
from trimtab.web.logs.facets import GROUP, MOST_MEMBERS, columns_of, narrowed, narrowed_to, values_of
from trimtab.web.logs.question import PATTERN
from trimtab.web.view import View

_SHOWN = 1000  # characters of a message in the table; all of them are behind the row
_SERVICES = ("service.name", "service", "app", "application")
"""How attributes and JSON messages name the service that an event is of."""
_HOSTS = ("host.name", "host", "hostname", "node")
_BESIDE_MS = 300_000


class Row(Struct, frozen=True):
    """An event in the table. `fields` are (name, value); `host` is (name, link) where it names one.

    `service` is the service that it is of (else its log group) with the link that narrows to it; `cells` are what it
    says of the fields that are shown as columns.
    """

    event: Event
    at: str
    level: str
    text: str
    fields: Sequence[tuple[str, str]]
    around: str
    service: tuple[str, str]
    cells: Sequence[str] = ()
    host: tuple[str, str] | None = None
    chosen: bool = False


class Found(Struct, frozen=True):
    """A pattern with the search for its lines."""

    pattern: Pattern
    link: str


def rows_of(view: View, events: Sequence[Event], hosts: frozenset[str], chosen: int = 0) -> list[Row]:
    """A row an event; `chosen` is the id of the one that the others are around."""
    columns = [name for name, _ in columns_of(view)]
    return [_row(view, event, hosts, chosen, columns) for event in events]


def found_of(view: View, patterns: Sequence[Pattern]) -> list[Found]:
    """Patterns with links to their events."""
    return [Found(pattern, _search(view, pattern)) for pattern in patterns]


def _escaped(term: str) -> str:
    return re.sub(r'([\\"])', r"\\\1", term)


def _search(view: View, pattern: Pattern) -> str:
    terms = []
    for piece in pieces(pattern.template, SHOWN)[:3]:
        # A template has one blank where its lines may have several.
        terms += [piece] if piece in pattern.example else piece.split()
    text = " ".join(f'"{_escaped(term)}"' for term in terms)
    return view.url(q=text or " ", drop=("as", "tab", "before", "around"), **{"as": PATTERN})


def _row(view: View, event: Event, hosts: frozenset[str], chosen: int, columns: Sequence[str]) -> Row:
    inside = document(event.message)
    level, text = "", event.message
    if inside is not None:
        found = [inside.get(key) for key in ("message", "msg")]
        text = next((one for one in found if isinstance(one, str) and one), event.message)
        level = level_of(str(inside.get("level") or inside.get("severity") or ""))
    fields = [*event.attributes.items(), *_pretty(inside)]
    level = level_of(event.severity) or level or guess(text)
    around = f"{event.group}.{event.time_ms}.{event.id}"
    link = view.url(around=around)
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
    at = moment(event.time_ms)
    values = values_of(event) if columns else {}
    return Row(
        event=event,
        at=at,
        level=level,
        text=shown,
        fields=fields,
        around=link,
        service=_service(view, event, inside or {}),
        cells=[values.get(name, "") for name in columns],
        host=_host(dict(fields), event, hosts),
        chosen=event.id == chosen,
    )


def _service(view: View, event: Event, inside: Mapping[str, object]) -> tuple[str, str]:
    for key in _SERVICES:
        if event.attributes.get(key):
            return event.attributes[key], narrowed_to(view, key, event.attributes[key])
        said = inside.get(key)
        if isinstance(said, str) and said:
            selector = f"$.{key}" if "." not in key else f"$['{key}']"
            return said, narrowed(view, selector, said)
    return event.log_group, narrowed_to(view, GROUP, event.log_group)


def _pretty(inside: Mapping[str, object] | None) -> Iterator[tuple[str, str]]:
    for key, value in list((inside or {}).items())[:MOST_MEMBERS]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield key, text[:_SHOWN]


def _host(fields: Mapping[str, str], event: Event, hosts: frozenset[str]) -> tuple[str, str] | None:
    """The host that an event names, with a link to its metrics at that moment."""
    for name in (*(fields.get(key, "") for key in _HOSTS), event.stream):
        if name in hosts:
            start, end = iso(event.time_ms - _BESIDE_MS), iso(event.time_ms + _BESIDE_MS)
            return name, f"/hosts/{name}?from={start}&to={end}"
    return None
