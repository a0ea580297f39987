import numpy as np
import pytest
from tests.unit.demo import prompb

from trimtab.demo import remote_write
from trimtab.demo.block import Block

TIMES = 1_764_000_000_000 + np.arange(4) * 15_000
LABELS = ({"__name__": "up", "job": "a"}, {"job": "ü", "__name__": "up"})


def test_what_is_written_is_read_by_the_book() -> None:
    values = np.array([[1.0, 0.0, -2.5, 1e300], [np.nan, 1.0, np.nan, 2.0]])
    block = Block("1", [remote_write.series_head(labels) for labels in LABELS], TIMES, values)
    ((body, samples),) = remote_write.bodies([block])
    first, second = prompb.series(body)
    assert samples == 6
    assert (TIMES.tolist(), [1.0, 0.0, -2.5, 1e300]) == (first.times, first.values)
    assert (TIMES[[1, 3]].tolist(), [1.0, 2.0]) == (second.times, second.values)


def test_labels_are_sorted_as_the_specification_asks() -> None:
    assert [("__name__", "up"), ("job", "ü")] == prompb.labels(remote_write.series_head(LABELS[1]))


def test_a_series_without_samples_is_not_sent() -> None:
    block = Block("1", [remote_write.series_head(LABELS[0])], TIMES, np.full((1, 4), np.nan))
    assert [] == list(remote_write.bodies([block]))


def test_long_blocks_are_cut_into_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_write, "REQUEST_SAMPLES", 8)
    heads = [remote_write.series_head({"__name__": f"m{number}"}) for number in range(5)]
    found = list(remote_write.bodies([Block("1", heads, TIMES, np.ones((5, 4)))]))
    assert [8, 8, 4] == [samples for _, samples in found]
    assert 5 == sum(len(prompb.series(body)) for body, _ in found)


def test_metadata_tells_counters_that_their_names_do_not() -> None:
    body = remote_write.metadata([("tgi_request_success", True), ("slots_total", False)])
    assert {"tgi_request_success": 1, "slots_total": 2} == prompb.families(body)
