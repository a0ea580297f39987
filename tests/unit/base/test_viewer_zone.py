"""Times are UTC unless somebody reads a page in a zone; in threads and tasks of the page too."""

import asyncio

from trimtab.base.viewer_zone import current, local, offset_ms, reading_in

NOON = 1_764_158_400_000  # 2025-11-26 12:00 UTC
SUMMER = 1_751_364_000_000  # 2025-07-01 10:00 UTC
HOUR_MS = 3_600_000


def _read(ms: int) -> str:
    return f"{local(ms):%Y-%m-%d %H:%M}"


def test_without_a_reader_times_are_utc() -> None:
    assert ("UTC", "2025-11-26 12:00", 0) == (current(), _read(NOON), offset_ms(NOON))
    with reading_in(""):
        assert "UTC" == current()


def test_a_reader_sees_the_clock_of_their_zone_as_it_was_then() -> None:
    with reading_in("Europe/Berlin"):
        assert ("2025-11-26 13:00", HOUR_MS) == (_read(NOON), offset_ms(NOON))
        assert ("2025-07-01 12:00", 2 * HOUR_MS) == (_read(SUMMER), offset_ms(SUMMER))
    assert "2025-11-26 12:00" == _read(NOON)


def test_threads_and_tasks_read_as_the_page_that_began_them() -> None:
    async def page(zone: str) -> tuple[str, str]:
        with reading_in(zone):
            inside = asyncio.create_task(asyncio.to_thread(_read, NOON))
            return await inside, _read(NOON)

    async def both() -> list[tuple[str, str]]:
        return list(await asyncio.gather(page("Asia/Kolkata"), page("America/New_York")))

    assert [("2025-11-26 17:30",) * 2, ("2025-11-26 07:00",) * 2] == asyncio.run(both())
