"""Two batch jobs of the search team: records that the batch runner itself took through a model, on simulated machines.

Pieces, retries, error rows and the limit are the product's own; only how long a record takes is made up, on a clock
that moves by it. One job completed with a few records that its model refuses, one was ended by its limit of them.
"""

import json
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

from trimtab.base.clock import ManualClock
from trimtab.base.typed import convert
from trimtab.batch.model import Done, Piece, Progress, Spec
from trimtab.batch.report import About, report
from trimtab.batch.run import Means, run
from trimtab.batch.transform import transform
from trimtab.client import batch_wire as wire
from trimtab.client.api import Client
from trimtab.client.batch import BatchJobs
from trimtab.demo.world import World

MACHINE = "g6.xlarge"
_HOUR_MS = 3_600_000


class Planted(Struct, frozen=True):
    """A job of so many records, 90 % of them in one of `files`; one in `bad` is broken, a worker takes `record_ms`."""

    name: str
    model: str
    records: int
    bad: int
    limit: int
    files: int
    record_ms: float
    ago_h: float
    instances: int = 1


COMPLETED = Planted("catalogue-embeddings", "embed-minilm", 9000, 3000, 10, 6, 95.0, 5.0, 2)
FAILED = Planted("review-scores", "review-scorer", 4000, 40, 20, 4, 60.0, 22.0)


def put_batch_jobs(client: Client, world: World) -> None:
    """Report the jobs that are not there yet."""
    api = BatchJobs(client)
    there = {one.report.name for one in api.listed()}
    for one in (COMPLETED, FAILED):
        if one.name not in there:
            api.report(ran(one, began_ms(one, world)))


def began_ms(one: Planted, world: World) -> int:
    """When a job began."""
    return world.anchor_ms - round(one.ago_h * _HOUR_MS)


def ran(one: Planted, start_ms: int) -> wire.Report:
    """Run a job, as `trimtab batch run` does; its last report."""
    with TemporaryDirectory(prefix="trimtab-demo-") as folder:
        spec = Spec(
            tuple(_files(one, Path(folder))), Path(folder) / "out", f"{__name__}:score", "Line", batch_records=64,
            error_limit=one.limit, piece_bytes=32 << 10, workers=2,
        )  # fmt: skip
        clock = ManualClock(start_ms)
        last = run(spec, Means(backend=lambda spec, parts: Simulated(spec, parts, one, clock), clock=clock))
    return _told(one, last, start_ms)


class Simulated:
    """A backend in this process whose machines take `record_ms` a record, by its clock."""

    lost: tuple[type[BaseException], ...] = ()
    lost_together = False

    def __init__(self, spec: Spec, parts: Path, one: Planted, clock: ManualClock) -> None:
        self._spec, self._parts, self._one, self._clock = spec, parts, one, clock
        self.workers = 2 * one.instances

    def submit(self, piece: Piece, batch_records: int) -> "Future[Done]":
        """Transform a piece at once; the clock moves by its share of all workers' time."""
        future: Future[Done] = Future()
        done = transform(self._spec, piece, self._parts, batch_records)
        self._clock.advance(done.records * self._one.record_ms / 1000 / self.workers)
        future.set_result(done)
        return future

    def renew(self) -> None:
        """Nothing is lost."""

    def close(self) -> None:
        """Nothing is open."""


def score(body: bytes) -> bytes:
    """The model: a number for each text; it refuses what is no JSON. Raises ValueError."""
    texts = [json.loads(line)["text"] for line in body.split(b"\n")]
    return b"\n".join(b'{"score":%.3f}' % (sum(map(ord, text)) % 997 / 997) for text in texts)


def _files(one: Planted, folder: Path) -> Iterator[Path]:
    dice = random.Random(one.name)  # noqa: S311 - it makes up texts
    few = one.records // (10 * (one.files - 1))
    for number in range(one.files):
        count = few if number else one.records - few * (one.files - 1)
        lines = []
        for line in range(count):
            words = " ".join(dice.choice(("soft", "blue", "shoe", "lamp", "fits", "worn", "good")) for _ in range(8))
            broken = (line + 1) % one.bad == 0
            lines.append(f'{{"id":{line},"text":"{words}"' + ("" if broken else "}"))
        path = folder / f"part-{number:02d}.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        yield path


def _told(one: Planted, last: Progress, start_ms: int) -> wire.Report:
    about = About(
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"trimtab-demo/{one.name}")), one.name, start_ms, f"http://{one.model}:8080",
        f"s3://search-lake/{one.name}/in/", f"s3://search-lake/{one.name}/out/", "search-batch-1", "threads", MACHINE,
        one.instances,
    )  # fmt: skip
    return convert(msgspec.to_builtins(report(about, last)), wire.Report)
