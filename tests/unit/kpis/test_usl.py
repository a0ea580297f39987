import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kpis.usl import NoFit, UslFit, fit, knee_of

LOADS = np.repeat([1.0, 2, 4, 8, 12, 16, 24, 32, 48, 64], 3)


def law(n: np.ndarray, lambda_: float, sigma: float, kappa: float) -> np.ndarray:
    return lambda_ * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def fitted(n: np.ndarray, x: np.ndarray) -> UslFit:
    found = fit(n, x)
    assert isinstance(found, UslFit), found
    return found


def refused(n: np.ndarray, x: np.ndarray) -> str:
    found = fit(n, x)
    assert isinstance(found, NoFit)
    return found.reason


@given(lambda_=st.floats(0.1, 1e5), sigma=st.floats(0.001, 0.5), kappa=st.floats(1e-4, 0.02))
@settings(max_examples=15)
def test_clean_points_give_back_their_parameters(lambda_: float, sigma: float, kappa: float) -> None:
    found = fitted(LOADS, law(LOADS, lambda_, sigma, kappa))
    assert found.lambda_.value == pytest.approx(lambda_, rel=1e-6)
    assert found.sigma.value == pytest.approx(sigma, rel=1e-4, abs=1e-8)
    assert found.kappa.value == pytest.approx(kappa, rel=1e-4)
    assert found.knee is not None or (knee_of(sigma, kappa) or 0) > 4 * 64
    assert found.throughput(10.0) == pytest.approx(float(law(np.array(10.0), lambda_, sigma, kappa)), rel=1e-5)


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
def test_intervals_hold_the_truth_about_as_often_as_they_say(noise: float) -> None:
    rng, runs = np.random.default_rng(11), 40
    truth = (1000.0, 0.02, 0.0005, knee_of(0.02, 0.0005))
    hits = np.zeros(4)
    for _ in range(runs):
        x = law(LOADS, *truth[:3]) * (1 + noise * rng.standard_normal(len(LOADS)))
        found = fit(LOADS, x, resamples=200)
        assert isinstance(found, UslFit)
        estimates = (found.lambda_, found.sigma, found.kappa, found.knee)
        hits += [one is not None and one.low <= true <= one.high for one, true in zip(estimates, truth, strict=True)]
    assert np.all(hits / runs >= 0.85), hits / runs


def test_noise_of_five_percent_moves_the_knee_little() -> None:
    rng = np.random.default_rng(3)
    knees = []
    for _ in range(30):
        x = law(LOADS, 1000, 0.02, 0.0005) * (1 + 0.05 * rng.standard_normal(len(LOADS)))
        found = fit(LOADS, x, resamples=50)
        assert isinstance(found, UslFit)
        assert found.knee is not None
        knees.append(found.knee.value)
    assert np.median(knees) == pytest.approx(44.27, rel=0.03)
    assert np.percentile(np.abs(np.array(knees) / 44.27 - 1), 90) < 0.12


def test_a_line_has_no_knee_and_says_so() -> None:
    found = fitted(LOADS, 10 * LOADS * (1 + 0.03 * np.random.default_rng(1).standard_normal(len(LOADS))))
    assert found.sigma.value < 0.002
    assert found.knee is None
    assert found.knee_reason


def test_contention_alone_is_amdahl() -> None:
    found = fitted(LOADS, law(LOADS, 7, 0.1, 0))
    assert found.sigma.value == pytest.approx(0.1, rel=1e-5)
    assert found.knee is None
    assert "no greatest value" in found.knee_reason or "beyond" in found.knee_reason


def test_a_knee_far_beyond_the_data_is_not_told() -> None:
    load = np.linspace(1, 8, 16)
    assert fitted(load, law(load, 7, 0.01, 1e-5)).knee is None


@pytest.mark.parametrize(
    ("n", "x", "reason"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], "got 5 pairs"),
        ([1, 2, 3] * 4, [1, 2, 3] * 4, "got 3 distinct loads"),
        ([10, 11, 12, 13, 14, 15], [1, 2, 3, 4, 5, 6], "loads span a factor"),
        ([0, -1, np.nan, 4, 5, 6], [1, 1, 1, 1, 1, np.inf], "got 2 pairs"),
        ([1, 2, 4, 8, 16, 32, 64, 3], [9, 1, 50, 2, 40, 1, 60, 1], "the law misses the points"),
    ],
)  # fmt: skip
def test_too_little_is_refused_with_a_reason(n: list[float], x: list[float], reason: str) -> None:
    assert reason in refused(np.array(n, float), np.array(x, float))


def test_the_same_points_give_the_same_answer() -> None:
    x = law(LOADS, 5, 0.05, 0.001) * (1 + 0.05 * np.random.default_rng(2).standard_normal(len(LOADS)))
    assert fit(LOADS, x) == fit(LOADS, x)
