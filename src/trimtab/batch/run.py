"""A job from its input to its output: pieces begin where a worker is free, are kept, and are put together at the end.

One queue of small pieces serves all workers, whatever file they are of: none waits while another has a long file left.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import msgspec

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.batch.backend import LOST, Backend, local, workers_of
from trimtab.batch.checkpoint import assemble, finish, finished, forget, kept, open_parts, output_of, write_whole
from trimtab.batch.climb import Climb
from trimtab.batch.model import Done, Piece, Progress, Spec
from trimtab.batch.split import pieces as pieces_of

_LOOK_S = 0.5
_WINDOW_S = 1.0  # the least time over which throughput is compared
_MOST_LOSSES = 20  # times that workers may be lost before the job is given up


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is given. `stop` is asked twice a second; `per_hour` is what the workers' machine costs."""

    said: Callable[[Progress], None] = lambda _progress: None
    stop: Callable[[], bool] = lambda: False
    backend: Callable[[Spec, Path], Backend] = local
    clock: Clock = field(default_factory=SystemClock)
    per_hour: Decimal | None = None
    currency: str = "USD"


@dataclass(slots=True)
class _Job:
    spec: Spec
    means: Means
    parts: Path
    pieces: list[Piece]
    done: dict[str, Done]
    climb: Climb
    began_s: float
    resumed: int = 0
    seen: int = 0
    losses: int = 0
    window: tuple[float, int] = (0.0, 0)
    records: int = 0

    def progress(self, status: str, problem: str = "", outputs: tuple[str, ...] = ()) -> Progress:
        clock_s = self.means.clock.monotonic() - self.began_s
        total = sum(one.end - one.start for one in self.pieces)
        finished = sum(one.piece.end - one.piece.start for one in self.done.values())
        earlier = self.resumed
        speed = (finished - earlier) / clock_s if clock_s > 0 else 0.0
        per_hour = self.means.per_hour
        return Progress(
            status=status,
            bytes_total=total,
            bytes_done=finished,
            pieces_total=len(self.pieces),
            pieces_done=len(self.done),
            pieces_kept=len(self.done) - self.seen,
            records=sum(one.records for one in self.done.values()),
            errors=sum(len(one.errors) for one in self.done.values()),
            requests=sum(one.requests for one in self.done.values()),
            seconds=round(clock_s, 3),
            records_per_s=round(self.records / clock_s, 2) if clock_s > 0 else 0.0,
            workers=self.climb.workers,
            batch_records=self.climb.batch,
            eta_s=round((total - finished) / speed, 1) if speed > 0 else None,
            cost=None if per_hour is None else f"{per_hour * Decimal(str(clock_s)) / 3600:.6f}",
            currency=self.means.currency if per_hour is not None else "",
            problem=problem,
            outputs=outputs,
        )

    def take(self, one: Done) -> None:
        """A piece is finished."""
        self.done[one.piece.name] = one
        self.seen += 1
        self.records += one.records
        now_s, (since_s, before) = self.means.clock.monotonic(), self.window
        enough = self.seen % max(1, self.climb.workers) == 0 and now_s - since_s >= _WINDOW_S
        if enough and one.batch_records == self.climb.batch:
            self.climb.measured((self.records - before) / (now_s - since_s))
            self.window = now_s, self.records

    def over_limit(self) -> bool:
        return sum(len(one.errors) for one in self.done.values()) > self.spec.error_limit

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
    parts, found = open_parts(spec), pieces_of(spec)
    job = _job(spec, means, parts, found)
    if not finished(parts, spec):
        backend = means.backend(spec, parts)
        try:
            problem = _transform(job, backend)
        finally:
            backend.close()
        if problem or len(job.done) < len(found):
            last = job.progress("Failed" if problem else "Stopped", problem)
            means.said(last)
            return last
        _finish(job)
    outputs = tuple(str(output_of(spec, number)) for number in range(len(spec.inputs)))
    last = replace(job.progress("Completed", outputs=outputs), eta_s=0.0)
    forget(parts, found)
    means.said(last)
    return last


def _job(spec: Spec, means: Means, parts: Path, found: list[Piece]) -> _Job:
    done = kept(parts, found)
    most = workers_of(spec)
    climb = Climb(most, 1 if not spec.multi_record else spec.batch_records)
    if not spec.is_url:  # local processes: one for each core is right, and there is no queue to learn of
        climb.workers = most
        climb.settled.add("workers")
    now_s = means.clock.monotonic()
    job = _Job(spec, means, parts, found, done, climb, now_s, window=(now_s, 0))
    job.resumed = sum(one.piece.end - one.piece.start for one in done.values())
    return job


def _transform(job: _Job, backend: Backend) -> str:
    """Transform what is left; the problem that ends it, or nothing."""
    left = deque(one for one in job.pieces if one.name not in job.done)
    running: dict[Future[Done], Piece] = {}
    while left or running:
        if job.over_limit() or job.means.stop():
            break
        while left and len(running) < job.climb.workers:
            piece = left.popleft()
            running[backend.submit(piece, job.climb.batch)] = piece
        finished_, _ = wait(running, _LOOK_S, FIRST_COMPLETED)
        lost = False
        for one in finished_:
            problem = one.exception()
            if problem is None:
                del running[one]
                job.take(one.result())
            elif isinstance(problem, LOST):
                lost = True
            else:
                raise problem
        if lost:
            job.losses += 1
            if job.losses > _MOST_LOSSES:
                return f"workers died {job.losses} times: the model ends its process, or memory is short"
            left.extendleft(sorted(running.values(), key=lambda piece: piece.name, reverse=True))
            running.clear()
            backend.renew()
        job.means.said(job.progress("InProgress"))
    return job.limit_passed() if job.over_limit() else ""


def _finish(job: _Job) -> None:
    """Put every file together and write what failed; then the job is done, whatever happens."""
    for number in range(len(job.spec.inputs)):
        mine = [one for one in job.pieces if one.file == number]
        target = output_of(job.spec, number)
        assemble(job.parts, mine, target)
        errors = [error for one in mine for error in job.done[one.name].errors]
        if errors:
            body = b"".join(msgspec.json.encode(one) + b"\n" for one in errors)
            write_whole(target.with_name(f"{target.name}.errors.jsonl"), body)
    finish(job.parts, job.spec)
