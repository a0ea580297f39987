"""The costs room over an engine and a state database of its own, for the evaluations of bills, and what a bill says by
itself: its rows as text, read with Python's csv module and summed in Decimal, which the product's answers must equal.
"""

import csv
import gzip
import io
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from trimtab.base.clock import SystemClock
from trimtab.costs.model import CostRow
from trimtab.costs.room import CostsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate

NOTHING = frozenset(("", "NULL", "null", "None", "nan", "NaN"))
"""How the files write "no value"."""
FACT_WITHIN = Decimal("0.000001")
"""How far a published sum (made in floats) may be from ours."""
_QUANTUM = Decimal("0.000000000001")
_STRIPPED = str.maketrans("", "", "$€£¥,+ ")
_TIMES = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%z", "%m/%d/%y", "%m/%d/%Y", "%Y-%m-%d")

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Row = Mapping[str, str]
Sums = dict[tuple[str, ...], tuple[Decimal, ...]]


@dataclass(frozen=True)
class Stores:
    """A room over empty stores, and those."""

    room: CostsRoom
    telemetry: Telemetry
    state: State


@contextmanager
def bill_room() -> Iterator[CostsRoom]:
    """An empty room."""
    with bill_stores() as stores:
        yield stores.room


@contextmanager
def bill_stores() -> Iterator[Stores]:
    """An empty room with its stores."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        at = Path(directory)
        owner = subprocess.Popen(
            [sys.executable, "-m", "trimtab.store.telemetry.owner", str(at / "engine"), "1400"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdout.readline()  # "ready"
        telemetry = Telemetry(lambda: embedded_endpoint(at / "engine"))
        state = State.open("", at)
        try:
            migrate(telemetry)
            yield Stores(CostsRoom.of(telemetry, state, SystemClock(), at, embedded=True), telemetry, state)
        finally:
            telemetry.close()
            state.close()
            owner.stdin.close()
            owner.wait(30)


def rows_of(path: Path, known: Iterable[str] = ()) -> list[dict[str, str]]:
    """The rows of a CSV, packed or not; blank ones are left out, and "no value" is empty.

    Columns called one of `known` but for case (the specification's tables have some) are given that name.
    """
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    names = {name.lower(): name for name in known}
    found = csv.DictReader(io.StringIO(text))
    cleaned = (
        {names.get(key.strip().lower(), key.strip()): _cleaned(value) for key, value in row.items() if key}
        for row in found
    )
    return [row for row in cleaned if any(row.values())]


def _cleaned(value: str | None) -> str:
    stripped = (value or "").strip()
    return "" if stripped in NOTHING else stripped


def amount(text: str) -> Decimal:
    """An amount as it is written: `1.5`, `$50,000.00`, `(3.2)`; nothing is 0."""
    plain = text.translate(_STRIPPED)
    if not plain:
        return Decimal(0)
    return -Decimal(plain.strip("()")) if plain.startswith("(") else Decimal(plain)


def stored(value: Decimal) -> Decimal:
    """What the product keeps of an amount: 12 digits, rounded half away from zero."""
    return value.quantize(_QUANTUM, ROUND_HALF_UP)


def day(text: str) -> str:
    """The day of a time as the files write it, YYYY-MM-DD."""
    for format_ in _TIMES:
        try:
            return f"{datetime.strptime(text, format_):%Y-%m-%d}"  # noqa: DTZ007 - they are UTC, and only the day counts
        except ValueError:
            continue
    if _ISO_DAY.match(text):  # the specification has an hour 30
        return text[:10]
    raise ValueError(f"cannot read the time {text!r}")


def summed(
    rows: Iterable[Row], keys: Callable[[Row], tuple[str, ...]], amounts: Callable[[Row], Sequence[Decimal]]
) -> Sums:
    """The rows' amounts by their keys, each rounded as the product rounds it; the number of rows comes last."""
    found: dict[tuple[str, ...], list[Decimal]] = {}
    for row in rows:
        values = [*(stored(value) for value in amounts(row)), Decimal(1)]
        held = found.setdefault(keys(row), [Decimal(0)] * len(values))
        for at, value in enumerate(values):
            held[at] += value
    return {key: tuple(held) for key, held in found.items()}


def answered(rows: Iterable[CostRow], *, dated: bool = False) -> Sums:
    """The product's answer in the same shape; `dated` puts the day before the keys."""
    found: Sums = {}
    for row in rows:
        when = (f"{datetime.fromtimestamp(row.start_ms / 1000, UTC):%Y-%m-%d}",) if dated else ()
        found[*when, *row.keys] = (*row.amounts, Decimal(row.lines))
    return found


def wrong_rows(expected: Sums, got: Sums, say: Callable[[str], None] = print) -> int:
    """How many rows are in groups that differ."""
    wrong = 0
    for key in sorted({*expected, *got}):
        wanted, found = expected.get(key), got.get(key)
        if wanted != found:
            wrong += int(max((wanted or (Decimal(0),))[-1], (found or (Decimal(0),))[-1]))
            say(f"{key}: expected {wanted}, got {found}")
    return wrong


def wrong_facts(facts: Mapping[str, object], got: Mapping[str, object], say: Callable[[str], None] = print) -> int:
    """How many published facts (those that `got` has too) are further away than floats and their rounding explain.

    Facts are rounded to as many digits as the longest of them has: half of the last digit is theirs, not ours.
    """
    wrong = 0
    digits = max((-Decimal(number).as_tuple().exponent for number in _numbers(facts)), default=0)  # type: ignore[operator] # they are finite
    within = max(FACT_WITHIN, Decimal(5).scaleb(-digits - 1))
    for name in sorted({*facts} & {*got}):
        wanted, found = facts[name], got[name]
        pairs = [(name, wanted, found)]
        if isinstance(wanted, Mapping) and isinstance(found, Mapping):
            pairs = [(f"{name} of {key}", value, found.get(key, 0)) for key, value in wanted.items()]
        for label, one, other in pairs:
            if abs(Decimal(str(one)) - Decimal(str(other))) > within:
                wrong += 1
                say(f"fact {label}: expected {one}, got {other}")
    return wrong


def _numbers(facts: object) -> Iterator[str]:
    if isinstance(facts, Mapping):
        for value in facts.values():
            yield from _numbers(value)
    elif isinstance(facts, float):
        yield str(facts)


def total(groups: Sums, at: int, by: int) -> dict[str, Decimal]:
    """One amount of `groups` by one part of their keys."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for key, amounts in groups.items():
        found[key[by]] += amounts[at]
    return dict(found)
