"""Recorded exchanges with vendors of models, through the readers of answers: are the tokens of each kind right?

Run as `python bench/eval_genai.py DIR`, where DIR has `*.jsonl[.gz]` with one exchange a line (path, status, request,
response, expected_usage). Prints one JSON line: `calls`, the exchanges, and `wrong`, those of which a kind of token
differs. `expected_usage` is only compared with, never read from.

An exchange whose usage is null must come out unknown: a whole usage there is wrong. A part of the prompt or the answer
(cached, reasoning, audio) that the vendor did not say is unknown to the reader and 0 in what is expected: both are
taken as the same; every other difference is wrong. Where the expected numbers stand in headers that the recording
lacks, unknown is right. Each wrong exchange is named on standard error.
"""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trimtab.genai.exchange import Exchange, call_of
from trimtab.genai.tokens import Tokens

_WHOLE = ("input", "output")
_PARTS = {
    "cache_read": "cache_read",
    "cache_write": "cache_write",
    "cache_write_5m": "cache_write_5m",
    "cache_write_1h": "cache_write_1h",
    "reasoning": "reasoning",
    "input_audio": "audio_input",
    "output_audio": "audio_output",
    "input_image": "image_input",
    "output_image": "image_output",
    "tool_use_input": "tool_input",
    "search_units": "searches",
}
"""Names of parts in what is expected, and in `Tokens`."""


def main() -> int:
    """Read every exchange of the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_genai.py DIR", file=sys.stderr)
        return 2
    calls, wrong = 0, 0
    for name, row in rows_of(Path(sys.argv[1])):
        calls += 1
        tokens = tokens_of(row)
        differs = difference(tokens, row.get("expected_usage"))
        if differs:
            wrong += 1
            print(f"{name} {row.get('id')} {row.get('vendor')} {row.get('path')}: {differs}", file=sys.stderr)
    print(json.dumps({"calls": calls, "wrong": wrong}))
    return 0


def rows_of(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The exchanges of a directory, with the name of their file."""
    for path in sorted(directory.rglob("*.jsonl*")):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield path.name, json.loads(line)


def tokens_of(row: Mapping[str, Any]) -> Tokens:
    """What the product reads of an exchange."""
    response = row["response"] or {}
    body = response.get("json", response.get("text", response.get("events")))
    exchange = Exchange(path=row["path"], status=row["status"], request=row.get("request"), body=body)
    return call_of(exchange).tokens


def difference(tokens: Tokens, expected: Mapping[str, Any] | None) -> str:
    """What differs; "" where all is right."""
    if expected is None or str(expected.get("fields", "")).startswith("headers"):
        return f"unknown, but read as {tokens}" if tokens.known else ""
    whole = [(kind, getattr(tokens, kind), expected[kind]) for kind in _WHOLE]
    parts = [
        (kind, getattr(tokens, kind) or 0, expected[name] or 0) for name, kind in _PARTS.items() if name in expected
    ]
    return "; ".join(f"{kind} {read}, expected {right}" for kind, read, right in whole + parts if read != right)


if __name__ == "__main__":
    sys.exit(main())
