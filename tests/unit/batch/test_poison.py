"""Records that end their worker or get no answer: an error row each, and all others as if these were not there."""

import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import pytest

from trimtab.base.clock import SystemClock
from trimtab.base.records import replace
from trimtab.batch.climb import Tuner
from trimtab.batch.model import Done, Piece, Progress, Spec
from trimtab.batch.predict import Failed
from trimtab.batch.rows import Shape
from trimtab.batch.run import Means, run
from trimtab.batch.split import Raw
from trimtab.batch.transform import _Work, _Worker, transform

POISON = b"poison"


class Died(BaseException):
    """A worker's end: no model's error, which would be caught."""


def shout(body: bytes) -> bytes:
    """A model: it ends its process at some records."""
    if POISON in body:
        raise Died
    return body.upper()


class Fragile:
    """A backend in this process, of several workers that are all lost when one is."""

    lost = (BrokenProcessPool,)
    lost_together = True

    def __init__(self, spec: Spec, parts: Path) -> None:
        self.spec, self.parts, self.workers = spec, parts, 2
        self.deaths = 0
        self.open: list[Future[Done]] = []

    def submit(self, piece: Piece, batch_records: int) -> "Future[Done]":
        future: Future[Done] = Future()
        try:
            future.set_result(transform(self.spec, piece, self.parts, batch_records))
        except Died:
            self.deaths += 1
            future.set_exception(BrokenProcessPool("gone"))
        return future

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    monkeypatch.setitem(__import__("sys").modules, __name__, SimpleNamespace(shout=shout))
    lines = [b"record %d" % number for number in range(200)]
    lines[3] = lines[117] = lines[118] = POISON
    path = tmp_path / "in.txt"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return Spec((path,), tmp_path / "out", f"{__name__}:shout", "Line", content_type="text/plain", piece_bytes=512,
                workers=2, error_limit=3)  # fmt: skip


def ran(spec: Spec) -> tuple[Progress, Fragile]:
    made: list[Fragile] = []

    def backend(spec: Spec, parts: Path) -> Fragile:
        made.append(Fragile(spec, parts))
        return made[0]

    return run(spec, Means(backend=backend)), made[0]


def test_each_record_that_ends_its_worker_is_an_error_row_and_no_other_is(spec: Spec, tmp_path: Path) -> None:
    last, backend = ran(spec)
    assert ("Completed", 200, 3) == (last.status, last.records, last.errors)
    rows = (tmp_path / "out" / "in.txt.out").read_bytes().splitlines()
    bad = [number for number, row in enumerate(rows) if b"TrimtabError" in row]
    assert [3, 117, 118] == bad
    assert [b"RECORD %d" % number for number in range(200) if number not in bad] == [
        row for number, row in enumerate(rows) if number not in bad
    ]
    told = [json.loads(line) for line in (tmp_path / "out" / "in.txt.out.errors.jsonl").read_bytes().splitlines()]
    assert ["ended 3 times" in one["problem"] for one in told] == [True] * 3
    assert backend.deaths < 60


def test_they_count_against_the_limit(spec: Spec) -> None:
    last, _ = ran(replace(spec, error_limit=2))
    assert ("Failed", "more than 2 records failed") == (last.status, last.problem[:26])


def test_a_model_that_ends_every_worker_is_given_up(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(body: bytes) -> bytes:
        raise Died

    monkeypatch.setitem(__import__("sys").modules, __name__, SimpleNamespace(shout=dies))
    last, backend = ran(replace(spec, error_limit=1000, model=f"{__name__}:shout", batch_records=7))
    assert ("Failed", True) == (last.status, "workers died" in last.problem)
    assert backend.deaths < 90


def _work(spec: Spec, down: frozenset[bytes]) -> tuple[_Work, list[bytes]]:
    asked: list[bytes] = []

    def model(body: bytes) -> bytes:
        asked.append(body)
        if down & set(body.split(b"\n")):
            raise Failed("HTTP 500: it broke")
        return body.upper()

    plain = replace(spec, retries=1)
    worker = _Worker(plain, Shape(plain), model, SystemClock(), Tuner(100))
    return _Work(worker, pause=lambda _s: None), asked


def test_a_record_that_gets_no_answer_costs_its_neighbours_nothing(spec: Spec) -> None:
    records = [Raw(at, b"r%d" % at) for at in range(64)]
    work, _ = _work(spec, frozenset({b"r9", b"r40"}))
    work.batch(records)
    assert [9, 40] == sorted(one.at for one in work.errors)
    assert b"R10" == work.rows[10]


def test_a_model_that_is_down_is_not_asked_for_every_record(spec: Spec) -> None:
    records = [Raw(at, b"r%d" % at) for at in range(64)]
    work, asked = _work(spec, frozenset(one.body for one in records))
    work.batch(records)
    assert (64, True) == (len(work.errors), len(asked) < 25)
