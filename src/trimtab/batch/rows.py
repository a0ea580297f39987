"""Records on their way: filtered before they are sent, and joined with what was answered."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.jsonpath import Path, read
from trimtab.batch.model import Spec

INPUT, OUTPUT, ERROR = "SageMakerInput", "SageMakerOutput", "TrimtabError"


class Mismatch(InvalidInput):
    """An answer cannot be matched with the records that were sent."""


class Shape:
    """How a job's records are read, filtered and written."""

    def __init__(self, spec: Spec) -> None:
        self._kind = spec.kind
        self._join = spec.join_input
        self._in: Path = read(spec.input_filter)
        self._out: Path = read(spec.output_filter)
        answers = spec.accept or spec.content_type
        self._answers = "csv" if "csv" in answers else "json" if "json" in answers else "bytes"
        self.plain = self._in.whole and self._out.whole and not self._join
        if self._kind == "bytes" and (self._join or not self._in.whole):
            raise InvalidInput(f"cannot filter or join {spec.content_type}: expected CSV or JSON")

    def sent(self, body: bytes) -> bytes:
        """What is sent of a record. Raises InvalidInput for one that the filter does not fit."""
        if self._in.whole:
            return body
        return self._written(self._in.of(self._read(body, self._kind)), self._kind)

    def row(self, body: bytes, answer: bytes) -> bytes:
        """The output row of a record and its answer. Raises InvalidInput for an answer that cannot be read."""
        if not self._join:
            if self._out.whole:
                return answer
            return self._written(self._out.of(self._read(answer, self._answers)), self._answers)
        joined: Any
        record, said = self._read(body, self._kind), self._read(answer, self._answers)
        if self._kind == "csv":
            joined = [*record, *(said if isinstance(said, list) else [said])]
        elif isinstance(record, dict):
            joined = {**record, OUTPUT: said}
        else:
            joined = {INPUT: record, OUTPUT: said}
        return self._written(self._out.of(joined), self._kind)

    def error(self, body: bytes, problem: str) -> bytes:
        """The row in the place of a record that failed: the order and number of rows stay."""
        shown: dict[str, Any] = {ERROR: problem}
        if self._join and self._kind == "json":
            try:
                record = self._read(body, "json")
            except InvalidInput:
                record = body.decode("utf-8", "replace")
            shown = {**record, **shown} if isinstance(record, dict) else {INPUT: record, **shown}
        return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()

    def _read(self, body: bytes, kind: str) -> Any:
        if kind == "csv":
            return next(csv.reader([body.decode("utf-8", "replace")]), [])
        try:
            return typed.loads(body)
        except ValueError as problem:
            raise InvalidInput(f"it is not JSON ({problem})") from None

    def _written(self, value: Any, kind: str) -> bytes:
        if kind != "csv":
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return text.getvalue().encode()


def block_of(answer: bytes, wanted: int) -> bytes | None:
    """An answer of as many full lines as records were sent, without its last break; None for anything else."""
    if wanted < 2 or b"\r" in answer or (answer.lstrip().startswith(b"{") and b'"predictions"' in answer):
        return None
    block = answer[:-1] if answer.endswith(b"\n") else answer
    return block if block.count(b"\n") == wanted - 1 and not block.endswith(b"\n") else None


def answers_of(answer: bytes, wanted: int) -> Sequence[bytes]:
    """An answer to several records as one answer each: its lines, or the items of `predictions`. Raises Mismatch.

    TensorFlow Serving writes `predictions` over many lines. A bare JSON list is not taken apart: of one record it
    could not be told from that record's answer.
    """
    if answer.lstrip().startswith(b"{") and b'"predictions"' in answer:
        try:
            found = typed.loads(answer)["predictions"]
        except (ValueError, KeyError):
            found = None
        if isinstance(found, list) and len(found) == wanted:
            return [json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode() for one in found]
    lines = answer.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) == wanted:
        return lines
    raise Mismatch(f"the model answered {len(lines)} lines to {wanted} records")
