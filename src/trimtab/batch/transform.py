"""One piece from its records to its output: the work that every backend spreads."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.batch.checkpoint import keep
from trimtab.batch.model import Done, ErrorRow, Piece, Spec
from trimtab.batch.predict import Failed, Predict, Refused, open_model
from trimtab.batch.rows import Mismatch, Shape, answers_of
from trimtab.batch.split import Raw, groups, records

_local = threading.local()
_PAUSE_S = 0.2  # before the first repetition; doubled each time
_LONGEST_PAUSE_S = 10.0


@dataclass(slots=True)
class _Work:
    """One piece while it is transformed."""

    spec: Spec
    shape: Shape
    predict: Predict
    pause: Callable[[float], None] = time.sleep
    rows: list[bytes] = field(default_factory=list)
    errors: list[ErrorRow] = field(default_factory=list)
    requests: int = 0

    def batch(self, batch: list[Raw]) -> None:
        """Transform a mini-batch. One that fails is halved until the records at fault are alone."""
        sent: list[tuple[Raw, bytes]] = []
        places: list[int] = []
        for one in batch:
            places.append(len(self.rows))
            self.rows.append(b"")
            try:
                sent.append((one, self.shape.sent(one.body)))
            except InvalidInput as problem:
                self._failed(places.pop(), one, str(problem))
        self._ask(sent, places)

    def _ask(self, sent: list[tuple[Raw, bytes]], places: list[int]) -> None:
        if not sent:
            return
        separator = b"\n" if self.spec.split == "Line" else b""
        try:
            answer = self._answer(separator.join(body for _, body in sent))
            answers = answers_of(answer, len(sent)) if self._by_record(len(sent)) else [answer]
        except (Refused, Failed, Mismatch) as problem:
            if len(sent) == 1 or isinstance(problem, Failed):
                for place, (raw, _) in zip(places, sent, strict=True):
                    self._failed(place, raw, str(problem))
                return
            half = len(sent) // 2
            self._ask(sent[:half], places[:half])
            self._ask(sent[half:], places[half:])
            return
        if len(answers) != len(sent):  # framed records: one answer to the whole batch
            self.rows[places[0]] = answer
            return
        for place, (raw, _), one in zip(places, sent, answers, strict=True):
            try:
                self.rows[place] = self.shape.row(raw.body, one)
            except InvalidInput as problem:
                self._failed(place, raw, str(problem))

    def _by_record(self, sent: int) -> bool:
        """Whether an answer is one to each record: lines. A frame's answer is the model's own format."""
        return self.spec.split == "Line" and (sent > 1 or self.spec.multi_record)

    def _answer(self, body: bytes) -> bytes:
        """The model's answer, asked again with growing pauses where it failed."""
        pause = _PAUSE_S
        for attempt in range(self.spec.retries + 1):
            self.requests += 1
            try:
                return self.predict(body)
            except Failed:
                if attempt == self.spec.retries:
                    raise
                self.pause(min(pause, _LONGEST_PAUSE_S))
                pause *= 2
        raise AssertionError("bug: a request without an attempt")

    def _failed(self, place: int, raw: Raw, problem: str) -> None:
        self.errors.append(ErrorRow(raw.at, problem))
        self.rows[place] = self.shape.error(raw.body, problem)


def transform(spec: Spec, piece: Piece, parts: Path, batch_records: int) -> Done:
    """Transform a piece and keep its output in `parts`. Raises InvalidInput for input that cannot be split."""
    clock = SystemClock()
    began = clock.monotonic()
    work = _Work(spec, *_model(spec))
    most = 1 if not spec.multi_record or spec.split == "None" else spec.batch_records or batch_records
    separator = 1 if spec.split == "Line" else 0
    count = 0
    for batch in groups(records(spec.inputs[piece.file], piece, spec.split), spec.payload_bytes, most, separator):
        if spec.payload_bytes and len(batch) == 1 and len(batch[0].body) > spec.payload_bytes:
            work.rows.append(b"")
            work._failed(len(work.rows) - 1, batch[0], f"the record is larger than {spec.payload_bytes} bytes")
        else:
            work.batch(batch)
        count += len(batch)
    ending = b"\n" if spec.assemble_line else b""
    body = b"".join(_line(row, spec) + ending for row in work.rows if row or spec.split == "Line")
    done = Done(piece, count, work.requests, clock.monotonic() - began, tuple(work.errors), batch_records)
    keep(parts, done, body)
    return done


def _line(row: bytes, spec: Spec) -> bytes:
    return row.rstrip(b"\r\n") if spec.assemble_line else row


def _model(spec: Spec) -> tuple[Shape, Predict]:
    """The model of this thread, opened once."""
    known = getattr(_local, "model", None)
    if known is None or known[0] != spec:
        _local.model = known = (spec, Shape(spec), open_model(spec))
    return known[1], known[2]
