"""How a walk reads numbers: what a place shows, to which digit, over one range; asked once each."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any, Self

import boto3
import httpx
from click.testing import CliRunner

from trimtab.cli.main import root
from trimtab.client import datasets_wire as wire
from trimtab.client.api import Client
from trimtab.client.datasets import Datasets, question

WHOLE = ""
"""The group of everything."""
RELATIVE = Decimal("1e-9")
_DAY_MS = 86_400_000
_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
_TIMES = {"µs": "0.000001", "ms": "0.001", "s": "1", "min": "60", "h": "3600", "d": "86400"}
_NUMBER = re.compile(r"(?P<sign>[−-]?)(?P<digits>\d[\d,]*(?:\.(?P<after>\d+))?)")

Key = tuple[str, str]
"""A group (a team, a run; `WHOLE`) and a currency, with the basis where it is not the usual one; "" of no money."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number, and how far another may be off that the same place would show alike."""

    value: Decimal
    slack: Decimal = Decimal(0)

    def agrees(self, other: "Shown") -> bool:
        """Whether both may be the same number."""
        return abs(self.value - other.value) <= self.slack + other.slack

    def __str__(self) -> str:
        return f"{self.value:f}" + (f" ±{self.slack:f}" if self.slack else "")


Values = dict[Key, Shown]


@dataclass(frozen=True, slots=True)
class Span:
    """The range `[start, end)` that is walked, both in the past."""

    start: datetime
    end: datetime

    @property
    def whole_days(self) -> bool:
        """Whether it is made of whole days: some places have nothing finer."""
        return not (self.start_ms % _DAY_MS or self.end_ms % _DAY_MS)

    @property
    def start_ms(self) -> int:
        """Its start in ms."""
        return int(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """Its end in ms."""
        return int(self.end.timestamp() * 1000)

    @property
    def texts(self) -> tuple[str, str]:
        """Both as ISO 8601."""
        first, last = (f"{one.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for one in (self.start, self.end))
        return first, last

    @property
    def days(self) -> tuple[str, str]:
        """Both as days."""
        return f"{self.start:%Y-%m-%d}", f"{self.end:%Y-%m-%d}"

    @property
    def page(self) -> dict[str, str]:
        """As pages take it."""
        return dict(zip(("from", "to"), self.texts, strict=True))

    @property
    def rest(self) -> dict[str, str]:
        """As the REST API takes it."""
        return dict(zip(("start", "end"), self.texts, strict=True))

    @property
    def rest_days(self) -> dict[str, str]:
        """As the REST API takes whole days."""
        return dict(zip(("start", "end"), self.days, strict=True))

    @property
    def options(self) -> list[str]:
        """As commands take it."""
        return ["--start", self.texts[0], "--end", self.texts[1]]

    @property
    def day_options(self) -> list[str]:
        """As commands take whole days."""
        return ["--start", self.days[0], "--end", self.days[1]]


@dataclass
class Site:
    """A server that is walked. Each address and command is asked once.

    `runs_alone`: teams that hold GPUs with runs alone, so that what their runs held is what they held. `billed`: the
    machines of the bill, each on it on every day. Both where they are known.
    """

    url: str
    runs_alone: frozenset[str] = frozenset()
    billed: tuple[str, ...] = ()
    _kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Itself: use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120)

    def _once(self, key: tuple[Any, ...], read: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]

    def text(self, path: str, **parameters: str) -> str:
        """A page or file."""

        def read() -> str:
            answer = self._http.get(path, params=parameters)
            assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:300]}"
            return answer.text

        found: str = self._once((path, *sorted(parameters.items())), read)
        return found

    def json(self, path: str, **parameters: str) -> Any:
        """The same, of JSON; numbers are exact."""
        return self._once(
            ("json", path, *sorted(parameters.items())),
            lambda: json.loads(self.text(path, **parameters), parse_float=Decimal),
        )

    def csv(self, path: str, **parameters: str) -> list[dict[str, str]]:
        """The rows of a CSV file."""
        return list(csv.DictReader(io.StringIO(self.text(path, **parameters))))

    def command(self, *words: str) -> Any:
        """What a command prints as JSON."""

        def run() -> Any:
            done = CliRunner().invoke(root, [*words, "--json", "--url", self.url])
            assert 0 == done.exit_code, f"trimtab {' '.join(words)}: {done.output}{done.exception}"
            return json.loads(done.stdout, parse_float=Decimal)

        return self._once(("command", *words), run)

    def dataset(self, source: str, columns: Mapping[str, str], span: Span, *where: str) -> list[dict[str, Any]]:
        """Rows of a source over a range, summed as `columns` say."""

        def read() -> list[dict[str, Any]]:
            with Client(self.url, timeout_s=120) as client:
                calls = Datasets(client)
                self._once(("put", source), lambda: calls.put(f"walk-{source}", _spec(source)))
                start, end = span.texts
                asked = question(columns, where, start=start, end=end, limit=100_000)
                return _named(calls.rows(f"walk-{source}", asked))

        found: list[dict[str, Any]] = self._once(("dataset", source, *columns.items(), span, *where), read)
        return found

    def aws(self, service: str) -> Any:
        """boto3's client of a service."""
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return self._once(
            ("aws", service),
            lambda: boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys),
        )

    def tile(self, path: str, label: str, **parameters: str) -> tuple[str, str]:
        """Number and unit of a page's tile, as people see them."""
        tiles = self._once(
            ("tiles", path, *sorted(parameters.items())), lambda: dict(_tiles(self.text(path, **parameters)))
        )
        assert label in tiles, f"{path} has no tile {label!r}: {sorted(tiles)}"
        number, unit = tiles[label]
        return number, unit

    def table(self, path: str, name: str, **parameters: str) -> list[list[str]]:
        """Rows of a page's table by its id or, in its region, its label; heads are the first."""
        found = self._once(
            ("table", path, name, *sorted(parameters.items())), lambda: _table(self.text(path, **parameters), name)
        )
        assert found, f"{path} has no table {name!r}"
        rows: list[list[str]] = found
        return rows


def _spec(source: str) -> dict[str, Any]:
    return {"title": f"Walk of {source}", "range": "7d", "sources": [{"use": source}]}


def _named(answer: wire.DatasetAnswer) -> list[dict[str, Any]]:
    names = [one.name for one in answer.fields]
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


_TILE = re.compile(
    r'class="tile-label">(?P<label>[^<]*)</span>\s*<span class="tile-value">(?P<value>[^<]*)'
    r'(?:<span class="tile-unit">(?P<unit>[^<]*)</span>)?'
)


def _tiles(page: str) -> Iterable[tuple[str, tuple[str, str]]]:
    for one in _TILE.finditer(page):
        yield unescape(one["label"]), (unescape(one["value"]), unescape(one["unit"] or ""))


class _Cells(HTMLParser):
    """The rows of the first table in it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open, self._done = False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if self._done:
            return
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td") and self.rows:
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("th", "td")
        self._done = self._done or tag == "table"

    def handle_data(self, data: str) -> None:
        if self._open and not self._done:
            self.rows[-1][-1] += data


def _table(page: str, name: str) -> list[list[str]]:
    begin = page.find(f'<table id="{name}"')
    if begin < 0:
        begin = page.find(f'aria-label="{name}"')
    cells = _Cells()
    cells.feed(page[begin:] if begin >= 0 else "")
    return [[" ".join(cell.split()) for cell in row] for row in cells.rows if row]


# -- numbers as places write them


def exact(amount: object) -> Shown:
    """An amount to its last digit."""
    return Shown(Decimal(str(amount)))


def rounded(amount: object, digits: int) -> Shown:
    """An amount that a place rounds to so many digits after the point."""
    return Shown(Decimal(str(amount)), Decimal(1).scaleb(-digits) / 2)


def measured(value: object) -> Shown:
    """A number that is worked out with binary fractions: hours, shares, rates."""
    number = Decimal(str(value))
    return Shown(number, max(abs(number), Decimal("0.001")) * RELATIVE)


def written(text: str) -> Shown | None:
    """A number as a page writes it: `1,234`, `39.3`, `12.1 k`, `41.0 %`; None for a dash."""
    found = _NUMBER.match(text.strip())
    if found is None:
        return None
    unit = text.strip()[found.end() :].strip()
    scale = Decimal("0.01") if unit.startswith("%") else _scale(unit)
    number = Decimal(found["digits"].replace(",", "")) * (-1 if found["sign"] else 1)
    return Shown(number * scale, (Decimal(1).scaleb(-len(found["after"] or "")) / 2 + RELATIVE) * scale)


def _scale(unit: str) -> Decimal:
    prefix = unit[:1]
    return Decimal(_PREFIXES.get(prefix, 1)) if unit in (prefix, f"{prefix}B/s", f"{prefix}/s") else Decimal(1)


def lasting(text: str) -> Shown | None:
    """A length of time as a page writes it: `30 min`, `1.5 h`, in seconds."""
    shown = written(text.partition(" ")[0])
    unit = text.strip().rpartition(" ")[2]
    if shown is None or unit not in _TIMES:
        return shown
    size = Decimal(_TIMES[unit])
    return Shown(shown.value * size, shown.slack * size)


def amounts(text: str, group: str = WHOLE, mark: str = "") -> Values:
    """`243 EUR + 39 USD` by currency; nothing for a dash."""
    found: Values = {}
    for part in text.split(" + "):
        shown, currency = written(part), part.strip().rpartition(" ")[2]
        if shown is not None:
            found[group, currency + mark] = shown
    return found


def added(values: Iterable[tuple[Key, Shown]]) -> Values:
    """The sums by key; what is not known to a digit adds up too."""
    found: Values = {}
    for key, one in values:
        so_far = found.get(key, Shown(Decimal(0)))
        found[key] = Shown(so_far.value + one.value, so_far.slack + one.slack)
    return found


def over_all(values: Values) -> Values:
    """The sums of all groups, by currency."""
    return added(((WHOLE, unit), one) for (_, unit), one in values.items())
