"""Answers that were recorded from AWS, and whether an answer of ours is like one of them.

They lie outside the repository (`../shared/data/aws_snapshots`); identifiers in them are placeholders.
"""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[6] / "shared" / "data" / "aws_snapshots" / "cloudwatch__test_cloudwatch.snapshot.json.gz"
_PLACEHOLDER = re.compile(r"<[^<>]+>|MM/DD/YY HH:MM:SS|1{12}")
_ANYTHING = re.compile(r"<[^<>]+>|timestamp|date")
_LATER = frozenset({"LogAlarms"})
"""Members that AWS added after some of the answers were recorded; others of them have it."""


def recorded(test: str) -> dict[str, Any]:
    """What was recorded of a test, by name. Skips where the recordings are not there."""
    if not FILE.exists():
        pytest.skip(f"the recorded answers of AWS are not here ({FILE})")
    found = json.loads(gzip.decompress(FILE.read_bytes()))
    return next(found[key]["recorded-content"] for key in sorted(found) if key.split("::")[-1].split("[")[0] == test)


def assert_like(expected: Any, ours: Any, where: str = "answer") -> None:
    """Check that `ours` has the members, types and values of a recorded answer, whatever its placeholders stand for."""
    if isinstance(expected, dict):
        if isinstance(ours, str):  # JSON in a string, which the recording shows parsed
            ours = json.loads(ours)
        assert isinstance(ours, dict), f"{where}: {ours!r}"
        told = {key for key in ours if key != "ResponseMetadata" and (key in expected or key not in _LATER)}
        assert {key for key in expected if key != "ResponseMetadata"} == told, where
        for key in told:
            assert_like(expected[key], ours[key], f"{where}.{key}")
        if "ResponseMetadata" in expected:
            assert expected["ResponseMetadata"]["HTTPStatusCode"] == ours["ResponseMetadata"]["HTTPStatusCode"]
    elif isinstance(expected, list):
        assert len(expected) == len(ours), f"{where}: {ours!r}"
        for number, (one, other) in enumerate(zip(expected, ours, strict=True)):
            assert_like(one, other, f"{where}[{number}]")
    elif isinstance(expected, str) and not _ANYTHING.fullmatch(expected):
        pattern = ".+".join(re.escape(part) for part in _PLACEHOLDER.split(expected))
        assert re.fullmatch(pattern, str(ours), re.DOTALL), f"{where}: {ours!r} is not like {expected!r}"
    elif not isinstance(expected, str):
        assert expected == ours, where
        assert type(expected) is type(ours), where
