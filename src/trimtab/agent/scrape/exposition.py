"""Prometheus's text format 0.0.4 and OpenMetrics 1.0, read strictly: one malformed line fails the whole page.

A page is read again and again, so what comes of the text of a series is remembered: the second time a line costs a
look-up and a float. Sources: prometheus.io, "Exposition formats"; the OpenMetrics specification 1.0.
"""

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from msgspec import Struct, field

from trimtab.agent.scrape.remote_write import Metadata
from trimtab.base.errors import InvalidInput

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]

_LINE = re.compile(
    r"""([a-zA-Z_:][a-zA-Z0-9_:]*[ \t]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?)   # the series
        [ \t]*(?<=[ \t}])(\S+)                                                # its value
        (?:[ \t]+(-?[0-9.]+(?:[eE][+-]?[0-9]+)?))?                            # its time
        [ \t\r]*(?:\#.*)?$                                                      # an exemplar
    """,
    re.VERBOSE,
)
_LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|$)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
_COMMENT = re.compile(r"#[ \t]+(HELP|TYPE|UNIT)[ \t]+(\S+)[ \t]?(.*)")
_TYPES = {"untyped": "unknown"}


class Page(Struct, Generic[T]):
    """A page that was read: for each sample what `remember` made of its series, its value, and its time in ms.

    The time is None where the page gives none. `seen` are the texts of the series, for the next read.
    """

    samples: list[tuple[T, float, int | None]] = field(default_factory=list)
    seen: dict[str, T] = field(default_factory=dict)
    families: dict[str, Metadata] = field(default_factory=dict)


def read(text: str, openmetrics: bool, known: dict[str, T], remember: Callable[[str, Pairs], T]) -> Page[T]:
    """Read a page; `known` is `seen` of the page before. Raises InvalidInput that names the line."""
    page: Page[T] = Page()
    samples, seen = page.samples, page.seen
    per_second = 1000 if openmetrics else 1
    for number, line in enumerate(text.split("\n"), 1):
        head, _, tail = line.rpartition(" ")
        made = known.get(head)
        if made is not None and head not in seen:
            seen[head] = made
            samples.append((made, _number(tail, number), None))
            continue
        if line.startswith("#"):
            _comment(line, page.families)
            if openmetrics and line.rstrip() == "# EOF":
                break
            continue
        if not line or line.isspace():
            continue
        found = _LINE.match(line)
        if found is None:
            raise _malformed(number, line)
        series, value, time = found[1].rstrip(), found[2], found[3]
        if series in seen:
            raise InvalidInput(f"cannot read line {number}: {series[:200]} comes twice")
        made = known.get(series)
        if made is None:
            made = remember(*_series(series, number))
        seen[series] = made
        samples.append((made, _number(value, number), None if time is None else round(float(time) * per_second)))
    return page


def _number(text: str, line: int) -> float:
    try:
        if "_" in text:  # Python reads 1_000; nobody else does
            raise ValueError
        return float(text)
    except ValueError:
        raise InvalidInput(f"cannot read line {line}: got value {text[:50]!r}; expected a number") from None


def _series(text: str, line: int) -> tuple[str, Pairs]:
    name, brace, rest = text.partition("{")
    if not brace:
        return name.strip(), ()
    return name.strip(), tuple(_labels(rest.rstrip()[:-1], line, text))


def _labels(text: str, line: int, series: str) -> Iterator[tuple[str, str]]:
    at, names = 0, set()
    while at < len(text) and text[at:].strip():
        found = _LABEL.match(text, at)
        if found is None or found[1] in names:
            raise _malformed(line, series)
        names.add(found[1])
        value = found[2]
        yield found[1], _ESCAPE.sub(_unescape, value) if "\\" in value else value
        at = found.end()


def _unescape(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[1], found[0])


def _comment(line: str, families: dict[str, Metadata]) -> None:
    found = _COMMENT.match(line)
    if found is None:
        return
    what, family, text = found.groups()
    known = families.get(family) or Metadata(family, "unknown")
    if what == "TYPE":
        kind = text.strip().lower()
        families[family] = Metadata(family, _TYPES.get(kind, kind), known.help, known.unit)
    elif what == "HELP":
        families[family] = Metadata(family, known.type, text, known.unit)
    else:
        families[family] = Metadata(family, known.type, known.help, text.strip())


def _malformed(number: int, line: str) -> InvalidInput:
    return InvalidInput(
        f'cannot read line {number}: got {line[:200]!r}; expected name{{label="value"}} value, as Prometheus writes it'
    )
