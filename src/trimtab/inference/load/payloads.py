"""The bodies of requests: a file, lines of a data set, a template filled from them, or token lengths of a trace."""

import csv
import itertools
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput

_FIELD = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_WORDS = ("the", "of", "and", "to", "in", "is", "that", "for", "was", "on", "with", "as", "it", "by", "at", "from")
"""One token each in the common vocabularies, so that a prompt of n words is one of about n tokens."""


def fixed(body: bytes) -> Iterator[bytes]:
    """The same body for ever."""
    return itertools.repeat(body)


def files(paths: Sequence[Path]) -> Iterator[bytes]:
    """The contents of files, in turn, for ever. Raises InvalidInput for one that cannot be read."""
    return itertools.cycle([_read(one) for one in paths])


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file (JSON lines, one request each), in turn, for ever."""
    found = [line for line in _read(path).splitlines() if line.strip()]
    if not found:
        raise InvalidInput(f"cannot send the lines of {path}: it has none")
    return itertools.cycle(found)


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a CSV or of JSON lines, from which a template is filled."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as text:
            return [dict(row) for row in csv.DictReader(text)]
    found = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except ValueError as problem:
                raise InvalidInput(f"cannot read {path} line {number}: it is not JSON ({problem})") from None
    return found


def template(text: str, rows: Sequence[Mapping[str, Any]] = (), seed: int = 1) -> Iterator[bytes]:
    """A text whose `{{name}}` is a field of the next record, `{{n}}` the request's number, `{{random}}` 0 to 1.

    A value that stands in quotes becomes part of a JSON string. Raises InvalidInput for a field that no record has.
    """
    draw = random.Random(seed)  # noqa: S311  # payloads, not secrets
    wanted = {name for name in _FIELD.findall(text) if name not in ("n", "random")}
    missing = sorted(name for name in wanted if not rows or name not in rows[0])
    if missing:
        raise InvalidInput(f"cannot fill the template: no record has {', '.join(missing)}")
    cycle = itertools.cycle(rows or [{}])
    for number in itertools.count(1):
        row = next(cycle)
        values = {"n": number, "random": draw.random(), **row}

        def put(match: re.Match[str], values: Mapping[str, Any] = values) -> str:
            value = values[match[1]]
            quoted = text[max(0, match.start() - 1) : match.start()] == '"' == text[match.end() : match.end() + 1]
            if quoted:
                return json.dumps(str(value))[1:-1]
            return value if isinstance(value, str) else json.dumps(value)

        yield _FIELD.sub(put, text).encode()


def token_lengths(path: Path) -> list[tuple[int, int]]:
    """(prompt, answer) lengths in tokens of a trace with ContextTokens and GeneratedTokens. Raises InvalidInput."""
    with path.open(newline="", encoding="utf-8") as text:
        rows = csv.DictReader(text)
        if not {"ContextTokens", "GeneratedTokens"} <= set(rows.fieldnames or ()):
            raise InvalidInput(f"cannot take token lengths from {path}: expected ContextTokens and GeneratedTokens")
        return [(int(row["ContextTokens"]), int(row["GeneratedTokens"])) for row in rows]


def prompt(tokens: int, draw: random.Random) -> str:
    """A prompt of about so many tokens, different each time, so that no cache of prefixes answers it."""
    return " ".join(draw.choices(_WORDS, k=max(1, tokens)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem.strerror or problem}") from None
