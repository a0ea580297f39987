"""The notation of logs_insights.test, and the log groups that such a file loads.

    group NAME                        events of a log group, a line each, indented: `minutes after START | message`
      0 | a message
      1.5 error | a message           with a severity
    query QUERY                       what it gives: a line of names, then a line for each row; `-` is missing
      level | n
      error | 2
    sql SELECT                        the same in SQL
    fail QUERY                        what is wrong with it: part of the message
      Invalid syntax at character 4
    fail-sql SELECT                   the same in SQL
    clear                             forget everything

A query may go on over lines that begin with `|`. It reads every group of the file, over an hour from START.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START_MS = 1_795_564_800_000  # 2026-11-25T00:00:00Z
END_MS = START_MS + 3_600_000


@dataclass(frozen=True)
class Line:
    at_ms: int
    severity: str
    message: str


@dataclass
class Case:
    command: str
    text: str
    line: int
    groups: dict[str, list[Line]]
    expected: list[str] = field(default_factory=list)


def cases(path: Path) -> Iterator[Case]:
    groups: dict[str, list[Line]] = {}
    into: list[Line] | None = None
    case: Case | None = None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("  | ") and case is not None and not case.expected:
            case.text += "\n" + line.strip()
        elif line.startswith("  "):
            if into is not None:
                into.append(_event(line))
            elif case is not None:
                case.expected.append(line.strip())
        else:
            if case is not None:
                yield case
            command, _, text = line.partition(" ")
            case, into = None, None
            match command:
                case "clear":
                    groups = {}
                case "group":
                    groups = dict(groups)
                    into = groups[text] = []
                case "query" | "sql" | "fail" | "fail-sql":
                    case = Case(command, text, number, groups)
                case other:
                    raise ValueError(f"{path.name}:{number}: unknown command {other}")
    if case is not None:
        yield case


def _event(line: str) -> Line:
    head, _, message = line.strip().partition(" | ")
    minutes, _, severity = head.partition(" ")
    return Line(START_MS + round(float(minutes) * 60_000), severity, message)
