import math

import pytest

from trimtab.metrics.statistics import parse_statistic
from trimtab.web import format as words


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.615, words.FRACTION, "61.5 %"),
        (61.5, words.PERCENT, "61.5 %"),
        (1536, words.BYTES, "1.5 KiB"),
        (16 * 2**30, words.BYTES, "16 GiB"),
        (3_200_000, words.BYTE_RATE, "3.2 MB/s"),
        (0, words.BYTE_RATE, "0 B/s"),
        (90, words.SECONDS, "90 s"),
        (7200, words.SECONDS, "2 h"),
        (0.0042, words.SECONDS, "4.2 ms"),
        (12_345, words.NUMBER, "12.3 k"),
        (-12_345, words.NUMBER, "-12.3 k"),
        (40, words.Unit("number", "ms"), "40 ms"),
        (4000, words.Unit("number", "ms"), "4,000 ms"),
        (76_900, words.Unit("number", "MB"), "76,900 MB"),
        (2.04e9, words.Unit("number", "Hz"), "2.04 GHz"),
        (2000, words.Unit("number", "GPUs"), "2 k GPUs"),
        (78_100, words.Unit("number", "W"), "78.1 kW"),
        (78.1, words.Unit("number", "W"), "78.1 W"),
        (3540, words.Unit("number", "/s"), "3.54 k/s"),
        (0.00012, words.NUMBER, "0.00012"),
        (None, words.BYTES, "–"),
        (math.nan, words.BYTES, "–"),
        (math.inf, words.NUMBER, "∞"),
    ],
)
def test_values_read_well(number: float | None, unit: words.Unit, text: str) -> None:
    assert words.value(number, unit) == text


@pytest.mark.parametrize(
    ("unit", "name", "statistic", "expected"),
    [
        ("1", "system.cpu.utilization", "Average", words.FRACTION),
        ("1", "system.cpu.utilization", "SampleCount", words.NUMBER),
        ("By", "system.disk.io", "Rate", words.BYTE_RATE),
        ("By", "system.memory.usage", "p99", words.BYTES),
        ("Percent", "CPUUtilization", "PR(0:50)", words.PERCENT),
        ("{thread}", "system.cpu.load_average.1m", "Average", words.NUMBER),
        ("Milliseconds", "Latency", "p99", words.Unit("number", "ms")),
        ("{request}", "requests", "Rate", words.Unit("number", "/s")),
    ],
)
def test_a_unit_follows_from_metric_and_statistic(unit: str, name: str, statistic: str, expected: words.Unit) -> None:
    assert words.unit_of(unit, name, parse_statistic(statistic)) == expected


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 s"), (4_000, "4 s"), (240_000, "4 min"), (9_000_000, "2.5 h"), (400_000_000, "4.6 d")]
)
def test_durations_use_their_largest_unit(ms: int, text: str) -> None:
    assert words.duration(ms) == text


def test_never_is_a_word() -> None:
    assert words.age(0, 1_000) == "never"
