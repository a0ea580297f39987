"""How the evaluations of scaling judge: every history compared, promised and kept, and what their last line says.

The figures are out of source as they are: what a promise is made by is what `generalise.py DIR scaling` chooses without
the source that is judged, and the portfolio has no constant of a source.
"""

import json
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from scaling_folds import long_enough
from scaling_traces import TICK_S, Array, fleet_of

from trimtab.scaling.replay.comparison import Comparison, Scored, compare

SHARES = ((0.01, "1pct"), (0.001, "01pct"))


def evaluate(traces: Iterator[tuple[str, Array]]) -> dict[str, object]:
    """Compare on every trace, print a line each, and give the figures."""
    found: list[tuple[str, Array, Comparison]] = []
    for name, demand in traces:
        if len(demand) < 10 or demand.max() <= 0:
            continue
        comparison = compare(demand, fleet_of(demand))
        found.append((name, demand, comparison))
        _print(name, demand, comparison)
    if not found:
        sys.exit("no history of demand in this directory")
    told, costs = promises(found), figures([(name, one) for name, _, one in found])
    outside = {**told, "cost_vs_best_aws_hindsight_median": costs["cost_vs_best_aws_hindsight_median"]}
    return {**told, "out_of_source": outside, **costs}


def promises(found: Sequence[tuple[str, Array, Comparison]]) -> dict[str, object]:
    """The share of the series for which an allowed share of violations is promised, and of these that kept it.

    A promise counts where a day at least follows in which it can be judged.
    """
    answer: dict[str, object] = {}
    for allowed, tag in SHARES:
        told = [(one.kept[allowed], demand) for _, demand, one in found]
        kept = [one.kept for one, demand in told if one.since is not None and long_enough(demand, one.since)]
        end = "" if tag == "1pct" else f"_{tag}"
        answer[f"promised{end}"] = round(len(kept) / len(found), 4)
        answer[f"kept{end}"] = round(sum(map(bool, kept)) / len(kept), 4) if kept else None
    return answer


def _print(name: str, demand: Array, one: Comparison) -> None:
    print(f"{name} ({len(demand)} minutes): AWS suggested {_cell(one.suggested)}")
    for allowed, ours in one.ours.items():
        best = one.best_of_aws(ours.violating)
        said = "none violates so little" if best is None else f"{_cell(best)} ({best.name})"
        regret = "" if best is None else f", ours ÷ it {ours.hours / best.hours:.3f}"
        print(f"    allowed {allowed:.1%}: ours {_cell(ours)}; best of AWS in hindsight {said}{regret}")
        kept = one.kept[allowed]
        if kept.since is None:
            print(f"        {kept.verdict.words}")
        else:
            since = f"from day {kept.since * TICK_S / 86_400:.0f} on: {kept.violating:.3%} violated since"
            print(f"        {kept.verdict.words}; {since}, the safe rule held {kept.held.mean():.1%} of the time")


def _cell(one: Scored) -> str:
    return f"{one.cost_vs_oracle:.3f} × oracle, {one.violating:.3%} violating"


def mean(values: Sequence[float]) -> float | None:
    """The geometric mean, rounded; None of nothing."""
    return round(math.exp(sum(map(math.log, values)) / len(values)), 4) if values else None


def figures(found: Sequence[tuple[str, Comparison]]) -> dict[str, object]:
    """What the last line says. A trace is smooth where AWS's suggested setting violates at most 1 %.

    Costs are geometric means over the smooth traces (over all where none is smooth), violations the means of the same;
    `cost_vs_best_aws_hindsight` is over all traces where some setting of AWS violates no more than ours at 1 % did.
    """
    smooth = [one for one in found if one[1].suggested.violating <= 0.01] or list(found)
    regret = {
        name: one.ours[0.01].hours / best.hours
        for name, one in found
        if (best := one.best_of_aws(one.ours[0.01].violating)) is not None
    }
    answer: dict[str, object] = {}
    for allowed, tag in SHARES:
        ours = [one.ours[allowed] for _, one in smooth]
        answer[f"cost_vs_oracle_{tag}"] = mean([one.cost_vs_oracle for one in ours])
        answer[f"violating_{tag}"] = round(sum(one.violating for one in ours) / len(ours), 6)
    answer["cost_vs_aws_default"] = mean([one.ours[0.01].hours / one.suggested.hours for _, one in smooth])
    answer["cost_vs_best_aws_hindsight"] = mean(list(regret.values()))
    answer["cost_vs_best_aws_hindsight_median"] = round(statistics.median(regret.values()), 4) if regret else None
    answer["aws_default_vs_oracle"] = mean([one.suggested.cost_vs_oracle for _, one in smooth])
    answer["smooth"] = [name for name, _ in smooth]
    answer["worst"] = max(regret, key=lambda name: regret[name]) if regret else None
    answer["traces"] = {name: _row(one) for name, one in found}
    return answer


def _row(one: Comparison) -> dict[str, float | str | None]:
    best = one.best_of_aws(one.ours[0.01].violating)
    return {
        "cost_vs_oracle_1pct": round(one.ours[0.01].cost_vs_oracle, 4),
        "violating_1pct": round(one.ours[0.01].violating, 6),
        "cost_vs_oracle_01pct": round(one.ours[0.001].cost_vs_oracle, 4),
        "violating_01pct": round(one.ours[0.001].violating, 6),
        "promised_1pct": one.kept[0.01].verdict.reason.value,
        "promised_01pct": one.kept[0.001].verdict.reason.value,
        "cost_vs_aws_default": round(one.ours[0.01].hours / one.suggested.hours, 4),
        "aws_default_violating": round(one.suggested.violating, 6),
        "cost_vs_best_aws_hindsight": None if best is None else round(one.ours[0.01].hours / best.hours, 4),
    }


def main(read: object, usage: str) -> None:
    """Evaluate the directory that the command line names."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(usage)
    print(json.dumps(evaluate(read(Path(sys.argv[1])))))  # type: ignore[operator] # one of the readers above
