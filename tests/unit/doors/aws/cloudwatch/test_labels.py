from datetime import timedelta, timezone

import numpy as np
import pytest

from trimtab.doors.aws.cloudwatch.complaints import Complaints
from trimtab.doors.aws.cloudwatch.labels import Labelled, check_label, read_zone, render

START = 1_795_600_800_000  # 2026-11-25 10:00:00 UTC
OF = Labelled(
    "cpu",
    {"Stat": "Sum", "Dim.host": "a"},
    np.array([START, START + 60_000, START + 120_000]),
    np.array([2.0, 7.5, 1.0]),
    START + 3_725_000,
    timezone(timedelta(hours=1, minutes=30)),
)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("plain", "plain"),
        ("${LABEL}", "cpu"),
        ("${AVG} ${SUM} ${MIN} ${MAX}", "3.5 10.5 1 7.5"),
        ("${DATAPOINT_COUNT} ${FIRST} ${LAST} ${FIRST_LAST_RANGE}", "3 2 1 -1"),
        ("${MIN_MAX_RANGE}", "6.5"),
        ("${FIRST_TIME}", "2026-11-25 11:30:00 UTC+01:30"),
        ("${MAX_TIME_RELATIVE}", "1h 1m 5s"),
        ("${FIRST_LAST_TIME_RANGE} ${MIN_MAX_TIME_RANGE}", "2m 1m"),
        ("${PROP('Stat')}/${PROP('Dim.host')}/${PROP('Dim.none')}/", "Sum/a//"),
        ("${PROP('Nothing')} ${NOTHING}", "${PROP('Nothing')} ${NOTHING}"),
        (r"\${MAX}", "${MAX}"),
    ],
)
def test_dynamic_values(label: str, expected: str) -> None:
    assert render(label, OF) == expected


def test_a_series_without_points_has_no_live_values() -> None:
    empty = Labelled("cpu", {}, np.empty(0, np.int64), np.empty(0), 0, OF.zone)
    assert render("${MAX} ${DATAPOINT_COUNT} ${LABEL}", empty) == "-- 0 cpu"


def test_a_label_has_at_most_six_dynamic_values() -> None:
    complaints = Complaints()
    check_label("${MAX}" * 6 + r"\${MAX}", "Label", complaints)
    assert not complaints
    check_label("${MAX}" * 7, "Label", complaints)
    assert complaints


@pytest.mark.parametrize(
    ("text", "minutes"), [(None, 0), ("+0000", 0), ("+0130", 90), ("-0500", -300), ("0130", None), ("+1:30", None)]
)
def test_zones(text: str | None, minutes: int | None) -> None:
    zone = read_zone(text)
    assert (None if zone is None else zone.utcoffset(None).total_seconds() / 60) == minutes
