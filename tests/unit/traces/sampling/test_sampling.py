"""Rules are kept; clients share a reservoir; a boost begins where failures are missed, once a cool-down."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.traces.sampling.model import DEFAULT, Boost, BoostReport, Report, Rule
from trimtab.traces.sampling.quotas import quotas
from trimtab.traces.sampling.rules import MOST_RULES, SamplingRules
from trimtab.traces.sampling.targets import BOOST_MS, SamplingTargets

PLACE = "123456789012", "us-east-1"
RULE = Rule("shop", 10, 0.1, 5, service="shop", boost=Boost(0.5, 10))


def test_the_default_rule_is_there_and_last(state: State, clock: ManualClock) -> None:
    async def run() -> None:
        rules = SamplingRules(state, clock)
        assert [DEFAULT] == [one.rule for one in await rules.listed(*PLACE)]
        await rules.create(*PLACE, RULE)
        changed = await rules.change(*PLACE, "Default", rate=0.2)
        assert [RULE, changed.rule] == [one.rule for one in await rules.listed(*PLACE)]
        assert RULE == (await rules.remove(*PLACE, "shop")).rule
        assert [0.2] == [one.rule.rate for one in await rules.listed(*PLACE)]

    asyncio.run(run())


def test_what_cannot_be_is_refused(state: State, clock: ManualClock) -> None:
    async def run() -> None:
        rules = SamplingRules(state, clock)
        for wrong in (Rule("x", 0, 0.1, 1), Rule("x", 10000, 0.1, 1), Rule("x", 1, 1.1, 1), Rule("", 1, 0.1, 1)):
            with pytest.raises(InvalidInput):
                await rules.create(*PLACE, wrong)
        with pytest.raises(InvalidInput):
            await rules.remove(*PLACE, "Default")
        with pytest.raises(NotFound):
            await rules.change(*PLACE, "none", rate=0.1)
        for number in range(MOST_RULES):
            await rules.create(*PLACE, Rule(f"r{number}", 1, 0.1, 1))
        with pytest.raises(Conflict):
            await rules.create(*PLACE, Rule("r1", 1, 0.1, 1))
        with pytest.raises(LimitExceeded):
            await rules.create(*PLACE, Rule("more", 1, 0.1, 1))

    asyncio.run(run())


@given(st.integers(0, 1000), st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_quotas_make_the_reservoir_and_follow_demand(reservoir: int, requests: list[int]) -> None:
    reports = [Report("r", f"{number:024x}", 0, seen, 0) for number, seen in enumerate(requests)]
    given_ = quotas(reservoir, reports)
    assert reservoir == sum(given_.values())
    for one in reports:
        for other in reports:
            if one.requests > other.requests:
                assert given_[one.client] >= given_[other.client]


def test_several_clients_share_a_reservoir_and_one_that_went_leaves_its_share(state: State, clock: ManualClock) -> None:
    async def run() -> None:
        await SamplingRules(state, clock).create(*PLACE, RULE)
        targets = SamplingTargets(state, clock)

        async def report(client: str, requests: int) -> int:
            found = await targets.report(*PLACE, [Report("shop", client, clock.now_ms(), requests, 1, 1)])
            return found.targets[0].quota

        assert 5 == await report("a" * 24, 100)
        assert 2 == await report("b" * 24, 66)
        assert 3 == await report("a" * 24, 100)
        (statistic,) = await targets.statistics(*PLACE)
        assert (166, 2, 2) == (statistic.requests, statistic.sampled, statistic.borrowed)
        clock.advance(31)
        assert 5 == await report("b" * 24, 66)

    asyncio.run(run())


def test_a_report_of_no_rule_or_of_long_ago_is_told(state: State, clock: ManualClock) -> None:
    async def run() -> None:
        old = Report("Default", "a" * 24, clock.now_ms() - 3_600_000, 1, 1)
        found = await SamplingTargets(state, clock).report(
            *PLACE, [Report("gone", "a" * 24, clock.now_ms(), 1, 1), old]
        )
        assert ["RuleNotFound", "StatisticsTooOld"] == [one.code for one in found.unanswered]
        assert [] == found.targets

    asyncio.run(run())


def test_a_boost_begins_where_failures_are_missed_and_not_again_before_the_cool_down(
    state: State, clock: ManualClock
) -> None:
    async def run() -> None:
        await SamplingRules(state, clock).create(*PLACE, RULE)
        targets = SamplingTargets(state, clock)

        async def report(anomalies: int, sampled: int) -> float | None:
            now_ms = clock.now_ms()
            boosts = [BoostReport("shop", "shop", now_ms, anomalies, 1000, sampled)]
            (target,) = (await targets.report(*PLACE, [Report("shop", "a" * 24, now_ms, 1000, 100)], boosts)).targets
            return target.boost.rate if target.boost else None

        assert await report(10, 10) is None
        assert 0.25 == await report(40, 4)
        clock.advance(BOOST_MS / 1000 - 1)
        assert 0.25 == await report(0, 0)
        clock.advance(2)
        assert await report(40, 4) is None
        clock.advance(600)
        assert 0.5 == await report(12, 1)

    asyncio.run(run())
