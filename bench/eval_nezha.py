"""Root-cause ranking on a directory in the layout of Nezha's data: `[<application>/]<day>/{trace,metric,log,…}`.

Run as `python bench/eval_nezha.py DIR`. For each injected fault the product's ranking (`bottlenecks.rootcause.rank`)
gets the minutes after it against the hour before: spans of the minutes that the data has for it against the fault-
free minute, metrics of pods and of edges, and log lines where there are some (of the fault-free minute too, if it has
any). Of `fault_list.json` the *time* tells which minutes are looked at, as an alarm would; pod and type of the fault
are only compared with. A pod's component is its workload. `as1` and `as5` are the shares of faults whose service is
first, or among the first five; `suspected` is the share for which the product suspects anybody. The last line is
JSON.
"""

import csv
import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from trimtab.bottlenecks.rootcause.rank import rank, significant
from trimtab.bottlenecks.rootcause.signals import Line, Series, Signals
from trimtab.bottlenecks.spans import SpanRow, columns

_BEFORE_S, _AFTER_S, _MARGIN_S = 3600, 240, 30
_POD = re.compile(r"-[0-9a-f]{6,10}-[a-z0-9]{5}$")
_TIMES = {"time", "timestamp", "podname", "servicename"}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python bench/eval_nezha.py DIR", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    everywhere: list[tuple[int, bool]] = []
    for application, days in applications(Path(sys.argv[1])):
        ranks = [found for day in days for found in evaluated(day)]
        if ranks:
            figures |= scores(ranks, f"{application.name}_")
            everywhere += ranks
    print(json.dumps({**scores(everywhere, ""), **figures}))
    return 0


def applications(directory: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Applications with their days: directories with a list of faults, whose parent is the application."""
    of: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(directory.rglob("fault_list.json")):
        of[path.parent.parent].append(path.parent)
    yield from of.items()


def scores(ranks: list[tuple[int, bool]], prefix: str) -> dict[str, float]:
    shares = {f"as{most}": sum(found <= most for found, _ in ranks) / max(len(ranks), 1) for most in (1, 3, 5)}
    shares["suspected"] = sum(suspected for _, suspected in ranks) / max(len(ranks), 1)
    return {f"{prefix}{name}": round(share, 4) for name, share in shares.items()} | {f"{prefix}faults": len(ranks)}


def evaluated(day: Path) -> Iterator[tuple[int, bool]]:
    """For each fault of a day the rank of the true service, and whether anybody is suspected."""
    table = Table(day / "metric")
    usual_spans = columns([row for path in files(day / "trace_faultfree") for row in read_spans(path)])
    usual_lines = [line for path in files(day / "log_faultfree") for line in read_lines(path)]
    listed = json.loads((day / "fault_list.json").read_text())
    for hour in listed.values() if isinstance(listed, dict) else [listed]:
        for fault in hour:
            at = int(datetime.fromisoformat(fault["inject_time"]).replace(tzinfo=UTC).timestamp())
            minutes = minutes_of(day / "trace", at, day.name)
            spans = columns([row for minute in minutes for row in read_spans(minute)])
            lines = [
                line for minute in minutes for line in read_lines(day / "log" / minute.name.replace("trace", "log"))
            ]
            normal = Signals(usual_spans, table.between(at - _BEFORE_S, at - _MARGIN_S), usual_lines)
            now = Signals(spans, table.between(at + _MARGIN_S, at + _AFTER_S), lines)
            suspects = rank(normal, now)
            true = workload(fault["inject_pod"])
            names = [suspect.component for suspect in suspects]
            found = names.index(true) + 1 if true in names else len(names) + 1
            best = ", ".join(f"{suspect.component} {suspect.score:.1f}" for suspect in suspects[:4])
            print(f"{fault['inject_time']} {fault['inject_type']:15} {true:28} rank {found:2}: {best}", flush=True)
            yield found, bool(significant(suspects))


def workload(pod: str) -> str:
    """The workload of a pod: its name without the hashes of ReplicaSet and pod."""
    return _POD.sub("", pod)


def minutes_of(directory: Path, at: int, day: str) -> list[Path]:
    """The minutes of spans that begin within three minutes of a fault."""
    found = []
    for path in files(directory):
        hour, minute = path.name.split("_")[:2]
        begins = datetime.fromisoformat(f"{day} {hour}:{minute}:00").replace(tzinfo=UTC).timestamp()
        if 0 <= begins - at < _AFTER_S - 60:
            found.append(path)
    return found


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.csv.gz"))


def read_spans(path: Path) -> Iterator[SpanRow]:
    for row in rows(path):
        start, end = int(row["StartTimeUnixNano"]), int(row["EndTimeUnixNano"])
        parent = "" if row["ParentID"] == "root" else row["ParentID"]
        service = workload(row["PodName"])
        yield SpanRow(
            row["TraceID"],
            row["SpanID"],
            parent,
            service,
            row["OperationName"],
            start,
            end - start,
            failed="error" in row["OperationName"].lower(),  # the data have no status; an error handler's span tells
            place=row["PodName"],
        )


def read_lines(path: Path) -> Iterator[Line]:
    if path.exists():
        for row in rows(path):
            if row["PodName"] and row["Log"]:
                at = int(row.get("TimeUnixNano") or 0)
                yield Line(workload(row["PodName"]), written(row["Log"]), "", row.get("TraceID") or "", at)


def written(log: str) -> str:
    """The line that a container wrote, out of what its runtime made of it (some are cut off)."""
    try:
        return str(json.loads(log)["log"]) if log[:1] == "{" else log
    except json.JSONDecodeError:
        return log


class Table:
    """The metrics of a day: of pods, and of edges where a file's columns are `caller_callee`."""

    def __init__(self, directory: Path) -> None:
        self._samples: dict[tuple[str, str, str], list[tuple[int, float]]] = defaultdict(list)
        for path in sorted(directory.glob("*.csv.gz")):
            for row in rows(path):
                stamp = row.get("TimeStamp") or row.get("timestamp") or ""
                for name, value in row.items() if stamp else ():
                    if name.lower() in _TIMES:
                        continue
                    key = self._key(path, row, name)
                    self._samples[key].append((int(stamp), float(value) if value else float("nan")))

    @staticmethod
    def _key(path: Path, row: dict[str, str], name: str) -> tuple[str, str, str]:
        if "PodName" in row:
            return workload(row["PodName"]), name, ""
        if "ServiceName" in row:
            return row["ServiceName"].lower(), f"service {name}", ""
        caller, _, callee = name.partition("_")
        return caller, path.name.partition(".")[0], callee

    def between(self, start: int, end: int) -> list[Series]:
        """The samples from `start` on and before `end`, in seconds."""
        found = []
        for (component, metric, peer), samples in self._samples.items():
            values = [value for at, value in sorted(samples) if start <= at < end]
            found.append(Series(component, metric, np.array(values, np.float64), peer))
        return found


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    sys.exit(main())
