"""Forecasts of BizITObs, walking forward: `eval_bizitobs.py DIR`; the last line is one JSON object.

Protocol (GIFT-Eval): horizons of 60 steps (10-second application KPIs) and 48 (5-minute business KPIs) × 1, 10 and 15;
⌈0.1 n ÷ horizon⌉ windows, at most 20, rolling, at the end of each series. ND = Σ|actual − forecast| ÷ Σ|actual| of all
targets of a set and horizon; `nd` is the mean over the six. Only what came before a window is given to the forecast.
`nd_best_baseline` is the mean of the best single model: naive, seasonal naive, and Theta, exponential smoothing (ETS)
and autoregression (ARIMA) as they are and on the series without its daily shape. `coverage_80` is the share of actual
values inside the 80 % intervals.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from trimtab.timeseries.forecast.candidates import candidates
from trimtab.timeseries.forecast.model import Question
from trimtab.timeseries.forecast.predict import predict

Values = npt.NDArray[np.float64]

TERMS = {"short": 1, "medium": 10, "long": 15}
WINDOWS = 20
CYCLES = 12  # weeks of history that are given: more changes nothing but the time
SETS = {
    "application": ("robotshop_application", 360, 60),
    "l2c": ("l2c", 288, 48),
}
TARGETS = {"application": ("calls.sum", "latency.mean")}


def series_of(directory: Path, name: str) -> Iterator[tuple[str, Values]]:
    """The targets of a set: those named, or all columns that are neither time nor a 0/1 event."""
    stem = SETS[name][0]
    files = sorted(directory.glob(f"{stem}*.csv*"))
    if not files:
        sys.exit(f"no {stem}*.csv in {directory}")
    table = pd.concat([pd.read_csv(file) for file in files])
    time = table.columns[0]
    table = table.drop_duplicates(time).sort_values(time)
    for column in table.columns[1:]:
        values = table[column].to_numpy(np.float64)
        wanted = TARGETS.get(name)
        if (column.endswith(wanted) if wanted else not np.isin(values, (0.0, 1.0)).all()) and values.any():
            yield column, values


def singles(period: int) -> tuple[str, ...]:
    """Names of the candidates that are single classical models with the cycle that everybody knows, a day (an hour)."""
    families = ("exponential smoothing", "damped trend", "theta", "autoregression", "integrated autoregression")
    return ("naive", f"seasonal naive, {period}", *families, *(f"{name} + season, {period}" for name in families))


def main(directory: Path) -> None:
    """Print the figures."""
    off: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    whole: dict[str, float] = defaultdict(float)
    inside = steps = 0
    for name, (_, period, horizon) in SETS.items():
        for column, values in series_of(directory, name):
            for term, times in TERMS.items():
                length = horizon * times
                key = f"{name}_{term}"
                windows = min(WINDOWS, max(1, -(-len(values) // (10 * length))))
                for at in range(windows):
                    cut = len(values) - (windows - at) * length
                    past, actual = values[max(0, cut - CYCLES * 7 * period) : cut], values[cut : cut + length]
                    found = predict(Question(past, length, (period, 7 * period), 0.8))
                    off[key]["trimtab"] += float(np.abs(found.mean - actual).sum())
                    whole[key] += float(np.abs(actual).sum())
                    inside += int(((actual >= found.lower) & (actual <= found.upper)).sum())
                    steps += length
                    known = {**candidates((), None), **candidates((period,), None)}
                    for single in singles(period):
                        ahead = known[single](past, length)
                        ahead = np.full(length, past[-1]) if ahead is None else ahead
                        off[key][single.replace(f", {period}", "")] += float(np.abs(ahead - actual).sum())
            print(f"{name}: {column}", file=sys.stderr)
    nd = {key: {model: one / whole[key] for model, one in found.items()} for key, found in off.items()}
    mean = {model: float(np.mean([nd[key][model] for key in nd])) for model in next(iter(nd.values()))}
    best = min((model for model in mean if model != "trimtab"), key=lambda model: mean[model])
    figures = {
        "nd": round(mean["trimtab"], 4),
        "nd_best_baseline": round(mean[best], 4),
        "best_baseline": best,
        "nd_seasonal_naive": round(mean["seasonal naive"], 4),
        "coverage_80": round(inside / steps, 4),
        **{f"nd_{key}": round(found["trimtab"], 4) for key, found in nd.items()},
        **{f"best_{key}": round(min(v for m, v in found.items() if m != "trimtab"), 4) for key, found in nd.items()},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
