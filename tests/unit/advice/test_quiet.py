"""Quiet hours of the week: what is learnt, what the last week proves, and how they are said."""

from collections.abc import Callable

import pytest

from trimtab.advice.catalogue import check
from trimtab.advice.complete import judgement
from trimtab.advice.examples import NOW_MS, billed, given, thing
from trimtab.advice.facts import HOUR_S
from trimtab.advice.quiet import HOUR_MS, WEEK, Quiet, crons, crontabs, hour_of_week, quiet_hours, stretches, words
from trimtab.base.records import replace

MONDAY = 1_789_948_800_000  # 2026-09-21T00:00:00Z
NIGHTS = {day * 24 + hour for day in range(7) for hour in (20, 21, 22, 23, 0, 1, 2, 3, 4, 5)}


def used(weeks: int, busy: Callable[[int, int], bool]) -> dict[int, bool]:
    """By hour of the weeks before MONDAY whether it was used, by (week before, hour of the week)."""
    return {
        MONDAY - (back * WEEK + WEEK - hour) * HOUR_MS: busy(back, hour)
        for back in range(weeks)
        for hour in range(WEEK)
    }


def test_the_week_begins_on_monday() -> None:
    assert [hour_of_week(MONDAY + at * HOUR_MS) for at in (0, 1, 167, 168)] == [0, 1, 167, 0]


def test_hours_that_no_earlier_week_used_are_quiet_and_the_last_week_proves_them() -> None:
    office = used(4, lambda back, hour: hour not in NIGHTS)
    assert quiet_hours(office, MONDAY, 2, 4) == Quiet(tuple(sorted(NIGHTS)), 3, 70, 0)
    late = used(4, lambda back, hour: hour not in NIGHTS or (back == 0 and hour in (20, 21)))
    assert quiet_hours(late, MONDAY, 2, 4) == Quiet(tuple(sorted(NIGHTS)), 3, 70, 2)
    once = used(4, lambda back, hour: hour not in NIGHTS or (back == 3 and hour == 22))
    found = quiet_hours(once, MONDAY, 2, 4)
    assert found is not None
    assert set(found.hours) == NIGHTS - {20, 21, 22}  # what is left of that evening is too short for a stop


def test_an_hour_that_was_not_measured_is_not_quiet_and_too_few_weeks_say_nothing() -> None:
    office = used(4, lambda back, hour: hour not in NIGHTS)
    off = {at: was for at, was in office.items() if hour_of_week(at) not in range(96, 168)}
    found = quiet_hours(off, MONDAY, 2, 4)
    assert found is not None
    assert max(found.hours) < 96
    assert quiet_hours(used(2, lambda back, hour: False), MONDAY, 2, 4) is None
    assert quiet_hours({at: was for at, was in office.items() if at < MONDAY - WEEK * HOUR_MS}, MONDAY, 2, 4) is None


def test_a_stretch_goes_over_the_end_of_the_week() -> None:
    assert stretches({166, 167, 0, 1, 10}) == [(10, 1), (166, 4)]
    assert stretches(set(range(WEEK))) == [(0, WEEK)]
    assert words({166, 167, 0, 1, 20, 21}) == "Mon 20:00 for 2 h; Sun 22:00 for 4 h (UTC)"
    assert crontabs({20, 21, 44, 45, 160, 161}) == (["0 16 * * 0", "0 20 * * 1,2"], ["0 18 * * 0", "0 22 * * 1,2"])
    assert crons({20, 21, 44, 45}) == (["cron(0 20 ? * MON,TUE *)"], ["cron(0 22 ? * MON,TUE *)"])


def test_of_instances_only_those_of_a_development_stage_are_judged_and_a_gpu_by_its_own_use() -> None:
    quiet = check("trimtab-quiet-hours")
    [cpu, gpu] = [one for one in quiet.asks if one.dimension == "InstanceId"]
    assert (cpu.period_s, gpu.period_s) == (HOUR_S, HOUR_S)
    hours = [hour_of_week(NOW_MS // HOUR_MS * HOUR_MS - (at + 1) * HOUR_MS) for at in reversed(range(4 * WEEK))]
    work = [60.0 if one not in NIGHTS else 1.0 for one in hours]
    box = thing("ec2:instance", "i-1", type_="m5.large", tags={"Env": "development"}, State="running")
    facts = given(box, measured={(cpu, "i-1"): work}, bills={"i-1": billed("72.00")})
    [found] = judgement(quiet, facts).findings
    assert (found.hours, found.takes, found.estimate) == (tuple(sorted(NIGHTS)), 1.0, found.cash)
    assert "Sun 20:00 for 10 h" in found.advised
    assert found.fix.count("aws scheduler create-schedule") == 2
    assert "ec2:stopInstances" in found.fix
    for tags in ({"env": "prod"}, {}, {"env": "dev", "aws:autoscaling:groupName": "web"}):
        assert not judgement(quiet, given(replace(box, tags=tags), measured={(cpu, "i-1"): work})).findings
    card = replace(box, type="g5.xlarge")
    [unsure] = judgement(quiet, given(card, measured={(cpu, "i-1"): work})).undecided
    assert "its CPU says nothing of its GPUs" in unsure.reason
    always = {(cpu, "i-1"): work, (gpu, "i-1"): [90.0] * len(work)}
    assert not judgement(quiet, given(card, measured=always)).findings
    assert judgement(quiet, given(card, measured={(cpu, "i-1"): work, (gpu, "i-1"): work})).findings


@pytest.mark.parametrize(("late", "found"), [(1, 1), (2, 0)])
def test_use_in_the_last_week_that_was_not_there_before_is_no_quiet_hour(late: int, found: int) -> None:
    quiet = check("trimtab-quiet-hours")
    [cpu] = [one for one in quiet.asks if one.namespace == "AWS/EC2"]
    hours = [hour_of_week(NOW_MS // HOUR_MS * HOUR_MS - (at + 1) * HOUR_MS) for at in reversed(range(4 * WEEK))]
    work = [60.0 if one not in NIGHTS else 1.0 for one in hours]
    nights = [at for at, one in enumerate(hours) if one in NIGHTS and at >= 3 * WEEK]
    for at in nights[:late]:
        work[at] = 60.0
    box = thing("ec2:instance", "i-1", type_="m5.large", tags={"stage": "test"}, State="running")
    assert len(judgement(quiet, given(box, measured={(cpu, "i-1"): work})).findings) == found  # 2 % of 70 hours is 1.4
