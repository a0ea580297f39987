"""The commands of a script: `load`, `clear`, `eval` and what is expected.

Source of the language: Prometheus, promql/promqltest/README.md.
"""

import re

from msgspec import Struct, field

from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.literals import duration_s, number, unquoted
from trimtab.metrics.promql.problems import BadQuery
from trimtab.metrics.promql.script.series import Item, described, metric, start_offsets

_LOAD = re.compile(r"load(_with_nhcb)?\s+(\S+)$")
_INSTANT = re.compile(r"eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$", re.DOTALL)
_RANGE = re.compile(r"eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$", re.DOTALL)
_EXPECT = re.compile(r"expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$")
_EXPECT_RANGE = re.compile(r"expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$")


class Load(Struct, frozen=True):
    """Samples to load: by series the values (at multiples of the step), and the starts where they are given."""

    step_ms: int
    series: list[tuple[Labels, list[Item], list[int | None]]]
    classic_to_native: bool = False


class Clear(Struct, frozen=True):
    """Forget everything that was loaded."""


class Expectation(Struct, frozen=True):
    """`fail`, `warn`, `info`, `no_warn` or `no_info`, and what its message must be or match."""

    kind: str
    message: str | None = None
    regex: str | None = None

    def fits(self, text: str) -> bool:
        """Whether a message is what is expected."""
        if self.message is not None:
            return self.message == text
        return self.regex is None or re.search(self.regex, text) is not None


class Eval(Struct):
    """A query and what it must answer. Of an instant query start and end are equal."""

    text: str
    line: int
    start_ms: int
    end_ms: int
    step_ms: int
    is_range: bool
    expectations: list[Expectation] = field(default_factory=list)
    ordered: bool = False
    scalar: float | None = None
    string: str | None = None
    series: list[tuple[Labels, list[Item]]] = field(default_factory=list)
    window: tuple[int, int, int] | None = None
    """Of a range vector at an instant: from, to and step of the values that are expected."""


Command = Load | Clear | Eval


def commands_of(text: str) -> list[Command]:
    """The commands of a script. Raises BadQuery."""
    lines = ["" if line.strip().startswith("#") else line.strip() for line in text.splitlines()]
    found: list[Command] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        block_end = at + 1
        while block_end < len(lines) and lines[block_end]:
            block_end += 1
        body = list(enumerate(lines[at + 1 : block_end], at + 2))
        word = line.partition(" ")[0].lower()
        if not line:
            at += 1
            continue
        if word == "clear":
            found.append(Clear())
            at += 1
            continue
        if word.startswith("load"):
            found.append(_load(line, body))
        elif word.startswith("eval"):
            found.append(_eval(line, at + 1, body))
        else:
            raise BadQuery(f"cannot run line {at + 1}: got {line!r}; expected load, clear or eval")
        at = block_end
    return found


def milliseconds(text: str) -> int:
    """A duration of a script: `5m`, `1m30s`, `-10s`, `0`."""
    sign = -1 if text.startswith("-") else 1
    plain = text.lstrip("+-")
    seconds = float(plain) if re.fullmatch(r"[0-9.]+", plain) else duration_s(plain)
    return sign * round(seconds * 1000)


def _load(line: str, body: list[tuple[int, str]]) -> Load:
    match = _LOAD.match(line)
    if match is None:
        raise BadQuery(f"cannot run {line!r}: expected load <step>")
    series: list[tuple[Labels, list[Item], list[int | None]]] = []
    starts: list[int | None] = []
    for _, text in body:
        head, _, rest = text.replace("\t", " ").partition(" ")
        if head.endswith("@st"):
            metric(head.removesuffix("@st"))
            starts = start_offsets(rest)
            continue
        labels, values = described(text)
        series.append((labels, values, starts))
        starts = []
    return Load(milliseconds(match[2]), series, match[1] is not None)


def _eval(line: str, number_: int, body: list[tuple[int, str]]) -> Eval:
    ranged = _RANGE.match(line)
    instant = None if ranged else _INSTANT.match(line)
    if ranged:
        mode, start, end, step, text = ranged.groups()
        made = Eval(text, number_, milliseconds(start), milliseconds(end), milliseconds(step), True)
    elif instant:
        mode, at, text = instant.groups()
        made = Eval(text, number_, milliseconds(at or "0"), milliseconds(at or "0"), 0, False)
    else:
        raise BadQuery(f"cannot run {line!r}: expected eval instant at … or eval range from … to … step …")
    if mode == "ordered":
        made.ordered = True
    elif mode:
        made.expectations.append(Expectation(mode))
    for _, expected in body:
        _expect(made, expected)
    return made


def _expect(made: Eval, line: str) -> None:
    for old, kind in (("expected_fail_message", "message"), ("expected_fail_regexp", "regex")):
        if line.startswith(old):
            made.expectations.append(Expectation("fail", **{kind: line.removeprefix(old).strip()}))
            return
    window = _EXPECT_RANGE.match(line)
    if window:
        begin, end, step = (milliseconds(part) for part in window.groups())
        made.window = begin, end, step
        return
    if line.startswith("expect string"):
        made.string = unquoted(line.removeprefix("expect string").strip())
        return
    match = _EXPECT.match(line)
    if match:
        kind, how, what = match.groups()
        if kind == "ordered":
            made.ordered = True
        else:
            text = what.strip() if what else None
            made.expectations.append(
                Expectation(kind, text if how == "msg" else None, text if how == "regex" else None)
            )
        return
    try:
        made.scalar = number(line)
    except ValueError:
        made.series.append(described(line))
