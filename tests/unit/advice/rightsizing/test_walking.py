"""The compiled walk says what the plain one says: every quantile and every margin looked up by itself, from below."""

import numpy as np
import pytest

from trimtab.advice.rightsizing.strategies.portfolio import BASES, MARGINS, Portfolio
from trimtab.advice.rightsizing.strategies.strategy import LEVEL_ARRAY
from trimtab.advice.rightsizing.use import LEVELS, DailyUse
from trimtab.advice.rightsizing.walking import kernel


def use_of(seed: int, resources: int = 5, days: int = 10) -> DailyUse:
    """Days of 96 points, in whole percent so that many are alike; some days have none."""
    random = np.random.default_rng(seed)
    base = random.uniform(2, 60, (resources, 1, 1)) * random.choice([1.0, 1.0, 2.5], (resources, days, 1))
    points = np.rint(base * random.uniform(0.5, 1.5, (resources, days, 96)))
    quantiles = np.quantile(points, LEVELS, axis=2).transpose(1, 2, 0).copy()
    means, number = points.mean(axis=2), np.full((resources, days), 96)
    gone = random.random((resources, days)) < 0.15
    quantiles[gone], means[gone], number[gone] = np.nan, np.nan, 0
    return DailyUse(0, quantiles, means, number)


def plain_quantile(quantiles: np.ndarray, first: int, until: int, half_life: float, wanted: float) -> float:
    atoms = sorted(
        (quantiles[day, at], 0.5 ** ((until - 1 - day) / half_life) * (LEVELS[at] - LEVELS[at - 1]))
        for day in range(first, until)
        if not np.isnan(quantiles[day, 0])
        for at in range(1, len(LEVELS))
    )
    total, reached = sum(mass for _, mass in atoms), 0.0
    for value, mass in atoms:
        reached += mass
        if reached >= wanted * total - 1e-9:
            return float(value)
    return float("nan")


def plain_base(number: int, quantiles: np.ndarray, day: int) -> float:
    one, level = BASES[number], LEVELS.index(BASES[number].quantile)
    known = [at for at in range(day) if not np.isnan(quantiles[at, 0])]
    if one.kind == kernel.YESTERDAY:
        return float(quantiles[known[-1], level])
    if one.kind == kernel.WEEKDAY:
        return float(quantiles[day - 7, level]) if day >= 7 else float("nan")
    if one.kind == kernel.PEAK:
        recent = [float(quantiles[at, level]) for at in known if at >= day - int(one.parameter)]
        return max(recent, default=float("nan"))
    if one.kind == kernel.SINCE_SHIFT:
        first = kernel.shifted(quantiles, 2, day, one.parameter)
        return plain_quantile(quantiles, first, day, 1e300, one.quantile)
    return plain_quantile(quantiles, 0, day, one.parameter, one.quantile)


def plain_walk(use: DailyUse, strategy: Portfolio) -> tuple[np.ndarray, np.ndarray]:
    prior_slack, prior_over = strategy._prior()
    sizes, picks = np.full((len(use), use.days + 1), np.nan), np.full((len(use), use.days + 1, 2), -1)
    fade, days = 0.5 ** (1.0 / strategy.half_life), strategy.prior.days
    for one in range(len(use)):
        slack, spent, weight = np.zeros_like(prior_slack), np.zeros_like(prior_slack), np.zeros(len(BASES))
        known: list[int] = []
        for day in range(use.days + 1):
            said = np.array([plain_base(at, use.quantiles[one], day) if known else np.nan for at in range(len(BASES))])
            if known:
                whole = (weight + days)[:, None]
                cost = (slack + days * prior_slack) / whole
                cost = cost + strategy.overrun * ((spent + days * prior_over) / whole)
                cost[np.isnan(said)] = np.inf
                picks[one, day] = np.unravel_index(np.argmin(cost), cost.shape)
                chosen = said[picks[one, day, 0]] * MARGINS[picks[one, day, 1]]
                floor = strategy.floor * use.quantiles[one, known[-1], LEVELS.index(0.95)]
                sizes[one, day] = max(chosen, floor)
            if day == use.days or np.isnan(use.means[one, day]):
                continue
            if known:
                slack, spent, weight = slack * fade, spent * fade, weight * fade
                for base in np.flatnonzero(~np.isnan(said)):
                    weight[base] += 1
                    for step, margin in enumerate(MARGINS):
                        size = said[base] * margin
                        slack[base, step] += max(1.0 - use.means[one, day] / size, -0.5)
                        spent[base, step] += kernel.over(use.quantiles[one, day], LEVEL_ARRAY, size)
            known.append(day)
    return sizes, picks


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fast_walk_chooses_and_sizes_as_the_plain_one(seed: int) -> None:
    use = use_of(seed)
    sizes, picks = Portfolio(promise=None).decide(use)
    plain_sizes, plain_picks = plain_walk(use, Portfolio())
    assert np.array_equal(plain_picks, picks)
    assert np.array_equal(plain_sizes, sizes, equal_nan=True)


def test_one_way_through_the_levels_finds_what_looking_up_each_margin_does() -> None:
    found = np.empty(len(MARGINS))
    for quantiles in use_of(4).quantiles.reshape(-1, len(LEVELS)):
        if not np.isnan(quantiles[0]):
            for base in (0.0, quantiles[0], quantiles[5], quantiles[-1]):
                kernel.overs(quantiles, LEVEL_ARRAY, float(base), MARGINS, found)
                assert [kernel.over(quantiles, LEVEL_ARRAY, base * one) for one in MARGINS] == found.tolist()


def test_a_pooled_quantile_from_the_top_is_the_one_from_below() -> None:
    use, found = use_of(5), np.empty((5, 11, 3))
    wanted = np.array([0.5, 0.9, 0.98])
    kernel.rolling(use.quantiles, LEVEL_ARRAY, 6, 3.0, wanted, found)
    for one in range(len(use)):
        for day in range(1, 11):
            plain = [plain_quantile(use.quantiles[one], max(0, day - 6), day, 3.0, float(each)) for each in wanted]
            assert np.array_equal(plain, found[one, day], equal_nan=True)
