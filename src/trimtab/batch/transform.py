"""One piece from its records to its output: the work that every backend spreads."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct, field

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.runqueue import waited_s
from trimtab.batch.checkpoint import keep
from trimtab.batch.climb import Tuner
from trimtab.batch.model import Done, ErrorRow, Piece, Spec
from trimtab.batch.predict import Failed, Predict, Refused, open_model
from trimtab.batch.rows import Mismatch, Shape, answers_of, block_of
from trimtab.batch.split import Block, Lines, Raw, framed, groups
from trimtab.batch.stretches import Buffer, Wanted, stretches

_local = threading.local()
_PAUSE_S = 0.2  # before the first repetition; doubled each time
_LONGEST_PAUSE_S = 10.0
_APART_BYTES = 4 << 20  # of lines that are taken apart at once
_MOST_HELD = 32 << 20  # bytes of output after which a piece is kept, and its rest given back
_DOWN = 3  # single records in a row that a model gives no answer to, after all repetitions, before it is taken for down


class _Worker(Struct):
    """What a thread or process keeps from one piece to the next: the model, and how many records it likes at once.

    A function's batch is found here, where a call costs little and nothing else is measured with it; that of a URL
    with the number of requests at once, by the job.
    """

    spec: Spec
    shape: Shape
    predict: Predict
    clock: Clock
    tuner: Tuner
    buffer: Buffer = field(default_factory=Buffer)

    def most(self, given: int) -> int:
        """Records in the next mini-batch."""
        if not self.spec.multi_record:
            return 1
        return self.spec.batch_records or (given if self.spec.is_url else self.tuner.batch)

    @property
    def tunes(self) -> bool:
        """Whether the time of calls still says something."""
        return not (self.spec.is_url or self.tuner.done)

    def now_s(self) -> float:
        """Seconds on a clock that stands still while this thread waits for a core."""
        return self.clock.monotonic() - waited_s()


class _Work(Struct):
    """One piece while it is transformed. `rows` are output rows, or blocks of several that end with no line break."""

    worker: _Worker
    pause: Callable[[float], None] = time.sleep
    rows: list[bytes] = field(default_factory=list)
    errors: list[ErrorRow] = field(default_factory=list)
    requests: int = 0
    calls_s: float = 0.0
    unanswered: int = 0

    @property
    def spec(self) -> Spec:
        return self.worker.spec

    def plain(self, body: bytes, at: int, count: int) -> None:
        """Transform `count` lines as they lie in the file. What is answered to them is the output as it comes.

        Only where that fails, or the answer is not a line for each, are they taken apart.
        """
        self.unanswered = 0
        try:
            answer = self._answer(body)
            block = block_of(answer, count)
            if block is not None:
                self.rows.append(block)
                return
            problem: Exception | None = None
        except (Refused, Failed) as found:
            problem = found
        lines = Lines.of(Block(body, at, at + len(body)))
        sent = [(Raw(where, line), line) for where, line in zip(lines.at, lines.bodies, strict=True)]
        places = list(range(len(self.rows), len(self.rows) + len(sent)))
        self.rows += [b""] * len(sent)
        if problem is None:
            self._place(sent, places, answer)
        else:
            self._apart(sent, places, problem)

    def batch(self, batch: list[Raw]) -> None:
        """Transform a mini-batch. One that fails is halved until the records at fault are alone."""
        self.unanswered = 0
        sent: list[tuple[Raw, bytes]] = []
        places: list[int] = []
        for one in batch:
            places.append(len(self.rows))
            self.rows.append(b"")
            try:
                if 0 < self.spec.payload_bytes < len(one.body):
                    raise InvalidInput(f"the record is larger than {self.spec.payload_bytes} bytes")
                sent.append((one, self.worker.shape.sent(one.body)))
            except InvalidInput as problem:
                self._failed(places.pop(), one, str(problem))
        self._ask(sent, places)

    def _ask(self, sent: list[tuple[Raw, bytes]], places: list[int]) -> None:
        if not sent:
            return
        if self.unanswered >= _DOWN:
            self._apart(sent, places, Failed(f"the model is down: it failed {_DOWN} single records in a row"))
            return
        separator = b"\n" if self.spec.split == "Line" else b""
        try:
            answer = self._answer(separator.join(body for _, body in sent))
        except (Refused, Failed) as problem:
            self._apart(sent, places, problem)
            return
        self._place(sent, places, answer)

    def _place(self, sent: list[tuple[Raw, bytes]], places: list[int], answer: bytes) -> None:
        """Put an answer where its records are."""
        try:
            answers = answers_of(answer, len(sent)) if self._by_record(len(sent)) else [answer]
        except Mismatch as problem:
            self._apart(sent, places, problem)
            return
        if len(answers) != len(sent):  # framed records: one answer to the whole batch
            self.rows[places[0]] = answer
            return
        for place, (raw, _), one in zip(places, sent, answers, strict=True):
            try:
                row = self.worker.shape.row(raw.body, one)
                self.rows[place] = row.rstrip(b"\r\n") if self.spec.assemble_line else row
            except InvalidInput as problem:
                self._failed(place, raw, str(problem))

    def _apart(self, sent: list[tuple[Raw, bytes]], places: list[int], problem: Exception) -> None:
        """Records that failed together: halves are asked, down to the ones at fault.

        A model that answers nothing for some single records in a row is down: the rest fails without being asked.
        """
        self.unanswered += len(sent) == 1 and isinstance(problem, Failed)
        if len(sent) == 1 or (isinstance(problem, Failed) and self.unanswered >= _DOWN):
            for place, (raw, _) in zip(places, sent, strict=True):
                self._failed(place, raw, str(problem))
            return
        half = len(sent) // 2
        self._ask(sent[:half], places[:half])
        self._ask(sent[half:], places[half:])

    def _by_record(self, sent: int) -> bool:
        """Whether an answer is one to each record: lines. A frame's answer is the model's own format."""
        return self.spec.split == "Line" and (sent > 1 or self.spec.multi_record)

    def _answer(self, body: bytes) -> bytes:
        """The model's answer, asked again with growing pauses where it failed."""
        pause = _PAUSE_S
        for attempt in range(self.spec.retries + 1):
            self.requests += 1
            began_s = self.worker.now_s() if self.worker.tunes else 0.0
            try:
                answer = self.worker.predict(body)
                self.calls_s += self.worker.now_s() - began_s if self.worker.tunes else 0.0
                self.unanswered = 0
                return answer
            except Failed:
                if attempt == self.spec.retries:
                    raise
                self.pause(min(pause, _LONGEST_PAUSE_S))
                pause *= 2
        raise AssertionError("bug: a request without an attempt")

    def _failed(self, place: int, raw: Raw, problem: str) -> None:
        self.errors.append(ErrorRow(raw.at, problem))
        self.rows[place] = self.worker.shape.error(raw.body, problem)


def transform(spec: Spec, piece: Piece, parts: Path, batch_records: int) -> Done:
    """Transform a piece, or its first part where it takes long or says much, and keep the output in `parts`.

    Raises InvalidInput for input that cannot be split.
    """
    worker = _worker(spec)
    began_s = worker.clock.monotonic()
    work = _Work(worker)
    batches = _lines if spec.split == "Line" else _frames
    count, end, rows, held = 0, piece.end, 0, 0
    for records, reached in batches(work, piece, batch_records):
        count += records
        held += sum(map(len, work.rows[rows:]))
        rows = len(work.rows)
        if worker.tunes:
            worker.tuner.measured(records, work.calls_s)
            work.calls_s = 0.0
        if reached < piece.end and (held >= _MOST_HELD or worker.clock.monotonic() - began_s >= spec.slice_s):
            end = reached
            break
    ending = b"\n" if spec.assemble_line else b""
    body = b"".join(row + ending for row in work.rows if row or spec.split == "Line")
    seconds = worker.clock.monotonic() - began_s
    done = Done(
        Piece(piece.file, piece.start, end), count, work.requests, seconds, tuple(work.errors),
        worker.most(batch_records), piece,
    )  # fmt: skip
    keep(parts, done, body)
    return done


def _lines(work: _Work, piece: Piece, given: int) -> Iterator[tuple[int, int]]:
    """Transform lines batch by batch: how many each had, and the byte that was reached."""
    spec, path, reached = work.spec, work.spec.inputs[piece.file], piece.start
    if work.worker.shape.plain and spec.multi_record and spec.assemble_line:
        wanted = Wanted(spec.payload_bytes, lambda: work.worker.most(given))
        for at, body, count, reached in stretches(path, piece, wanted, work.worker.buffer):
            if 0 < spec.payload_bytes < len(body):
                work.batch([Raw(at, body)])
            else:
                work.plain(body, at, count)
            yield count, reached
    for start in range(reached, piece.end, _APART_BYTES):
        yield from _taken_apart(work, Piece(piece.file, start, min(piece.end, start + _APART_BYTES)), given)


def _taken_apart(work: _Work, piece: Piece, given: int) -> Iterator[tuple[int, int]]:
    """Transform lines that are not sent as they lie there."""
    lines, first = Lines.of(Block.read(work.spec.inputs[piece.file], piece)), 0
    while first < len(lines.at):
        last = lines.batch(first, work.spec.payload_bytes, work.worker.most(given))
        batch = zip(lines.at[first:last], lines.bodies[first:last], strict=True)
        work.batch([Raw(at, body) for at, body in batch])
        yield last - first, lines.begins(last)
        first = last


def _frames(work: _Work, piece: Piece, given: int) -> Iterator[tuple[int, int]]:
    spec = work.spec
    most = 1 if spec.split == "None" else work.worker.most(given)
    found = framed(spec.inputs[piece.file], piece, spec.split)
    begun, rest = piece.start, itertools.chain(found)
    for batch in groups(rest, spec.payload_bytes, most, 0):
        work.batch(batch)
        begun += sum(len(one.body) for one in batch)
        yield len(batch), piece.end if spec.split == "None" else begun


def _worker(spec: Spec) -> _Worker:
    """What this thread keeps, made once a job."""
    known: _Worker | None = getattr(_local, "worker", None)
    if known is None or known.spec != spec:
        fixed = 1 if not spec.multi_record else spec.batch_records
        known = _local.worker = _Worker(spec, Shape(spec), open_model(spec), SystemClock(), Tuner(fixed))
    return known
