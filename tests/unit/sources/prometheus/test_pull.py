"""The pull over a source made up here: what is asked for, what is written, what counts as done."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.agent.scrape.remote_write import Metadata
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.doors.prometheus.labels import read_labels
from trimtab.doors.prometheus.scan import scan_plain
from trimtab.sources.prometheus import pull as pull_module
from trimtab.sources.prometheus.api import TooHeavy
from trimtab.sources.prometheus.cursor import Cursor
from trimtab.sources.prometheus.pull import SETTLE_MS, Parts, Pull
from trimtab.sources.prometheus.read import Read
from trimtab.sources.prometheus.selector import Selector, parse

HOUR = 3_600_000
NOW = 1_764_000_000_000
Got = set[tuple[str, int, float]]


class Source:
    """Two metrics with a sample each minute; a query of more than `most` samples is too heavy."""

    longest_ms = 24 * HOUR
    interval_ms = 60_000.0

    def __init__(self, most: int = 10**9) -> None:
        self.most = most
        self.asked: list[tuple[str, int, int]] = []
        self.names = {"up": 1.0, "served_total": 2.0}

    def count(self, selector: Selector, start_ms: int, end_ms: int) -> dict[str, int]:
        return dict.fromkeys(self.names, 1)

    def read(self, selector: Selector, start_ms: int, end_ms: int) -> Iterator[Read]:
        self.asked.append((selector.text, start_ms, end_ms))
        times = range(-(-start_ms // 60_000) * 60_000, end_ms, 60_000)
        if len(times) > self.most:
            raise TooHeavy("too many samples")
        for name, value in self.names.items():
            if name in selector.text:
                yield Read({"__name__": name, "job": "j"}, [(ms, value) for ms in times])


class Bench:
    def __init__(self, directory: Path, source: Source, rate: float = 1e9) -> None:
        self.clock, self.source = ManualClock(NOW), source
        self.cursor = Cursor(directory, "http://p", ["{}"], "http://t", "")
        self.requests: list[bytes] = []
        self.waits: list[float] = []
        self.fail_at: int | None = None
        families = {"served": Metadata("served", "counter")}
        selectors = [parse('{job="j"}')]
        parts = Parts(
            source, selectors, families, self._write, self.cursor, self.clock, self._wait, rate, window_ms=2 * HOUR
        )
        self.pull = Pull(parts)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def _write(self, request: bytes) -> None:
        if self.fail_at is not None and len(self.requests) >= self.fail_at:
            raise Unavailable("gone")
        self.requests.append(request)

    def got(self) -> list[tuple[str, int, float]]:
        found = []
        for request in self.requests:
            scanned = scan_plain(request)
            at = 0
            for number, end in enumerate(scanned.series[:, 3].tolist()):
                name = read_labels(scanned.label_block(number))["__name__"]
                rows = zip(scanned.times[at:end].tolist(), scanned.values[at:end].tolist(), strict=True)
                found += [(name, ms, value) for ms, value in rows]
                at = end
        return found


def expected(start_ms: int, end_ms: int) -> Got:
    times = range(-(-start_ms // 60_000) * 60_000, end_ms, 60_000)
    return {(name, ms, value) for name, value in Source().names.items() for ms in times}


def test_history_is_read_newest_first_each_sample_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source())
    bench.pull.history(NOW - 9 * HOUR, NOW)
    assert set(bench.got()) == expected(NOW - 9 * HOUR, NOW)
    assert len(bench.got()) == len(set(bench.got())) == bench.pull.totals.samples
    starts = [start for _, start, _ in bench.source.asked]
    assert starts == sorted(starts, reverse=True)


def test_what_is_done_is_not_read_again_but_for_the_youngest(tmp_path: Path) -> None:
    Bench(tmp_path, Source()).pull.history(NOW - 9 * HOUR, NOW)
    again = Bench(tmp_path, Source())
    assert again.cursor.covered == [(NOW - 9 * HOUR, NOW - SETTLE_MS)]
    again.pull.history(NOW - 10 * HOUR, NOW)
    assert set(again.got()) == expected(NOW - 10 * HOUR, NOW - 9 * HOUR) | expected(NOW - SETTLE_MS, NOW)


def test_a_write_that_fails_leaves_its_window_to_be_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source())
    bench.fail_at = 3
    with pytest.raises(Unavailable):
        bench.pull.history(NOW - 9 * HOUR, NOW)
    again = Bench(tmp_path, Source())
    again.pull.history(NOW - 9 * HOUR, NOW)
    assert {*bench.got(), *again.got()} == expected(NOW - 9 * HOUR, NOW)


def test_a_query_that_is_too_heavy_is_halved_until_it_is_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source(most=20))
    bench.pull.history(NOW - 4 * HOUR, NOW)
    assert set(bench.got()) == expected(NOW - 4 * HOUR, NOW)
    assert len(bench.got()) == len(set(bench.got()))


def test_one_that_stays_too_heavy_ends_it(tmp_path: Path) -> None:
    with pytest.raises(TooHeavy):
        Bench(tmp_path, Source(most=-1)).pull.history(NOW - HOUR, NOW)


def test_queries_have_a_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_module, "QUERY_SAMPLES", 30)
    bench = Bench(tmp_path, Source())
    bench.pull.history(NOW - 4 * HOUR, NOW)
    assert set(bench.got()) == expected(NOW - 4 * HOUR, NOW)
    assert all(end - start <= 31 * 60_000 for _, start, end in bench.source.asked)
    assert all(("up" in text) != ("served_total" in text) for text, _, _ in bench.source.asked)


def test_metadata_goes_with_what_it_is_about(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source())
    bench.pull.history(NOW - HOUR, NOW)
    assert sum(len(scan_plain(request).others) for request in bench.requests) == len(bench.requests)


def test_the_rate_is_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source(), rate=10)
    bench.pull.history(NOW - 9 * HOUR, NOW)
    assert sum(bench.waits) == pytest.approx(len(bench.got()) / 10, rel=0.05)


def test_progress_reaches_the_end_of_each_window(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source())
    steps: list[tuple[tuple[int, int], float]] = []
    bench.pull.on_step = lambda span, share: steps.append((span, share))
    bench.pull.history(NOW - 4 * HOUR, NOW)
    assert {span for span, share in steps if share == 1.0} == {span for span, _ in steps}


def test_following_sends_what_is_new_once_and_late_samples_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Source())
    bench.pull.history(NOW - HOUR, NOW)
    bench.requests.clear()
    steps = iter([False] * 5 + [True])

    def stop(seconds: float) -> bool:
        bench.clock.advance(30)
        return next(steps)

    bench.pull.follow(NOW - HOUR, 30, stop)
    assert set(bench.got()) == expected(NOW - SETTLE_MS, NOW + 150_000)
    assert len(bench.got()) == len(set(bench.got()))
    assert bench.cursor.covered[-1][1] == NOW + 150_000 - SETTLE_MS
