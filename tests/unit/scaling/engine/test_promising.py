"""Promises in service: made from the demand's past, counted from what stood, kept by the safe rule."""

import asyncio

import numpy as np
from tests.unit.scaling.engine.conftest import KEY, Bench

from trimtab.access.scope import EVERYTHING
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.engine.deciding import Seen, decide, fleet_of
from trimtab.scaling.engine.model import Kind, Mode, Policy, ScalableTarget, Service, Signal, Standing
from trimtab.scaling.engine.promising import Promised, check, check_all
from trimtab.scaling.engine.readings import Demand

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 20_000 * DAY
TARGET = ScalableTarget("t", KEY, 1, 40, 0, 0, service=Service(10.0, 120.0, 60, Signal("own", "requests")))
POLICY = Policy("p", "t", KEY, "own", Kind.PORTFOLIO, {"allowed": 0.01}, 0, 0)
FLEET = fleet_of(TARGET)
AT = np.arange(10 * 1440)
SMOOTH = 100.0 + 80.0 * np.sin(AT / 1440 * 2 * np.pi)


def _look(
    known: Promised | None, values: Array, now_ms: int, ready: int = 19, policy: Policy = POLICY
) -> tuple[Promised, int | None]:
    demand = Demand(values, now_ms // MINUTE * MINUTE)
    found, floor = check(known, TARGET, policy, FLEET, demand, Standing(ready, 0, ready), now_ms)
    return found, None if floor is None else floor.replicas


def test_a_promise_is_made_where_the_past_lets_it() -> None:
    made, floor = _look(None, SMOOTH, NOW)
    assert (made.since_ms, made.reason, made.violating, floor) == (NOW, "kept-so-far", 0.0, None)
    short, _ = _look(None, SMOOTH[: 3 * 1440], NOW)
    assert (short.since_ms, short.reason, short.violating) == (None, "short-past", None)
    assert "3 whole days are known" in short.words
    again, _ = _look(short, SMOOTH, NOW + HOUR - 1)  # judged once an hour
    assert again.since_ms is None
    later, _ = _look(again, SMOOTH, NOW + HOUR)
    assert later.since_ms == NOW + HOUR


def test_what_violates_is_counted_from_what_stood_and_the_safe_rule_holds() -> None:
    known, _ = _look(None, SMOOTH, NOW)
    known, floor = _look(known, np.append(SMOOTH, 180.0), NOW + MINUTE, ready=18)
    assert (known.asked, known.broken, floor) == (180.0, 0.0, None)
    known, floor = _look(known, np.append(SMOOTH, 180.1), NOW + MINUTE, ready=18)  # the same minute is counted once
    assert (known.asked, floor) == (180.0, None)
    known, floor = _look(known, np.append(SMOOTH, 180.1), NOW + 2 * MINUTE, ready=18)
    assert (known.broken, floor) == (180.1, 23)  # 1.25 times the highest of a week, at 10 a replica
    assert "is broken" in known.words
    assert "holds 23 at least" in known.words
    known.asked = known.broken / 0.0095
    known, floor = _look(known, np.append(SMOOTH, 1.0), NOW + 3 * MINUTE)
    assert "is at risk" in known.words
    assert floor == 23
    known.asked = known.broken / 0.008
    known, floor = _look(known, np.append(SMOOTH, 1.0), NOW + 4 * MINUTE)
    assert "is promised since 2024-10-04T00:00:00Z" in known.words
    assert floor is None


def test_minutes_that_nobody_saw_are_not_counted_by_guess() -> None:
    known, _ = _look(None, SMOOTH, NOW)
    known, _ = _look(known, np.append(SMOOTH, np.full(60, 50.0)), NOW + HOUR)
    assert known.asked == 150.0


def test_another_share_begins_another_promise() -> None:
    known, _ = _look(None, SMOOTH, NOW)
    strict = Policy("p", "t", KEY, "own", Kind.PORTFOLIO, {"allowed": 0.001}, 0, 0)
    found, _ = _look(known, SMOOTH, NOW + MINUTE, policy=strict)
    assert (found.allowed, found.since_ms, found.reason) == (0.001, None, "short-past")


def test_missing_demand_neither_promises_nor_forgets() -> None:
    missing = Demand(np.zeros(0), 0, "no value for 5 periods")
    found, floor = check(None, TARGET, POLICY, FLEET, missing, Standing(1, 0, 1), NOW)
    assert (found.since_ms, found.words, floor) == (None, "1.00% is not promised: its demand is not known", None)
    known, _ = _look(None, SMOOTH, NOW)
    found, floor = check(known, TARGET, POLICY, FLEET, missing, Standing(1, 0, 1), NOW + DAY)
    assert (found.since_ms, floor) == (NOW, None)


def test_only_portfolios_that_are_asked_are_promised() -> None:
    off = Policy("q", "t", KEY, "off", Kind.PORTFOLIO, {}, 0, 0, enabled=False)
    quantile = Policy("r", "t", KEY, "level", Kind.QUANTILE, {}, 0, 0)
    demand, stood = Demand(SMOOTH, NOW), Standing(19, 0, 19)
    gone = {"z": Promised("gone", 0.01)}
    found, floors = check_all(gone, TARGET, [POLICY, off, quantile], FLEET, demand, stood, NOW)
    assert (["p"], {}) == (list(found), floors)


def test_the_safe_rule_raises_the_decision_and_says_so() -> None:
    known = Promised("own", 0.01, since_ms=NOW, judged_ms=NOW, counted_ms=NOW, asked=100.0, broken=50.0)
    demand, stood = Demand(SMOOTH, NOW), Standing(5, 0, 5)
    _, floors = check_all({"p": known}, TARGET, [POLICY], FLEET, demand, stood, NOW)
    found = decide(TARGET, [POLICY], Seen(NOW, stood, demand=demand, floors=floors), {}, 0)
    assert found.wanted == 23
    assert "raised to 23, the safe rule" in found.why
    assert "to be ready for within" in found.reasons["own"]
    assert "the promise of 1.00%" in found.reasons["own"]


def test_a_restart_goes_on_with_the_promise(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target(mode=Mode.DRY_RUN)
        await engine_bench.policy(Kind.PORTFOLIO, allowed=0.01)
        engine_bench.metrics.values["requests"] = [50.0] * (9 * 1440)
        await engine_bench.minutes(1)
        [target] = await engine_bench.room.targets.listed(EVERYTHING)
        [made] = (await engine_bench.room.memory(target)).promises.values()
        assert made.since_ms is not None
        later = engine_bench.again()
        await later.minutes(2)
        [kept] = (await later.room.memory(target)).promises.values()
        assert (made.since_ms, "Portfolio") == (kept.since_ms, kept.policy)
        assert kept.asked == 100.0
        later.metrics.values["requests"].append(95.0)  # more than what stands takes
        await later.minutes(1)
        assert "the safe rule" in (await later.room.memory(target)).reasons["Portfolio"]

    asyncio.run(run())
