"""Series descriptions of scripts: `name{label="x"} 1 2+3x4 _ stale {{count:5 sum:1 buckets:[2 3]}}x2`.

Source: Prometheus documentation, "Unit testing for rules" (series), and promql/promqltest/README.md.
"""

import math
import re
import struct
from collections.abc import Callable

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.histograms.arithmetic import add, subtract
from trimtab.metrics.promql.histograms.model import NO_BUCKETS, Buckets, Hint, Histogram
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.cursor import Cursor
from trimtab.metrics.promql.language.literals import duration_s, number
from trimtab.metrics.promql.language.parse_selector import selector
from trimtab.metrics.promql.problems import BadQuery
from trimtab.metrics.promql.values import STALE

STALE_NAN: float = struct.unpack("<d", struct.pack("<Q", STALE))[0]
_NUMBER = r"[+-]?(?:(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9]+)?|[Ii][Nn][Ff]|[Nn][Aa][Nn])"
_ITEM = re.compile(
    rf"(?:(?P<blank>_)|(?P<stale>stale)|(?P<value>{_NUMBER})(?P<step>[+-]{_NUMBER.removeprefix('[+-]?')})?)"
    rf"(?:x(?P<times>[0-9]+))?(?=\s|$)"
)
_NATIVE = re.compile(
    r"\{\{(?P<first>[^}]*)\}\}(?:(?P<sign>[+-])\{\{(?P<second>[^}]*)\}\})?(?:x(?P<times>[0-9]+))?(?=\s|$)"
)
_FIELD = re.compile(r"(\w+):(\[[^\]]*\]|\S+)")
_OFFSET = re.compile(r"(?:(_)|([+-]?)(\d+[a-wy-z]*)(?:([+-])(\d+[a-wy-z]*)(?=x))?)(?:x(\d+))?$")


class Item(Struct, frozen=True):
    """A value of a description; None is a gap. `hinted` says that a histogram's hint was written."""

    value: float | Histogram | None
    hinted: bool = False


def described(line: str) -> tuple[Labels, list[Item]]:
    """The labels and values of a line. Raises BadQuery."""
    end = _metric_end(line)
    return metric(line[:end]), items(line[end:])


def metric(text: str) -> Labels:
    """A metric as scripts write it; `{}` has no labels. Raises BadQuery."""
    cursor = Cursor(text.strip())
    name = "" if cursor.is_symbol("{") else cursor.take().text
    found = selector(cursor, name, 0)
    return sets.make({matcher.name: matcher.value for matcher in found.matchers})


def _metric_end(line: str) -> int:
    """Where the values begin: after the closing brace, or the name."""
    quote = ""
    depth = 0
    at = 0
    while at < len(line):
        character = line[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        elif line.startswith("{{", at) and not depth:
            return at
        elif character in "{}":
            depth += 1 if character == "{" else -1
        elif character.isspace() and not depth and not re.match(r"\s*\{(?!\{)", line[at:]):
            return at
        at += 1
    return len(line)


def items(text: str) -> list[Item]:
    """The values of a description. Raises BadQuery."""
    found: list[Item] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        native = _NATIVE.match(text, at)
        plain = None if native else _ITEM.match(text, at)
        match = native or plain
        if match is None:
            raise BadQuery(f"cannot read series values: got {text[at : at + 30]!r}")
        found += _natives(match) if native else _plain(match)
        at = match.end()


def _plain(match: re.Match[str]) -> list[Item]:
    times = match["times"]
    if match["blank"]:
        return [Item(None)] * (1 if times is None else int(times))
    value = STALE_NAN if match["stale"] else number(match["value"])
    if times is None and match["step"]:
        raise BadQuery(f"cannot read series values: got {match[0]!r}; expected a repetition")
    count = 1 if times is None else int(times) + 1
    step = number(match["step"]) if match["step"] else 0.0
    found = []
    for _ in range(count):
        found.append(Item(value))
        value = value + step if step else value
    return found


def _natives(match: re.Match[str]) -> list[Item]:
    base, hinted = native(match["first"])
    count = 0 if match["times"] is None else int(match["times"])
    found = [Item(base, hinted)]
    step = None if match["second"] is None else native(match["second"])[0]
    combine: Callable[..., object] = add if match["sign"] == "+" else subtract
    for _ in range(count):
        if step is not None:
            base = _combined(combine, base, step)
        found.append(Item(base, hinted))
    return found


def _combined(combine: Callable[..., object], base: Histogram, step: Histogram) -> Histogram:
    made = add(base, step) if combine is add else subtract(base, step)
    return made.histogram


def native(text: str) -> tuple[Histogram, bool]:
    """A native histogram as scripts write it, and whether its hint was written. Raises BadQuery."""
    fields = dict(_FIELD.findall(text))

    def value(name: str) -> float:
        return number(fields[name]) if name in fields else 0.0

    made = Histogram(int(value("schema")), value("count"), value("sum"), value("z_bucket"), value("z_bucket_w"))
    hint = fields.get("counter_reset_hint", "unknown")
    return (
        replace(
            made,
            positive=_run(fields, "buckets", "offset"),
            negative=_run(fields, "n_buckets", "n_offset"),
            custom=tuple(_numbers(fields.get("custom_values", "[]"))),
            hint=Hint.UNKNOWN if hint == "unknown" else Hint(hint),
        ),
        "counter_reset_hint" in fields,
    )


def _run(fields: dict[str, str], name: str, offset: str) -> Buckets:
    counts = _numbers(fields.get(name, "[]"))
    return Buckets.of(int(fields.get(offset, "0")), counts) if counts else NO_BUCKETS


def _numbers(text: str) -> list[float]:
    return [number(each) for each in text.strip("[]").split()]


def start_offsets(text: str) -> list[int | None]:
    """The values of a line `metric@st …`: how far from its sample each start is, in ms. Raises BadQuery."""
    found: list[int | None] = []
    for word in text.split():
        match = _OFFSET.match(word)
        if match is None:
            raise BadQuery(f"cannot read start times: got {word!r}")
        gap, sign, base, step_sign, step, times = match.groups()
        if gap:
            found += [None] * (int(times) if times else 1)
            continue
        value, by = _signed_ms(sign, base), _signed_ms(step_sign, step) if step else 0
        found += [value + by * place for place in range(int(times) + 1 if times else 1)]
    return found


def _signed_ms(sign: str, duration: str) -> int:
    plain = 0.0 if duration == "0" else duration_s(duration)
    return round(plain * 1000) * (-1 if sign == "-" else 1)


def alike(one: float, other: float, epsilon: float = 1e-6) -> bool:
    """Whether two numbers are the same but for errors of floats."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if one == other:
        return True
    size = abs(one) + abs(other)
    if one == 0 or other == 0 or size < 2.2250738585072014e-308:
        return abs(one - other) < epsilon * 2.2250738585072014e-308
    return abs(one - other) / min(size, 1.7976931348623157e308) < epsilon
