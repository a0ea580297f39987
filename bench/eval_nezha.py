"""Root-cause ranking on a directory in the layout of Nezha's data: `<application>/<day>/{trace,metric,log,…}`.

Run as `python bench/eval_nezha.py DIR`. For each injected fault the product's ranking (`bottlenecks.rootcause.rank`)
gets the minutes after it against the hour before: spans of the minute that the data has for it against the fault-free
minute, metrics of pods and of edges, and log lines where there are some. Of `fault_list.json` the *time* tells which
minutes are looked at, as an alarm would; pod and type of the fault are only compared with. A pod's component is its
workload. `as1` and `as5` are the shares of faults whose service is first, or among the first five. The last line is
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

from trimtab.bottlenecks.rootcause.rank import rank
from trimtab.bottlenecks.rootcause.signals import Line, Series, Signals
from trimtab.bottlenecks.spans import SpanRow, columns, empty

_BEFORE_S, _AFTER_S, _MARGIN_S = 3600, 240, 30
_POD = re.compile(r"-[0-9a-f]{6,10}-[a-z0-9]{5}$")
_TIMES = {"time", "timestamp", "podname", "servicename"}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python bench/eval_nezha.py DIR", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    everywhere: list[int] = []
    for application in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
        ranks = [found for day in sorted(application.iterdir()) if day.is_dir() for found in evaluated(day)]
        if ranks:
            figures |= scores(ranks, f"{application.name}_")
            everywhere += ranks
    print(json.dumps({**scores(everywhere, ""), **figures}))
    return 0


def scores(ranks: list[int], prefix: str) -> dict[str, float]:
    shares = {f"as{most}": sum(found <= most for found in ranks) / max(len(ranks), 1) for most in (1, 3, 5)}
    return {f"{prefix}{name}": round(share, 4) for name, share in shares.items()} | {f"{prefix}faults": len(ranks)}


def evaluated(day: Path) -> Iterator[int]:
    """The rank of the true service for each fault of a day."""
    fault_free = [spans for path in sorted((day / "trace_faultfree").glob("*.csv.gz")) for spans in read_spans(path)]
    table = Table(day / "metric")
    for hour in json.loads((day / "fault_list.json").read_text()).values():
        for fault in hour:
            at = int(datetime.fromisoformat(fault["inject_time"]).replace(tzinfo=UTC).timestamp())
            minute = minute_of(day / "trace", at, day.name)
            spans = columns(list(read_spans(minute))) if minute else empty()
            lines = list(read_lines(day / "log" / minute.name.replace("trace", "log"))) if minute else []
            normal = Signals(columns(fault_free), table.between(at - _BEFORE_S, at - _MARGIN_S))
            now = Signals(spans, table.between(at + _MARGIN_S, at + _AFTER_S), lines)
            suspects = rank(normal, now)
            true = workload(fault["inject_pod"])
            names = [suspect.component for suspect in suspects]
            found = names.index(true) + 1 if true in names else len(names) + 1
            best = ", ".join(f"{suspect.component} {suspect.score:.1f}" for suspect in suspects[:4])
            print(f"{fault['inject_time']} {fault['inject_type']:15} {true:28} rank {found:2}: {best}", flush=True)
            yield found


def workload(pod: str) -> str:
    """The workload of a pod: its name without the hashes of ReplicaSet and pod."""
    return _POD.sub("", pod)


def minute_of(directory: Path, at: int, day: str) -> Path | None:
    """The first minute of spans that begins within three minutes of a fault."""
    for path in sorted(directory.glob("*_trace.csv.gz")):
        hour, minute = path.name.split("_")[:2]
        begins = datetime.fromisoformat(f"{day} {hour}:{minute}:00").replace(tzinfo=UTC).timestamp()
        if 0 <= begins - at < 180:
            return path
    return None


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
            yield Line(workload(row["PodName"]), json.loads(row["Log"])["log"] if row["Log"][:1] == "{" else row["Log"])


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
