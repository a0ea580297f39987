"""Which hours come from rollups."""

from trimtab.metrics.buckets import Window
from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.split import MAX_SPANS, Split, split
from trimtab.metrics.rollups.tiers import FIVE_MINUTES, HOUR_MS, ONE_HOUR, ONE_MINUTE, Tier, coarsest


def known(*hours: int, base: int = 0, dirty: tuple[int, ...] = ()) -> dict[int, RolledHour]:
    return {hour: RolledHour(hour, version=7, marks=1, seen=1 + (hour in dirty), base=base) for hour in hours}


def divide(
    start: float,
    end: float,
    hours: dict[int, RolledHour],
    tier: Tier = ONE_HOUR,
    oldest: int = 0,
    lacking: tuple[int, ...] = (),
) -> Split | None:
    read = Window(round(start * HOUR_MS), round(end * HOUR_MS), tier.period_ms)
    return split(tier, read, hours, oldest * HOUR_MS, reach_back=False, lacking=frozenset(lacking))


def spans(found: Split | None) -> list[tuple[float, float]]:
    assert found
    return [(start / HOUR_MS, end / HOUR_MS) for start, end in found.raw]


def test_a_period_uses_the_coarsest_tier_that_divides_it() -> None:
    assert [None, ONE_MINUTE, ONE_MINUTE, FIVE_MINUTES, ONE_HOUR] == [
        coarsest(seconds * 1000) for seconds in (30, 60, 120, 900, 86_400)
    ]


def test_the_open_end_and_late_hours_are_raw() -> None:
    found = divide(10, 16.5, known(*range(10, 15), dirty=(12,)))
    assert found
    assert (10, 11, 13, 14) == found.hours
    assert [(12, 13), (15, 16.5)] == spans(found)
    assert [12, 15, 16] == found.raw_hours


def test_a_cut_inside_a_bucket_makes_its_hour_raw() -> None:
    assert [(10.5, 11)] == spans(divide(10.5, 13, known(10, 11, 12)))
    assert [] == spans(divide(10.5, 13, known(10, 11, 12), FIVE_MINUTES))
    assert [(10.51, 11)] == spans(divide(10.51, 13, known(10, 11, 12), FIVE_MINUTES))


def test_hours_whose_rows_are_past_retention_are_not_asked_for() -> None:
    assert [(10, 12)] == spans(divide(10, 13, known(10, 11, 12), oldest=12))
    assert divide(10, 13, {}) is None


def test_an_hour_without_raw_points_always_comes_from_its_rollup() -> None:
    assert [] == spans(divide(10.51, 13.2, known(10, 11, 12, 13, base=7, dirty=(11,))))


def test_many_late_hours_do_not_become_many_queries() -> None:
    late = tuple(range(1, 60, 3))
    found = divide(0, 60, known(*range(60), dirty=late))
    assert found
    assert MAX_SPANS == len(found.raw)
    assert set(late) <= set(found.raw_hours)
    assert len(found.hours) + len(found.raw_hours) == 60


def test_hours_that_lack_what_is_asked_are_raw_or_where_raw_points_are_gone_left_out() -> None:
    found = divide(10, 15, known(10, 11, 12, 13, 14), lacking=(11, 13))
    assert found
    assert (10, 12, 14) == found.hours
    assert [(11, 12), (13, 14)] == spans(found)
    frozen = known(10, 11, 12, base=7) | known(13, 14)
    found = divide(10, 15, frozen, lacking=(11, 13))
    assert found
    assert (10, 12, 14) == found.hours
    assert [(13, 14)] == spans(found)


def test_hours_that_are_left_out_stay_so_where_spans_are_joined() -> None:
    late = tuple(range(1, 60, 3))
    hours = known(*range(60), dirty=late) | known(2, 3, base=7)
    found = divide(0, 60, hours, lacking=(2,))
    assert found
    assert MAX_SPANS == len(found.raw)
    assert not {2, 3} & set(found.raw_hours)
