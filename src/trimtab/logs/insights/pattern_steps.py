"""`pattern`, `diff` and `anomaly`: the engine counts shapes of lines, templates are made of them here.

What may follow is sort, limit and display of the columns that `pattern` gives.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.logs.insights import casts
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.plan import Planner
from trimtab.logs.insights.syntax import (
    Anomaly,
    Command,
    Diff,
    Expression,
    Field,
    Fields,
    Limit,
    Pattern,
    Place,
    Query,
    Sort,
    SortKey,
)
from trimtab.logs.patterns import compare, mask
from trimtab.store.telemetry.client import Columns

COLUMNS = ("@pattern", "@sampleCount", "@ratio", "@severityLabel", "@logSample")
DIFF_COLUMNS = ("@previousCount", "@differenceCount", "@differenceDescription")
ANOMALY_COLUMNS = ("@anomalyType", "@anomalyDescription")
"""What `anomaly` adds; CloudWatch does not document the names of what it adds."""
_TYPES = {
    compare.Change.NEW: "New pattern",
    compare.Change.GONE: "Missing pattern",
    compare.Change.MORE: "Pattern frequency",
    compare.Change.LESS: "Pattern frequency",
}
LONGEST = 4096
"""Characters of a line that count for its pattern."""
MOST = 20_000
"""Shapes of lines that become patterns; the most frequent ones."""
_DAY_MS = 86_400_000
SHIFTS = {"previousday": _DAY_MS, "previousweek": 7 * _DAY_MS, "previousmonth": 30 * _DAY_MS}
Row = tuple[str | None, ...]


class PatternStep(Struct, frozen=True):
    """A query up to `pattern`, the text whose patterns are asked for, against which range, and what follows.

    With `anomaly` only patterns that came, went or changed by chance alone hardly could are given.
    """

    before: Query
    operand: Expression
    diff: Diff | None
    after: tuple[Command, ...]
    anomaly: bool = False

    @property
    def compared(self) -> bool:
        """Whether the range before is read too."""
        return self.diff is not None or self.anomaly

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the answer before what follows."""
        return (*COLUMNS, *(DIFF_COLUMNS if self.diff else ()), *(ANOMALY_COLUMNS if self.anomaly else ()))

    def shift_ms(self, start_ms: int, end_ms: int) -> int:
        """How far back the range lies that patterns are compared with; 0 for none."""
        if not self.compared:
            return 0
        if self.diff is None:
            return end_ms - start_ms
        return SHIFTS.get(self.diff.against, end_ms - start_ms)


def pattern_step(query: Query) -> PatternStep | None:
    """The step of a query that has one. Raises QueryProblem for commands that cannot follow it."""
    at = next((place for place, one in enumerate(query.commands) if isinstance(one, Pattern | Diff | Anomaly)), None)
    if at is None:
        return None
    first, after = query.commands[at], query.commands[at + 1 :]
    diff = first if isinstance(first, Diff) else None
    if diff is None and after and isinstance(after[0], Diff):
        diff, after = after[0], after[1:]
    anomaly = isinstance(first, Anomaly)
    if not anomaly and after and isinstance(after[0], Anomaly):
        anomaly, after = True, after[1:]
    operand = first.operand if isinstance(first, Pattern) else Field("@message", first.place)
    step = PatternStep(replace(query, commands=query.commands[:at]), operand, diff, after, anomaly)
    for command in after:
        _check(command, step.columns)
    return step


def shapes(step: PatternStep, planner: Planner, start_ms: int, end_ms: int) -> str:
    """The statement that counts shapes of lines in the range (part 1) and in that before it (part 0)."""
    planner.run()
    bind = planner.within.parameters.bind
    made = planner.value(step.operand)
    text = f"left(ifNull({casts.text(made)}, ''), {LONGEST})"
    severity = "toString(severity)" if planner.within.events is not None else "''"
    part = "1"
    if step.compared and planner.within.events is not None:
        earlier_end = end_ms - step.shift_ms(start_ms, end_ms)
        at = "toUnixTimestamp64Milli(time)"
        start, earlier = bind(start_ms, "Int64"), bind(earlier_end, "Int64")
        part = f"multiIf({at} >= {start}, 1, {at} < {earlier}, 0, 2)"
    planner.reduces()
    layers = planner.layers
    layers.add(f"{text} AS shown, {severity} AS level, {part} AS part")
    layers.add(
        "translate(shown, '123456789', '000000000') AS shape, part, count() AS lines, any(shown) AS example,"
        " any(level) AS named",
        f"WHERE part < 2 GROUP BY shape, part ORDER BY lines DESC LIMIT {MOST}",
    )
    layers.add(
        f"{mask.sql('shape')} AS masked, part, sum(lines) AS lines, any(example) AS example,"
        " anyIf(named, named != '') AS level",
        "GROUP BY masked, part",
    )
    return layers.sql()


def rows(step: PatternStep, counted: Columns) -> tuple[tuple[str, ...], list[Row]]:
    """Names and rows of the answer."""
    names = ("masked", "part", "lines", "example", "level")
    lines = [compare.Counted(*row) for row in zip(*(counted[name].tolist() for name in names), strict=True)]
    found = compare.compare(lines, 1, with_before=step.compared)
    total = sum(one.lines for one in found)
    if step.anomaly:
        found = [one for one in found if one.change]
    table = [_row(step, one, total) for one in found if one.lines or step.compared]
    if not step.compared:
        table.sort(key=lambda row: -float(row[1] or 0))
    return _after(step.after, step.columns, table)


def _row(step: PatternStep, pattern: compare.Pattern, total: int) -> Row:
    ratio = f"{pattern.lines / total:.6g}" if total else "0"
    row: Row = (pattern.template, str(pattern.lines), ratio, pattern.severity or None, pattern.example)
    if step.diff is not None:
        row = (*row, str(pattern.before), str(pattern.lines - pattern.before), _described(pattern))
    if step.anomaly:
        said = f"{pattern.lines:,} lines, {pattern.before:,} in the range before"
        row = (*row, _TYPES[pattern.change], said)
    return row


def _described(pattern: compare.Pattern) -> str:
    if not pattern.before:
        return "New"
    if not pattern.lines:
        return "Gone"
    percent = 100 * (pattern.lines - pattern.before) / pattern.before
    return "Same" if percent == 0 else f"{abs(percent):.0f}% {'more' if percent > 0 else 'less'}"


def _check(command: Command, known: Sequence[str]) -> None:
    match command:
        case Limit():
            return
        case Sort(keys):
            fields: Iterable[Expression] = [key.expression for key in keys]
        case Fields(items):
            fields = [item.expression for item in items]
        case _:
            _fail("after pattern come sort, limit and display; filter before it", command.place)
            return
    for field in fields:
        if not isinstance(field, Field) or field.name not in known:
            _fail(f"pattern gives {', '.join(known)}", field.place)


def _fail(why: str, place: Place) -> None:
    raise QueryProblem(why, place.start, place.end)


def _after(commands: Sequence[Command], names: tuple[str, ...], table: list[Row]) -> tuple[tuple[str, ...], list[Row]]:
    """The rows after sort, limit and display."""
    shown = names
    for command in commands:
        match command:
            case Limit(count):
                table = table[:count]
            case Sort(keys):
                for key in reversed(keys):
                    table.sort(key=_key(key, names), reverse=key.descending)
            case Fields(items):
                shown = tuple(item.expression.name for item in items if isinstance(item.expression, Field))
    places = [names.index(name) for name in shown]
    return shown, [tuple(row[place] for place in places) for row in table]


def _key(key: SortKey, names: tuple[str, ...]) -> Callable[[Row], tuple[float, str]]:
    place = names.index(key.expression.name) if isinstance(key.expression, Field) else 0
    numeric = names[place] in ("@sampleCount", "@ratio", "@previousCount", "@differenceCount")

    def value(row: Row) -> tuple[float, str]:
        cell = row[place] or ""
        return (float(cell), "") if numeric else (0.0, cell)

    return value
