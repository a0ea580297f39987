"""Forecasts of daily cost, walking forward over a generated bill: mean error, and what intervals hold.

    python bench/eval_bill_forecast.py [DIR] [--windows 4]

Fourteen months of the demo company's bill (bench/fleet_bill.py: machines that start and stop, commitments, spot,
growing storage, month-end fees) as daily series: by account, by team, by service, and all of it. Each of the last
windows of 30 days is forecast from the days before it alone, as `trimtab costs forecast` does (weeks, the calendar).
ND = Σ|actual − forecast| ÷ Σ|actual| of a series over its windows; figures are means over series. `best_single` is the
classical model that is best on average over all series (Theta, smoothing, autoregressions, each plain and by weekday).
`coverage_80`: the share of days inside their 80 % intervals. `DIR` keeps the series. The last line is JSON.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path

import fleet_bill
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trimtab.costs.outlook import calendar_of
from trimtab.costs.read_sql import DAY_MS
from trimtab.demo.bill import report
from trimtab.timeseries.forecast.candidates import candidates
from trimtab.timeseries.forecast.model import Question
from trimtab.timeseries.forecast.predict import predict

Values = npt.NDArray[np.float64]
MONTHS = tuple((2025 + (7 + at) // 12, (7 + at) % 12 + 1) for at in range(14))
HORIZON, WEEK = 30, 7
_LEAST_SHARE = 0.002  # of the whole bill: what is less is noise to who pays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--windows", type=int, default=4)
    options = parser.parse_args()
    with nullcontext(options.directory) if options.directory else tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.mkdir(parents=True, exist_ok=True)
        kept = place / "series.npz"
        if not kept.exists():
            np.savez(kept, **_series())
        series = {name: np.asarray(values, np.float64) for name, values in np.load(kept).items()}
    print(json.dumps(_walk(series, options.windows)))


def _walk(series: dict[str, Values], windows: int) -> dict[str, object]:
    start = fleet_bill.bounds(MONTHS[0])[0]
    off: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    whole: dict[str, float] = defaultdict(float)
    inside = days = 0
    for name, values in series.items():
        for at in range(windows):
            cut = len(values) - (windows - at) * HORIZON
            past, actual = values[:cut], values[cut : cut + HORIZON]
            marks = calendar_of(start, cut + HORIZON)
            least = 0.0 if past.min() >= 0 else -np.inf
            found = predict(Question(past, HORIZON, (WEEK,), 0.8, marks, least))
            off[name]["trimtab"] += float(np.abs(found.mean - actual).sum())
            whole[name] += float(np.abs(actual).sum())
            inside += int(((actual >= found.lower) & (actual <= found.upper)).sum())
            days += HORIZON
            for single, model in {**candidates((), None), **candidates((WEEK,), None)}.items():
                ahead = model(past, HORIZON)
                said = np.full(HORIZON, past[-1]) if ahead is None else ahead
                off[name][single] += float(np.abs(said - actual).sum())
    nd = {name: {model: one / whole[name] for model, one in found.items()} for name, found in off.items()}
    models = set.intersection(*(set(found) for found in nd.values()))
    mean = {model: float(np.mean([found[model] for found in nd.values()])) for model in models}
    best = min((model for model in mean if model != "trimtab"), key=lambda model: mean[model])
    naive = next(model for model in mean if model.startswith("seasonal naive"))
    return {
        "eval": "bill_forecast",
        "series": len(series),
        "windows": windows,
        "days": days,
        "nd": round(mean["trimtab"], 4),
        "nd_seasonal_naive": round(mean[naive], 4),
        "nd_best_single": round(mean[best], 4),
        "best_single": best,
        "coverage_80": round(inside / days, 4),
        "nd_of": {name: round(found["trimtab"], 4) for name, found in nd.items()},
    }


def _series() -> dict[str, Values]:
    """Daily unblended cost by account, team and service, and of everything."""
    made = fleet_bill.make_world()
    start, end = fleet_bill.bounds(MONTHS[0])[0], fleet_bill.bounds(MONTHS[-1])[1]
    days = (end - start) // DAY_MS
    sums: dict[str, Values] = defaultdict(lambda: np.zeros(days))
    with fleet_bill.stopping(fleet_bill.ran(made, start, end), start):
        for number, month in enumerate(MONTHS):
            begin, until = fleet_bill.bounds(month)
            _add(sums, report.month_of(made, begin, until, until, refund=number == 6), start)
    total = sums["total"].sum()
    return {name: values for name, values in sums.items() if abs(values.sum()) > _LEAST_SHARE * total}


def _add(sums: dict[str, Values], table: pa.Table, start: int) -> None:
    when = pc.cast(table["line_item_usage_start_date"], pa.timestamp("ms", "UTC")).to_numpy().astype("datetime64[ms]")
    day = (when.astype(np.int64) - start) // DAY_MS
    cost = table["line_item_unblended_cost"].to_numpy().astype(np.float64)
    teams = [_team(pairs) for pairs in table["resource_tags"].to_pylist()]
    columns = {
        "account": table["line_item_usage_account_id"].to_pylist(),
        "service": table["line_item_product_code"].to_pylist(),
        "team": teams,
    }
    np.add.at(sums["total"], day, np.nan_to_num(cost))
    for kind, values in columns.items():
        names = np.asarray([str(value) for value in values])
        for name in np.unique(names):
            mine = names == name
            np.add.at(sums[f"{kind} {name}"], day[mine], np.nan_to_num(cost[mine]))


def _team(pairs: object) -> str:
    found = dict(pairs) if pairs else {}  # type: ignore[call-overload] # a map of Arrow is a list of pairs
    return str(found.get("user_team") or found.get("user_Team") or "none").lower()


if __name__ == "__main__":
    main()
