import random

import pytest

from trimtab.capacity.queues.model import Job, Terms
from trimtab.capacity.queues.replay import replay


def _job(key, submit_s, length_s, gpus, pool="h100", **more):
    return Job(key=key, submit_s=submit_s, length_s=length_s, gpus=gpus, pool=pool, **more)


def _starts(jobs, gpus=8.0, quotas=None, until_s=1e9):
    return dict(replay(jobs, Terms({"h100": gpus, "l4": 4.0}, quotas or {}), until_s).starts)


def test_what_fits_starts_at_once_and_the_rest_when_gpus_come_back():
    jobs = [_job("a", 0, 100, 8), _job("b", 10, 50, 8), _job("c", 20, 5, 8)]
    assert {"a": 0, "b": 100, "c": 150} == _starts(jobs)


def test_a_short_job_is_filled_in_where_it_delays_nobody():
    jobs = [_job("a", 0, 100, 6), _job("big", 1, 50, 8), _job("short", 2, 90, 2), _job("long", 3, 200, 2)]
    assert {"a": 0, "big": 100, "short": 2, "long": 150} == _starts(jobs)


def test_what_is_left_beside_the_reservation_may_be_used_as_long_as_one_likes():
    jobs = [_job("a", 0, 100, 6), _job("big", 1, 50, 7), _job("one", 2, 900, 1), _job("two", 3, 900, 1)]
    # when "a" ends, eight are free and "big" takes seven: one more may run past that moment, and not two
    assert {"a": 0, "big": 100, "one": 2, "two": 150} == _starts(jobs)
    together = [*jobs[:3], _job("two", 2, 900, 1)]
    assert {"a": 0, "big": 100, "one": 2, "two": 150} == _starts(together)


def test_more_gpus_start_more_at_once():
    jobs = [_job("a", 0, 100, 8), _job("b", 10, 50, 8)]
    assert {"a": 0, "b": 10} == _starts(jobs, gpus=16)


def test_a_team_at_its_quota_waits_and_delays_nobody():
    jobs = [_job("a", 0, 100, 4, team="x"), _job("b", 1, 100, 4, team="x"), _job("c", 2, 100, 4, team="y")]
    assert {"a": 0, "b": 100, "c": 2} == _starts(jobs, quotas={"x": 4})
    assert {"a": 0, "b": 1, "c": 100} == _starts(jobs)


def test_a_quota_holds_over_all_pools():
    jobs = [_job("a", 0, 100, 2, team="x"), _job("b", 1, 10, 2, "l4", team="x")]
    assert {"a": 0, "b": 100} == _starts(jobs, quotas={"x": 3})


def test_pools_do_not_wait_for_each_other():
    jobs = [_job("a", 0, 100, 8), _job("b", 1, 100, 8), _job("c", 2, 10, 4, "l4")]
    assert 2 == _starts(jobs)["c"]


def test_what_is_too_large_never_starts_and_is_told():
    found = replay(
        [_job("a", 0, 10, 9), _job("b", 0, 10, 4, team="x"), _job("c", 0, 1, 1, "none")],
        Terms({"h100": 8.0}, {"x": 2}),
        99,
    )
    assert ({"a", "b", "c"}, {"a": None, "b": None, "c": None}) == (found.too_large, found.starts)


def test_what_ran_already_keeps_its_gpus():
    jobs = [_job("old", 0, 100, 8, begun_s=0), _job("new", 50, 10, 8)]
    assert {"old": 0, "new": 100} == _starts(jobs)


def test_what_has_not_started_by_the_end_has_no_start():
    assert {"a": 0, "b": None} == _starts([_job("a", 0, 100, 8), _job("b", 1, 1, 8)], until_s=50)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_ever_holds_more_than_there_is(seed):
    draw = random.Random(seed)
    jobs = [
        _job(f"{at}", draw.uniform(0, 2000), draw.uniform(1, 300), draw.choice([1, 2, 4, 8]), team=draw.choice("xyz"))
        for at in range(200)
    ]
    starts = _starts(jobs, quotas={"x": 8})
    assert all(starts[job.key] >= job.submit_s for job in jobs)
    for at in starts.values():
        now = [job for job in jobs if starts[job.key] <= at < starts[job.key] + job.length_s]
        assert sum(job.gpus for job in now) <= 8
