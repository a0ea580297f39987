"""A person chooses the zone in which pages show times; addresses and files stay UTC."""

import asyncio
from typing import Any

import pytest

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.viewer_zone import reading_in
from trimtab.charts.ticks import time_ticks
from trimtab.web.cache import SharedCache
from trimtab.web.view import ZONE_COOKIE

MIDNIGHT = 1_764_115_200_000  # 2025-11-26 00:00 UTC
HOUR_MS = 3_600_000
RANGE = "from=2025-11-26T00:00:00Z&to=2025-11-26T06:00:00Z"


def _in(pages: AsgiClient, zone: str) -> AsgiClient:
    pages.cookies.set(ZONE_COOKIE, zone)
    return pages


def test_a_chosen_zone_is_kept_by_the_browser_and_shown(pages: AsgiClient) -> None:
    assert "All times are UTC" in pages.get("/zone").text
    answer = pages.post("/zone", data={"zone": "Asia/Kolkata"})
    assert (303, "/zone") == (answer.status_code, answer.headers["location"])
    assert f"{ZONE_COOKIE}=Asia/Kolkata" in answer.headers["set-cookie"].replace('"', "")
    text = _in(pages, "Asia/Kolkata").get("/zone").text
    assert "All times are Asia/Kolkata" in text
    assert '<html lang="en" data-zone="Asia/Kolkata"' in text
    back = pages.post("/zone", data={"zone": "UTC"})
    assert "Max-Age=0" in back.headers["set-cookie"]


def test_a_zone_that_does_not_exist_is_refused_and_a_cookie_that_names_one_is_passed_over(pages: AsgiClient) -> None:
    answer = pages.post("/zone", data={"zone": "Mars/Olympus"})
    assert 400 == answer.status_code
    assert "cannot find the time zone" in answer.text
    assert "All times are UTC" in _in(pages, "../../etc/passwd").get("/zone").text


def test_a_range_reads_in_the_zone_and_its_fields_and_links_stay_utc(pages: AsgiClient) -> None:
    text = _in(pages, "Asia/Kolkata").get(f"/hosts?{RANGE}").text
    assert "2025-11-26 05:30:00 to 2025-11-26 11:30:00" in text
    assert 'name="from" step="1" required value="2025-11-26T00:00:00"' in text
    assert "from=2025-11-26T00:00:00Z" in text.replace("%3A", ":")


def test_files_are_utc_whoever_takes_them(pages: AsgiClient) -> None:
    plain = pages.get("/alarms.csv").text
    assert plain == _in(pages, "Asia/Kolkata").get("/alarms.csv").text


def test_who_sees_costs_only_chooses_too(fleet: Any, open_pages: Any) -> None:
    assert 200 == open_pages(fleet, Principal("books", None, Role.FINANCE, Scope())).get("/zone").status_code


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ("UTC", ["11-26", "06:00", "12:00", "18:00", "11-27"]),
        ("Europe/Berlin", ["06:00", "12:00", "18:00", "11-27"]),
        ("Asia/Kolkata", ["06:00", "12:00", "18:00", "11-27"]),
    ],
)
def test_marks_of_an_axis_lie_on_round_times_of_the_zone(zone: str, texts: list[str]) -> None:
    with reading_in(zone):
        assert texts == [text for _, text in time_ticks(MIDNIGHT, MIDNIGHT + 24 * HOUR_MS, 5)]


def test_an_answer_is_shared_by_those_who_read_in_one_zone() -> None:
    cache = SharedCache(ManualClock())
    asked: list[str] = []

    async def ask(zone: str) -> str:
        async def compute() -> str:
            asked.append(zone)
            return zone

        with reading_in(zone):
            return await cache.get("chart", 60.0, compute)

    async def all_three() -> list[str]:
        return [await ask(zone) for zone in ("UTC", "Asia/Kolkata", "")]

    assert ["UTC", "Asia/Kolkata", "UTC"] == asyncio.run(all_three())
    assert ["UTC", "Asia/Kolkata"] == asked
