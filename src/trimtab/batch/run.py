"""A job from its input to its output: pieces begin where a worker is free, are kept, and are put together at the end.

One queue of small pieces serves all workers, whatever file they are of: none waits while another has a long file left.
A worker whose piece takes long gives the rest of it back, and where workers are free they share it.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct, field

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.base.whole_file import write_whole
from trimtab.batch.backend import Backend, local
from trimtab.batch.checkpoint import assemble, finish, finished, forget, kept, open_parts, output_of
from trimtab.batch.climb import Climb
from trimtab.batch.model import Done, Piece, Progress, Spec
from trimtab.batch.poison import Suspects, error_row
from trimtab.batch.split import pieces as pieces_of
from trimtab.batch.split import shared

_LOOK_S = 0.5
_WINDOW_S = 1.0  # the least time over which throughput is compared
_MOST_LOSSES = (
    40  # times in a row that workers may be lost: a record that ends them costs about twenty until it is found
)
_MOST_SHOWN = 10  # errors that progress tells of
_LEAST_SHARE = 16 << 10  # bytes below which the rest of a piece is not shared out


class Means(Struct, frozen=True):
    """What a run is given. `stop` is asked twice a second; `per_hour` is what the workers' machine costs."""

    said: Callable[[Progress], None] = lambda _progress: None
    stop: Callable[[], bool] = lambda: False
    backend: Callable[[Spec, Path], Backend] = local
    clock: Clock = field(default_factory=SystemClock)
    per_hour: Decimal | None = None
    currency: str = "USD"


class _Job(Struct):
    """A job under way. `total` and `finished` in bytes, `resumed` those that were finished before; `fresh` is since."""

    spec: Spec
    means: Means
    parts: Path
    left: deque[Piece]
    done: dict[str, Done]
    climb: Climb
    began_s: float
    total: int = 0
    resumed: int = 0
    kept: int = 0
    losses: int = 0
    suspects: Suspects = field(default_factory=Suspects)
    window: tuple[float, int] = (0.0, 0)
    records: int = 0
    errors: int = 0
    first_errors: list[str] = field(default_factory=list)
    requests: int = 0
    finished: int = 0
    fresh: int = 0
    fresh_records: int = 0
    batch: int = 0

    def count(self, one: Done) -> None:
        """Add a finished piece."""
        self.done[one.piece.name] = one
        self.finished += one.piece.end - one.piece.start
        self.records += one.records
        self.errors += len(one.errors)
        self.requests += one.requests
        for error in one.errors[: _MOST_SHOWN - len(self.first_errors)]:
            where = self.spec.inputs[one.piece.file].name
            self.first_errors.append(f"{where}, byte {error.at:,}: {error.problem}")

    def progress(self, status: str, problem: str = "", outputs: tuple[str, ...] = ()) -> Progress:
        clock_s = self.means.clock.monotonic() - self.began_s
        speed = (self.finished - self.resumed) / clock_s if clock_s > 0 else 0.0
        per_hour = self.means.per_hour
        return Progress(
            status=status,
            bytes_total=self.total,
            bytes_done=self.finished,
            pieces_total=len(self.done) + len(self.left),
            pieces_done=len(self.done),
            pieces_kept=self.kept,
            records=self.records,
            errors=self.errors,
            requests=self.requests,
            seconds=round(clock_s, 3),
            records_per_s=round(self.fresh_records / clock_s, 2) if clock_s > 0 else 0.0,
            workers=self.climb.workers,
            batch_records=self.batch or self.climb.batch,
            eta_s=round((self.total - self.finished) / speed, 1) if speed > 0 else None,
            cost=None if per_hour is None else f"{per_hour * Decimal(str(clock_s)) / 3600:.6f}",
            currency=self.means.currency if per_hour is not None else "",
            problem=problem,
            outputs=outputs,
            bytes_kept=self.resumed,
            records_kept=self.records - self.fresh_records,
            first_errors=tuple(self.first_errors),
        )

    def take(self, one: Done, free: int) -> None:
        """A piece is finished, or its first part: the rest waits again, shared where `free` workers have nothing."""
        self.count(one)
        self.fresh += 1
        self.fresh_records += one.records
        self.batch, self.losses = one.batch_records, 0
        self.suspects.passed(one.asked or one.piece)
        if one.asked is not None and one.asked.end > one.piece.end:
            rest = Piece(one.piece.file, one.piece.end, one.asked.end)
            lines = self.spec.split == "Line" and len(self.left) < free
            self.left.extendleft(reversed(shared(rest, free, _LEAST_SHARE) if lines else [rest]))
        now_s, (since_s, before) = self.means.clock.monotonic(), self.window
        enough = self.fresh % max(1, self.climb.workers) == 0 and now_s - since_s >= _WINDOW_S
        if enough and (not self.spec.is_url or one.batch_records == self.climb.batch):
            self.climb.measured((self.fresh_records - before) / (now_s - since_s))
            self.window = now_s, self.fresh_records

    def over_limit(self) -> bool:
        return self.errors > self.spec.error_limit

    def limit_passed(self) -> str:
        first = next(error for one in self.done.values() for error in one.errors)
        return f"more than {self.spec.error_limit} records failed; the first: {first.problem}"


def run(spec: Spec, means: Means | None = None) -> Progress:
    """Run a job, or go on with it. The progress's status is Completed, Stopped or Failed.

    Raises InvalidInput for input that cannot be split, Conflict for an output folder of another job.
    """
    means = means or Means()
    if not spec.inputs:
        raise InvalidInput("cannot transform nothing: there are no input files")
    parts = open_parts(spec)
    job = _job(spec, means, parts)
    if not finished(parts, spec):
        backend = means.backend(spec, parts)
        try:
            problem = _transform(job, backend)
        finally:
            backend.close()
        if problem or job.left:
            last = job.progress("Failed" if problem else "Stopped", problem)
            means.said(last)
            return last
        _finish(job)
    outputs = tuple(str(output_of(spec, number)) for number in range(len(spec.inputs)))
    last = replace(job.progress("Completed", outputs=outputs), eta_s=0.0)
    forget(parts)
    means.said(last)
    return last


def _job(spec: Spec, means: Means, parts: Path) -> _Job:
    done = kept(parts)
    found = deque(pieces_of(spec, [one.piece for one in done.values()]))
    climb = Climb(1, 1 if not spec.multi_record else spec.batch_records)
    now_s = means.clock.monotonic()
    job = _Job(spec, means, parts, found, {}, climb, now_s, window=(now_s, 0))
    for one in done.values():
        job.count(one)
    job.kept, job.resumed = len(done), job.finished
    job.total = sum(one.stat().st_size for one in spec.inputs)
    return job


def _climb(job: _Job, backend: Backend) -> None:
    """What is to be found: of a URL how many requests and records at once, of a function nothing here.

    There is a worker for each core, and each finds its own batch.
    """
    climb = job.climb
    climb.most_workers = backend.workers
    if not job.spec.is_url:
        climb.workers = backend.workers
        climb.settled |= {"workers", "batch"}
    elif climb.most_workers > climb.workers:
        climb.settled.discard("workers")


def _transform(job: _Job, backend: Backend) -> str:
    """Transform what is left; the problem that ends it, or nothing."""
    _climb(job, backend)
    running: dict[Future[Done], Piece] = {}
    while job.left or running:
        if job.over_limit() or job.means.stop():
            job.left.extend(running.values())
            break
        _begin(job, backend, running)
        job.means.said(job.progress("InProgress"))  # while workers work
        finished_, _ = wait(running, _LOOK_S, FIRST_COMPLETED)
        lost = []
        for one in finished_:
            problem = one.exception()
            if problem is None:
                del running[one]
                job.take(one.result(), job.climb.workers - len(running))
            elif isinstance(problem, backend.lost):
                lost.append(one)
            else:
                raise problem
        if lost and not _again(job, backend, running, lost):
            return f"workers died {job.losses} times: the model ends its process, or memory is short"
    return job.limit_passed() if job.over_limit() else ""


def _begin(job: _Job, backend: Backend, running: dict[Future[Done], Piece]) -> None:
    """Give pieces to workers that are free."""
    if not job.spec.is_url:
        job.climb.workers = backend.workers  # a cluster's grow and shrink
    while job.left and len(running) < job.climb.workers:
        if job.suspects.must_wait(job.left[0], list(running.values())):
            return
        piece = job.left.popleft()
        running[backend.submit(piece, job.climb.batch)] = piece


def _again(job: _Job, backend: Backend, running: dict[Future[Done], Piece], lost: list[Future[Done]]) -> bool:
    """Put the pieces of lost workers first again; whether there is still hope."""
    job.losses += 1
    gone = list(running) if backend.lost_together else lost
    pieces, again = [running.pop(one) for one in gone], []
    for piece in pieces:
        instead = job.suspects.lost(piece, len(pieces) == 1 and not running, job.spec)
        again += instead
        if not instead:
            job.count(error_row(job.spec, piece, job.parts))
    job.left.extendleft(sorted(again, key=lambda piece: piece.name, reverse=True))
    if job.losses <= _MOST_LOSSES:
        backend.renew()
    return job.losses <= _MOST_LOSSES


def _finish(job: _Job) -> None:
    """Put every file together and write what failed; then the job is done, whatever happens."""
    for number in range(len(job.spec.inputs)):
        mine = sorted((one for one in job.done.values() if one.piece.file == number), key=lambda one: one.piece.start)
        target = output_of(job.spec, number)
        assemble(job.parts, [one.piece for one in mine], target)
        errors = [error for one in mine for error in one.errors]
        if errors:
            body = b"".join(msgspec.json.encode(one) + b"\n" for one in errors)
            write_whole(target.with_name(f"{target.name}.errors.jsonl"), body)
    finish(job.parts, job.spec)
