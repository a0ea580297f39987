import gzip
import json
import math
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from trimtab.agent.scrape.config import Target, load
from trimtab.agent.scrape.fetch import Fetched, Fetcher, ScrapeFailed
from trimtab.agent.scrape.scrape import METADATA_EVERY_S, Scraper
from trimtab.agent.scrape.targets import Targets
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.records import replace
from trimtab.doors.prometheus.labels import read_labels
from trimtab.doors.prometheus.scan import scan_plain

LABELS = (("instance", "h:1"), ("job", "j"), ("rack", "r1"))
TARGET = Target("j", "http", "h:1", "/metrics", LABELS, 10, 5, False, True)
Row = tuple[dict[str, str], float, int]


def rows(request: bytes) -> list[Row]:
    scanned = scan_plain(request)
    labels = [read_labels(scanned.label_block(number)) for number in range(len(scanned.series))]
    return list(zip(labels, scanned.values.tolist(), scanned.times.tolist(), strict=True))


class Bench:
    """A scraper over pages that a test gives; `scrape` returns what it kept, by name of the metric."""

    def __init__(self, target: Target = TARGET) -> None:
        self.clock, self.page, self.failure = ManualClock(), "", ""
        self.kept: list[bytes] = []
        self.scraper = Scraper(target, self._fetch, self.clock, lambda request, _: self.kept.append(request))

    def _fetch(self) -> Fetched:
        self.clock.advance(0.25)
        if self.failure:
            raise ScrapeFailed(self.failure)
        return Fetched(self.page, False)

    def scrape(self, page: str = "", failure: str = "") -> list[Row]:
        self.page, self.failure = page, failure
        self.kept.clear()
        self.clock.advance(10)
        self.scraper.scrape()
        return [row for request in self.kept for row in rows(request)]


def named(found: list[Row]) -> dict[str, Row]:
    return {row[0]["__name__"]: row for row in found}


def test_samples_carry_the_targets_labels_and_the_time_of_the_scrape() -> None:
    bench = Bench()
    at_ms = bench.clock.now_ms() + 10_000
    found = named(bench.scrape('gpu{UUID="GPU-1"} 7\nold 3 1700000000000\n'))
    assert found["gpu"] == ({"__name__": "gpu", "UUID": "GPU-1", **dict(LABELS)}, 7.0, at_ms)
    assert found["old"][2] == 1_700_000_000_000
    assert found["up"] == ({"__name__": "up", **dict(LABELS)}, 1.0, at_ms)
    assert (found["scrape_duration_seconds"][1], found["scrape_samples_scraped"][1]) == (0.25, 2.0)


def test_times_of_the_page_may_be_ignored() -> None:
    bench = Bench(replace(TARGET, honor_timestamps=False))
    assert named(bench.scrape("old 3 1700000000000\n"))["old"][2] == bench.clock.now_ms() - 250


@pytest.mark.parametrize(
    ("honor", "expected"),
    [(False, {"job": "j", "exported_job": "inner", "rack": "r1"}), (True, {"job": "inner", "rack": "r1"})],
)
def test_a_label_that_both_set_is_the_files_unless_honoured(honor: bool, expected: dict[str, str]) -> None:
    found = named(Bench(replace(TARGET, honor_labels=honor)).scrape('a{job="inner"} 1\n'))["a"][0]
    assert found == {"__name__": "a", "instance": "h:1", **expected}


def test_a_series_that_goes_ends_with_a_stale_marker_once() -> None:
    bench = Bench()
    bench.scrape("a 1\nb 1\n")
    bits = struct.pack("<d", named(bench.scrape("a 1\n"))["b"][1])
    assert struct.unpack("<Q", bits) == (0x7FF0000000000002,)
    assert "b" not in named(bench.scrape("a 1\n"))


@pytest.mark.parametrize(("page", "failure"), [("", "HTTP 500 oops"), ("a{ 1\n", "")])
def test_a_scrape_that_fails_is_down_and_ends_every_series(
    page: str, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.scrape("a 1\n")
    for first in (True, False):
        found = named(bench.scrape(page, failure))
        assert found["up"][1] == 0
        assert ("a" in found) == first
        assert not first or math.isnan(found["a"][1])
    assert named(bench.scrape("a 2\n"))["a"][1] == 2
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]


def test_metadata_goes_with_the_first_scrape_and_again_after_a_while() -> None:
    bench = Bench()
    page = "# TYPE a counter\na 1\n"
    counts = []
    for after_s in (0, 0, METADATA_EVERY_S):
        bench.clock.advance(after_s)
        bench.scrape(page)
        counts.append(len(scan_plain(bench.kept[0]).others))
    assert counts == [1, 0, 1]


def fetch(address: str, **changes: Any) -> Fetched:
    fetcher = Fetcher(replace(TARGET, address=address, **changes), "1")
    try:
        return fetcher.fetch()
    finally:
        fetcher.close()


def test_a_page_is_fetched_with_its_credentials(exporter: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    assert fetch(exporter.address, authorization=("Bearer", "", str(token))) == Fetched("up_page 1\n", False)
    fetch(exporter.address, basic=("u", "p", ""), path="/x?y=1")
    first, second = exporter.requests
    assert first["Authorization"] == "Bearer secret"
    assert (second["Authorization"], second["path"]) == ("Basic dTpw", "/x?y=1")


def test_openmetrics_and_gzip_are_told_by_the_answer(exporter: Any) -> None:
    exporter.content_type, exporter.encoding = "application/openmetrics-text; version=1.0.0", "gzip"
    exporter.page = gzip.compress(b"a 1\n# EOF\n")
    assert fetch(exporter.address) == Fetched("a 1\n# EOF\n", True)


def test_what_is_wrong_with_a_page_is_told(exporter: Any) -> None:
    for status, page, encoding, message in (
        (503, b"", "", "HTTP 503"),
        (200, b"\xff", "", "not UTF-8"),
        (200, b"plain", "gzip", "not gzip"),
    ):
        exporter.status, exporter.page, exporter.encoding = status, page, encoding
        with pytest.raises(ScrapeFailed, match=message):
            fetch(exporter.address)


def test_a_target_that_is_away_is_told() -> None:
    with pytest.raises(ScrapeFailed, match="refused"):
        fetch("127.0.0.1:9")


def config(path: Path, *addresses: str) -> None:
    job = {"job_name": "a", "static_configs": [{"targets": list(addresses)}]}
    path.write_text(json.dumps({"global": {"scrape_interval": "100ms"}, "scrape_configs": [job]}))


def test_the_file_is_followed(exporter: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, kept, arrived = tmp_path / "scrape.yml", [], threading.Event()

    def add(request: bytes, _: int) -> None:
        kept.append(request)
        arrived.set()

    path.write_text("scrape_configs: []")
    targets = Targets(path, SystemClock(), "1", add)
    steps: list[Any] = [
        lambda: config(path, exporter.address),
        lambda: arrived.wait(20),
        lambda: path.write_text("scrape_configs: ["),
        lambda: [target.address for target in targets.running] == [exporter.address],
        lambda: path.write_text("[]"),
        lambda: True,
    ]

    def wait(_: float) -> bool:
        if not steps:
            return True
        assert steps.pop(0)() is not False
        return False

    targets.follow(wait)
    assert targets.running == ()
    assert named(rows(kept[0]))["up_page"][0]["instance"] == exporter.address
    assert [record.levelname for record in caplog.records if "as before" in record.getMessage()] == ["ERROR"]
    assert load(path).targets == ()
