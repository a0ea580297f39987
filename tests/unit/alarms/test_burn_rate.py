"""Burn rates of error budgets over pairs of windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.alarms.burn_rate import Burn, burn_reason, judge_burns
from trimtab.alarms.evaluate import Verdict
from trimtab.alarms.form import STANDARD_BURN_WINDOWS, read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind, BurnRateAlarm, Missing
from trimtab.base.errors import InvalidInput
from trimtab.slos.budget import burn_rates

STAT = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Stat": "Sum"}


def alarm(objective: float = 0.99, **more: object) -> BurnRateAlarm:
    form = {"Objective": objective, "Bad": STAT, "Total": STAT, **more}
    found = read_alarm(AlarmKind.BURN_RATE, AlarmKey("1", "r", "slo"), form)
    assert isinstance(found, BurnRateAlarm)
    return found


def test_at_one_the_budget_lasts_exactly_its_period() -> None:
    assert burn_rates(np.array([1.0]), np.array([100.0]), 0.99).tolist() == pytest.approx([1.0])


def test_no_events_are_no_burn_rate_and_no_bad_ones_none() -> None:
    rates = burn_rates(np.array([np.nan, np.nan, 3.0]), np.array([np.nan, 50.0, 0.0]), 0.99)
    assert np.isnan(rates[[0, 2]]).all()
    assert rates[1] == 0


def test_the_standard_windows_are_those_of_the_workbook() -> None:
    assert [(one.long_s, one.short_s, one.factor) for one in alarm().windows] == [
        (3600, 300, 14.4),
        (21_600, 1800, 6.0),
        (259_200, 21_600, 1.0),
    ]


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [
        (15, 15, Verdict.ALARM),
        (14.4, 14.4, Verdict.ALARM),
        (15, 14, Verdict.OK),  # it is over
        (14, 15, Verdict.OK),  # it does not matter yet
        (np.nan, np.nan, Verdict.INSUFFICIENT_DATA),
        (15, np.nan, Verdict.OK),
    ],
)
def test_a_pair_fires_while_both_of_its_windows_burn(long: float, short: float, expected: Verdict) -> None:
    quiet = Burn(np.array([np.nan]), np.array([np.nan]))
    found = judge_burns(alarm(), [Burn(np.array([long]), np.array([short])), quiet, quiet])
    assert [Verdict(code) for code in found.tolist()] == [expected]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("missing", Verdict.INSUFFICIENT_DATA),
        ("ignore", Verdict.KEEP),
        ("breaching", Verdict.ALARM),
        ("notBreaching", Verdict.OK),
    ],
)
def test_without_any_events_missing_data_are_treated_as_asked(missing: str, expected: Verdict) -> None:
    nothing = [Burn(np.array([np.nan]), np.array([np.nan]))] * 3
    found = alarm(TreatMissingData=missing)
    assert found.missing is Missing(missing)
    assert judge_burns(found, nothing).tolist() == [expected]


@given(st.floats(0, 50), st.floats(0, 50))
def test_any_pair_that_fires_is_enough(long: float, short: float) -> None:
    one = Burn(np.array([long]), np.array([short]))
    found = judge_burns(alarm(), [one] * 3).tolist()
    fires = any(min(long, short) >= window.factor for window in STANDARD_BURN_WINDOWS)
    assert found == [Verdict.ALARM if fires else Verdict.OK]


def test_the_reason_names_every_pair() -> None:
    burns = [Burn(np.array([20.0]), np.array([16.0])), *[Burn(np.array([2.0]), np.array([0.5]))] * 2]
    assert burn_reason(alarm(0.999), 0.999, burns, 0) == (
        "Burn rate of the error budget of 0.999: 1 h at 20 and 5 min at 16 (both at least 14.4); "
        "6 h at 2 and 30 min at 0.5 (not both at least 6); 3 d at 2 and 6 h at 0.5 (not both at least 1)."
    )


@pytest.mark.parametrize(
    "more",
    [
        {"objective": 1.0},
        {"objective": 0.0},
        {"Windows": [{"LongSeconds": 300, "ShortSeconds": 300, "Factor": 1}]},
        {"Windows": [{"LongSeconds": 330, "ShortSeconds": 60, "Factor": 1}]},
        {"Windows": [{"LongSeconds": 600, "ShortSeconds": 60, "Factor": 0}]},
        {"Windows": []},
        {"TreatMissingData": "never"},
        {"Bad": {"Metric": {"Namespace": "N"}, "Stat": "Sum"}},
    ],
)
def test_what_is_no_burn_rate_alarm_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        alarm(**more)  # type: ignore[arg-type] # wrong on purpose
