"""Jobs from input to output: order, joins, failing records, and going on after an end."""

import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec
import pytest

from trimtab.base.errors import Conflict
from trimtab.base.records import replace
from trimtab.batch.model import Done, ErrorRow, Piece, Spec
from trimtab.batch.run import Means, run
from trimtab.batch.transform import transform


def double(body: bytes) -> bytes:
    """A model: a line for each line; it refuses a batch in which a record is negative."""
    values = [json.loads(line)["x"] for line in body.splitlines()]
    if min(values) < 0:
        raise ValueError("negative")
    return b"\n".join(json.dumps({"y": 2 * value}).encode() for value in values)


class Inline:
    """A backend that works at once, in this process, and can lose its worker or end after some pieces."""

    lost = (BrokenProcessPool,)
    lost_together = True
    workers = 1

    def __init__(self, spec: Spec, parts: Path, lose: int = -1) -> None:
        self.spec, self.parts, self.lose, self.begun = spec, parts, lose, 0

    def submit(self, piece: Piece, batch_records: int) -> "Future[Done]":
        future: Future[Done] = Future()
        self.begun += 1
        if self.begun == self.lose:
            future.set_exception(BrokenProcessPool("gone"))
        else:
            future.set_result(transform(self.spec, piece, self.parts, batch_records))
        return future

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


def _spec(tmp_path: Path, values: list[int], **options: object) -> Spec:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(json.dumps({"id": at, "x": x}).encode() + b"\n" for at, x in enumerate(values)))
    given = {"split": "Line", "piece_bytes": 64, "workers": 1, **options}
    return Spec((path,), tmp_path / "out", f"{__name__}:double", **given)  # type: ignore[arg-type]  # options as given


def _run(spec: Spec, monkeypatch: pytest.MonkeyPatch, lose: int = -1, stop_after: int = 10**9):  # type: ignore[no-untyped-def]  # Progress
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("types").SimpleNamespace(double=double))
    backends: list[Inline] = []

    def made(spec: Spec, parts: Path) -> Inline:
        backends.append(Inline(spec, parts, lose))
        return backends[-1]

    return run(spec, Means(backend=made, stop=lambda: bool(backends) and backends[0].begun >= stop_after))


def _rows(spec: Spec) -> list[dict[str, object]]:
    return [json.loads(line) for line in (spec.output / "in.jsonl.out").read_bytes().splitlines()]


def test_output_has_the_order_of_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = _spec(tmp_path, list(range(50)))
    last = _run(spec, monkeypatch)
    assert ("Completed", 50, 0) == (last.status, last.records, last.errors)
    assert [{"y": 2 * value} for value in range(50)] == _rows(spec)
    assert ["in.jsonl.out"] == [one.name for one in spec.output.iterdir()]


def test_a_row_is_joined_with_its_input_and_filtered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = {"input_filter": "$['x']", "output_filter": "$['id','SageMakerOutput']", "join_input": True}
    spec = _spec(tmp_path, [3, 4], **{**filters, "input_filter": "$"})
    _run(spec, monkeypatch)
    assert [{"id": 0, "SageMakerOutput": {"y": 6}}, {"id": 1, "SageMakerOutput": {"y": 8}}] == _rows(spec)


def test_a_record_that_fails_leaves_a_row_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = _spec(tmp_path, [1, -1, 2, 3, -5], error_limit=2, piece_bytes=1000)
    last = _run(spec, monkeypatch)
    failed = {"TrimtabError": "ValueError: negative"}
    assert [{"y": 2}, failed, {"y": 4}, {"y": 6}, failed] == _rows(spec)
    errors = [msgspec.json.decode(line, type=ErrorRow) for line in
              (spec.output / "in.jsonl.out.errors.jsonl").read_bytes().splitlines()]  # fmt: skip
    body = spec.inputs[0].read_bytes()
    assert [1, 4] == [json.loads(body[one.at :].splitlines()[0])["id"] for one in errors]
    assert 2 == last.errors


def test_more_failures_than_the_limit_fail_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = _run(_spec(tmp_path, [1, -1, -2, 3], error_limit=1), monkeypatch)
    assert "Failed" == last.status
    assert "more than 1 records failed" in last.problem


def test_a_job_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = _spec(tmp_path, list(range(60)))
    first = _run(spec, monkeypatch, stop_after=4)
    assert ("Stopped", 4) == (first.status, first.pieces_done)
    second = _run(spec, monkeypatch)
    assert ("Completed", 4) == (second.status, second.pieces_kept)
    assert [{"y": 2 * value} for value in range(60)] == _rows(spec)


def test_a_lost_worker_loses_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = _spec(tmp_path, list(range(40)))
    assert "Completed" == _run(spec, monkeypatch, lose=3).status
    assert [{"y": 2 * value} for value in range(40)] == _rows(spec)


def test_a_piece_that_takes_long_is_given_back_and_its_output_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = _spec(tmp_path, list(range(60)), slice_s=0.0, piece_bytes=1 << 20, batch_records=7, error_limit=1)
    last = _run(spec, monkeypatch)
    assert ("Completed", 60, 9) == (last.status, last.records, last.pieces_done)
    assert [{"y": 2 * value} for value in range(60)] == _rows(spec)


def test_the_parts_of_another_job_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = _spec(tmp_path, list(range(60)))
    _run(spec, monkeypatch, stop_after=2)
    with pytest.raises(Conflict, match="another job"):
        _run(replace(spec, join_input=True), monkeypatch)
