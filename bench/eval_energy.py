"""Joules and the best power limit from measured energy: `eval_energy.py DIR`; the last line is one JSON object.

Every file goes through the product's readers (`trimtab.progress.power_files`). `joules_error` is the largest
|joules ÷ expected − 1|: of jobs by power limit (at the highest limit and at the best), and of runs by the readings of
their nodes' power (all, and within the run) where such files are there. `limit_right` is the share of jobs whose limit
with the fewest joules, and whose limit with the fewest among those at most 5 % slower, are the expected ones. Windows
of Zeus have no expected value: how many were read, their sum, and the limit that they advise are printed. Files with
energy that nobody here has seen are named.
"""

import csv
import gzip
import json
import math
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from trimtab.base.errors import InvalidInput
from trimtab.progress.energy import joules_at, of_power
from trimtab.progress.power_files import Job, power_readings, trials, windows
from trimtab.progress.power_limits import Advised, Trial, advise

EXPECTED = "expected"


@dataclass
class Tally:
    """What was compared."""

    joules: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    limits: list[bool] = field(default_factory=list)
    windows: int = 0
    missing: int = 0
    not_read: list[str] = field(default_factory=list)

    def compare(self, what: str, got: float | None, expected: str | None) -> None:
        """Compare joules, where something is expected."""
        value = number(expected)
        if value is None:
            return
        if got is None:
            self.missing += 1
            print(f"{what}: unknown, expected {value:g} J")
            return
        self.joules.append(abs(got / value - 1) if value else abs(got))
        if self.joules[-1] > 0.02:
            print(f"{what}: {got:.6g} J, expected {value:.6g}")


def number(text: str | None) -> float | None:
    """A number of a table; None for none."""
    try:
        found = float(text) if text else None
    except ValueError:
        return None
    return found if found is None or math.isfinite(found) else None


def opened(path: Path) -> TextIO:
    """A text file, packed or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="")
    return path.open(encoding="utf-8", errors="replace", newline="")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with opened(path) as lines:
        return list(csv.DictReader(lines))


def of_jobs(path: Path, expected: list[dict[str, str]], tally: Tally) -> None:
    """Jobs by power limit, against the rows that name the same job on the same GPU."""
    with opened(path) as lines:
        read = trials(lines)
    if read.unreadable:
        print(f"{path.name}: lines that cannot be read: {read.unreadable[:10]}")
    gpu = path.name.removesuffix(".gz").removesuffix(".csv").rsplit("_", 1)[-1].lower()
    for job, found in read.rows.items():
        truth = matching(job, gpu, expected)
        if truth is None:
            print(f"{path.name}: nothing is expected of {dict(job)}")
            continue
        judge(f"{gpu} {dict(job)}", advise(found), found, truth, tally)


def matching(job: Job, gpu: str, expected: list[dict[str, str]]) -> dict[str, str] | None:
    """The expected row of a job."""
    for row in expected:
        if row.get("gpu", gpu).lower() == gpu and all(same(row.get(name), value) for name, value in job):
            return row
    return None


def same(one: str | None, other: str) -> bool:
    """Whether two cells say the same: as text, or as numbers."""
    return one is None or one == other or (number(one) is not None and number(one) == number(other))


def judge(what: str, advised: Advised | None, found: list[Trial], truth: Mapping[str, str], tally: Tally) -> None:
    """One job."""
    if advised is None:
        joules = {one.limit_w: one.joules for one in found}
        tally.compare(f"{what} at the only limit", next(iter(joules.values()), None), truth.get("at_top_limit_joules"))
        got = (next(iter(joules), None),) * 2
    else:
        tally.compare(f"{what} at the highest limit", advised.top.joules, truth.get("at_top_limit_joules"))
        tally.compare(f"{what} at the best", advised.fewest_joules.joules, truth.get("best_joules"))
        got = advised.fewest_joules.limit_w, advised.hardly_slower.limit_w
    wanted = number(truth.get("best_limit_w")), number(truth.get("best_limit_within_5pct_time_w"))
    right = all(one is None or one == other for one, other in zip(wanted, got, strict=True))
    tally.limits.append(right)
    if not right:
        print(f"{what}: limits {got}, expected {wanted}")


def of_windows(path: Path, tally: Tally) -> None:
    """Windows of Zeus."""
    with opened(path) as lines:
        read = windows(lines)
    tally.windows += len(read.rows)
    advised = advise([one for window in read.rows if (one := window.trial) is not None])
    said = advised.words if advised else "no limits were tried"
    print(f"{path.name}: {len(read.rows)} windows, {sum(one.joules for one in read.rows):,.0f} J; {said}")
    if read.unreadable:
        print(f"{path.name}: lines that cannot be read: {read.unreadable[:10]}")


def of_nodes(path: Path, expected: list[dict[str, str]], tally: Tally) -> None:
    """Readings of nodes' power, over all of them and within the run."""
    with opened(path) as lines:
        read = power_readings(lines)
    runs = {row["log"]: row for one in path.parent.glob("runs.csv*") for row in rows(one)}
    for truth in expected:
        key = truth.get("run", ""), truth.get("node", "")
        readings = read.rows.get(key, [])
        if not readings:
            tally.compare(str(key), None, truth.get("joules_all_readings"))
            continue
        first, last = min(readings)[0], max(readings)[0]
        whole = of_power(readings, first, last)
        tally.compare(f"{key}, all readings", whole.joules if whole else None, truth.get("joules_all_readings"))
        run = runs.get(key[0])
        if run and run.get("run_start_ms") and run.get("run_stop_ms"):
            within = of_power(readings, float(run["run_start_ms"]) / 1000, float(run["run_stop_ms"]) / 1000)
            tally.compare(f"{key}, in the run", within.joules if within else None, truth.get("joules_in_run"))


def of_serving(path: Path, tally: Tally) -> bool:
    """A table of serving: power ÷ tokens a second beside the joules a token that it states; False where it is none."""
    table = rows(path)
    names = list(table[0]) if table else []
    flat = {name: "".join(c if c.isalnum() else "_" for c in name.lower()) for name in names}
    power = next((n for n, f in flat.items() if "power" in f and "limit" not in f and "cap" not in f), None)
    rate = next((n for n, f in flat.items() if "token" in f and ("throughput" in f or "per_s" in f)), None)
    stated = next((n for n, f in flat.items() if "token" in f and ("joule" in f or "energy" in f)), None)
    if power is None or rate is None or stated is None:
        return False
    for row in table:
        watts, tokens, value = number(row[power]), number(row[rate]), number(row[stated])
        if watts and tokens and value and (got := joules_at(watts, tokens)) is not None:
            tally.tokens.append(got / value)
    return True


def main(directory: Path) -> None:
    tally = Tally()
    files = sorted(path for path in directory.rglob("*.csv*") if path.suffix in (".csv", ".gz"))
    expected = [row for path in files if "power_expected" in path.name for row in rows(path)]
    for path in files:
        if EXPECTED in path.name:
            continue
        try:
            with opened(path) as lines:
                head = next(csv.reader(lines), [])
            if {"power_limit", "time_per_epoch", "average_power"} <= set(head):
                of_jobs(path, [row for row in expected if "best_limit_w" in row], tally)
            elif {"window_name", "elapsed_time"} <= set(head):
                of_windows(path, tally)
            elif {"run", "node", "time_ms", "watts"} <= set(head):
                of_nodes(path, [row for row in expected if "joules_all_readings" in row], tally)
            elif not of_serving(path, tally):
                tally.not_read.append(path.name)
        except (InvalidInput, OSError, EOFError, zlib.error, csv.Error) as problem:
            print(f"{path.name}: {problem}")
            tally.not_read.append(path.name)
    if tally.tokens:
        low, high = min(tally.tokens), max(tally.tokens)
        print(f"serving: W ÷ tokens/s is {low:.4g} to {high:.4g} times the joules a token that is stated")
    print(f"not read: {', '.join(tally.not_read) or 'nothing'}")
    figures = {
        "jobs": len(tally.limits),
        "joules": len(tally.joules),
        "windows": tally.windows,
        "missing": tally.missing,
        "joules_error": round(max(tally.joules), 6) if tally.joules else None,
        "limit_right": round(sum(tally.limits) / len(tally.limits), 6) if tally.limits else None,
    }
    if tally.tokens:
        figures["serving"] = len(tally.tokens)
        figures["joules_a_token_ratio_max"] = round(max(tally.tokens), 6)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
