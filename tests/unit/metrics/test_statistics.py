"""Names of statistics: what is valid, what it means, and what a wrong one is answered."""

from fractions import Fraction

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.metrics.statistics import Family, Statistic, parse_statistic


@pytest.mark.parametrize("name", ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "Last", "Rate"])
def test_bare_names_are_simple(name: str) -> None:
    assert Statistic(name, Family(name)) == parse_statistic(name)
    assert parse_statistic(name).simple


@pytest.mark.parametrize(
    ("text", "family", "low", "high", "percent"),
    [
        ("p0", Family.PERCENTILE, None, Fraction(0), True),
        ("p99.9999999999", Family.PERCENTILE, None, Fraction(999_999_999_999, 10**12), True),
        ("p100", Family.PERCENTILE, None, Fraction(1), True),
        ("tm90", Family.TRIMMED_MEAN, None, Fraction(9, 10), True),
        ("tc29", Family.TRIMMED_COUNT, None, Fraction(29, 100), True),
        ("ts5.5", Family.TRIMMED_SUM, None, Fraction(55, 1000), True),
        ("wm98", Family.WINSORIZED_MEAN, None, Fraction(98, 100), True),
        ("IQM", Family.TRIMMED_MEAN, Fraction(1, 4), Fraction(3, 4), True),
        ("TM(10%:90%)", Family.TRIMMED_MEAN, Fraction(1, 10), Fraction(9, 10), True),
        ("TC(:95%)", Family.TRIMMED_COUNT, None, Fraction(95, 100), True),
        ("TS(80%:)", Family.TRIMMED_SUM, Fraction(8, 10), None, True),
        ("WM(150:1000)", Family.WINSORIZED_MEAN, Fraction(150), Fraction(1000), False),
        ("TC(0.005:0.030)", Family.TRIMMED_COUNT, Fraction(5, 1000), Fraction(3, 100), False),
        ("PR(:300)", Family.PERCENTILE_RANK, None, Fraction(300), False),
        ("PR(100:)", Family.PERCENTILE_RANK, Fraction(100), None, False),
    ],
)
def test_documented_forms(
    text: str, family: Family, low: Fraction | None, high: Fraction | None, percent: bool
) -> None:
    assert Statistic(text, family, low, high, percent) == parse_statistic(text)
    assert not parse_statistic(text).simple


@pytest.mark.parametrize(
    "text",
    [
        "", "sum", "SUM", "average", "p", "p101", "p100.1", "p-1", "p99.12345678901", "P99", "TM90", "tm(1%:2%)", "iqm",
        "TM()", "TM(:)", "TM(%:90%)", "TM(10%:90)", "TM(90%:10%)", "TM(50%:50%)", "TM(5:5)", "TM(9:5)", "PR(10%:90%)",
        "pr(1:2)", "pr90", "TM(10%:101%)", "TM(1:2:3)", "TM(1 : 2)", "p٩٩", "p99\n", "TM(1e3:)", "TM(-1:2)", "None",
    ],
)  # fmt: skip
def test_others_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_statistic(text)
    assert f"The value {text} for parameter ExtendedStatistic is not supported." == str(caught.value)


def test_get_metric_data_has_its_own_wording() -> None:
    with pytest.raises(InvalidInput, match=r"^The value p x for parameter A\.1\.Stat is not a valid statistic\.$") as e:
        parse_statistic("p x", "A.1.Stat")
    assert "A.1.Stat" == e.value.field
