"""Every HTTP door is counted: by class of status, with how long answers took."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from trimtab.base.clock import ManualClock
from trimtab.doors.door_watch import BUCKETS_S, DoorWatch, Watched


class Site:
    """Answers with what it is told, after so many seconds of the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.status, self.seconds, self.seen = clock, 200, 0.0, 0
        self.fault: Exception | None = None
        self.watch: DoorWatch | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.clock.advance(self.seconds)
        if self.watch is not None:
            self.seen = sum(one.under_way for one in self.watch.counts.values())
        if self.fault is not None:
            raise self.fault
        if self.status:
            await send({"type": "http.response.start", "status": self.status, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def ask(app: Watched, path: str, kind: str = "http") -> None:
    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(app({"type": kind, "path": path, "method": "GET", "headers": []}, nothing, nothing))


@pytest.fixture
def site() -> Site:
    return Site(ManualClock())


@pytest.fixture
def app(site: Site) -> Watched:
    site.watch = DoorWatch(site.clock, lambda scope: scope["path"] == "/aws")
    return Watched(site, site.watch)


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/", "pages"),
        ("/rest/v1/keys", "rest"),
        ("/v1/metrics", "otlp"),
        ("/api/v1/write", "prometheus"),
        ("/aws", "aws"),
        ("/readyz", "probes"),
        ("/metrics", "probes"),
    ],
)
def test_a_request_is_of_a_door(app: Watched, path: str, door: str) -> None:
    ask(app, path)
    assert list(app.watch.counts) == [door]


def test_answers_are_counted_by_class_of_status_and_by_time(app: Watched, site: Site) -> None:
    for status, seconds in ((200, 0.0), (204, BUCKETS_S[0] - 0.001), (404, 0.2), (503, 100.0), (0, 0.0)):
        site.status, site.seconds = status, seconds
        ask(app, "/x")
    (found,) = app.watch.counts.values()
    assert found.answers == Counter({"2xx": 2, "4xx": 1, "5xx": 1, "none": 1})
    assert (found.buckets[0], found.buckets[5], found.buckets[-1], sum(found.buckets)) == (3, 1, 1, 5)
    assert found.seconds == pytest.approx(100.204)
    assert (site.seen, found.under_way) == (1, 0)


def test_a_fault_is_an_error_of_its_door_and_goes_on(app: Watched, site: Site) -> None:
    site.fault = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        ask(app, "/x")
    (found,) = app.watch.counts.values()
    assert (found.answers, found.under_way) == (Counter({"5xx": 1}), 0)


def test_what_is_no_request_is_passed_on(app: Watched) -> None:
    ask(app, "", "lifespan")
    assert app.watch.counts == {}
