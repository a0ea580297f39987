"""One truth: every figure of the register is the same number on pages, in REST, commands, `/metrics`, datasets, reports
and, where AWS has it, Cost Explorer and AWS Budgets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from live_server import LiveServer
from trimtab.client.api import Client
from wire.figures import now_places
from wire.figures.organisation import KEEL, SAIL, SPAR, Days, founded, pages_know_hosts, reporting, scrapes_know_gpus
from wire.figures.places import NOT_WALKED, OF_NOW, OF_RANGES, PLACES
from wire.figures.reading import Site, Span
from wire.figures.walk import uncovered, walk

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def days() -> Days:
    return Days.until(datetime.now(UTC))


@pytest.fixture(scope="module")
def server(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One of its own. It starts anew once it has everything, so that `/metrics` has it after seconds, not a minute."""
    folder = tmp_path_factory.mktemp("walk")
    live = LiveServer(folder / "data").start()
    founded(live, days, folder)
    live.restart()
    scrapes_know_gpus(live.url)
    yield live
    live.stop()


def test_every_figure_has_two_places_or_a_reason() -> None:
    assert [] == uncovered(PLACES, NOT_WALKED)


def test_what_is_shown_of_now_is_one_number(server: LiveServer, days: Days) -> None:
    with Client(server.url) as client:
        reporting(client)
    span = Span(days.first, days.last)
    pages_know_hosts(server.url)
    with Site(server.url) as site:
        assert "" == "\n".join(walk(site, [span], OF_NOW, {}))
        assert "" == "\n".join(walk(site, [span], now_places.PLACES, {}))


def test_what_is_shown_of_a_range_is_one_number(server: LiveServer, days: Days) -> None:
    hour = timedelta(hours=1)
    spans = Span(days.first, days.last), Span(days.first + 6 * hour, days.first + 39 * hour)
    known = {"runs_alone": frozenset({KEEL, SAIL, SPAR}), "billed": ("i-0cloud", "i-0alone")}
    month = days.today.replace(day=1)
    without = {"budget_forecast": "nothing of the running month is billed yet"} if days.last <= month else {}
    with Site(server.url, **known) as site:
        assert "" == "\n".join(walk(site, spans, OF_RANGES, without))
