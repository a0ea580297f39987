"""The registry of series: memory and CPU of this code, beside those of an earlier checkout, on the same series.

    python bench/bench_registry.py [--series 200000] [--beside PATH_OF_ANOTHER_CHECKOUT]

Each side runs in a process of its own: series are registered (as doors do), found by selectors, listed and counted; in
another process they are loaded, as at a start, from rows that an engine would answer. CPU seconds, not wall time; MB
are what the process holds more than before (RSS). Each pod has 50 metrics. Prints a table, the ratios, and one line of
JSON.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

METRICS = 50
BATCH = 65_505
"""Rows that the engine answers at a time."""
NOW_MS = 1_764_000_000_000


def cpu() -> float:
    """CPU seconds of this process so far."""
    return time.process_time()


def rss_mb() -> float:
    """What the process holds, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def row(at: int) -> tuple[str, dict[str, str], str]:
    """Name, labels and resource of a series."""
    pod, metric = divmod(at, METRICS)
    labels = {
        "container": "main",
        "instance": f"10.{pod // 62_500}.{pod // 250 % 250}.{pod % 250}:9100",
        "job": f"job-{pod % 20}",
        "namespace": f"team-{pod % 40}",
        "path": f"/api/{at % 7}",
        "pod": f"pod-{pod:08x}-abcde",
    }
    return f"metric_{metric}_total", labels, f"kubernetes/1/eu/pod/pod-{pod:08x}"


class Rows:
    """Answers as the engine does what a registry asks at its start: in the form of this code, and of the earlier."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.file = pa.ipc.open_file(pa.memory_map(str(path)))

    async def fetch(self, sql: str, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The earlier form: arrays of objects, and dimensions as JSON, in `parts`."""
        import numpy as np
        import pyarrow as pa

        if "dimensions" in sql:
            batches = range(params["part"], self.file.num_record_batches, params["parts"])
            table = pa.Table.from_batches([self.file.get_batch(at) for at in batches], self.file.schema)
            return {name: table[name].to_numpy() for name in table.column_names if name not in ("names", "values")}
        if "FROM metric_series" in sql:
            return {"series": self.file.read_all()["series"].to_numpy()}
        return {"series": np.empty(0, np.uint64), "last": np.empty(0, np.int64)}

    async def batches(self, sql: str, params: dict[str, Any], **_: Any) -> Any:
        """This form: Arrow's batches."""
        for at in range(self.file.num_record_batches):
            yield self.file.get_batch(at)


def written(number: int, path: Path) -> None:
    """Put rows of metric_series into a file, as Arrow's batches."""
    import pyarrow as pa

    from trimtab.metrics.model import Identity, Kind

    text, texts = pa.string(), pa.list_(pa.string())
    types = {"series": pa.uint64(), "name": text, "resource": text, "names": texts, "values": texts}
    alike = {"account": "1", "region": "eu", "namespace": "Prometheus", "unit": "None", "kind": "counter"}
    types |= {"dimensions": text, **dict.fromkeys(alike, text), "first_seen": pa.int64()}
    schema = pa.schema(types)
    with pa.ipc.new_file(path, schema) as file:
        for first in range(0, number, BATCH):
            rows = []
            for at in range(first, min(first + BATCH, number)):
                name, labels, owner = row(at)
                identity = Identity("1", "eu", "Prometheus", name, tuple(labels.items()), kind=Kind.COUNTER)
                own = {"names": list(labels), "values": list(labels.values()), "dimensions": json.dumps(labels)}
                rows.append(
                    {"series": identity.series_id(), "name": name, "resource": owner, "first_seen": NOW_MS}
                    | own
                    | alike
                )
            file.write_batch(pa.RecordBatch.from_pylist(rows, schema))


def loaded(number: int, path: Path) -> dict[str, float]:
    """What a start takes, without the engine's part."""
    from trimtab.base.clock import ManualClock
    from trimtab.metrics.registry import SeriesRegistry

    held = rss_mb()
    registry = SeriesRegistry(Rows(path), ManualClock(NOW_MS))  # type: ignore[arg-type]  # answers what is asked
    began = cpu()
    asyncio.run(registry.load())
    if len(registry) != number:
        raise SystemExit(f"cannot measure the load: {len(registry)} of {number} series are known")
    return {"load_cpu_s": cpu() - began, "load_mb": rss_mb() - held - mapped_mb(path)}


def mapped_mb(path: Path) -> float:
    """What of a file is mapped, in MB: it is no memory of the registry's."""
    found, ours = 0.0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            ours = line.endswith(str(path))
        elif ours and line.startswith("Rss:"):
            found += int(line.split()[1]) / 1e3
    return found


def registered(number: int, _path: Path) -> dict[str, float]:
    """What new series and questions about them take."""
    import numpy as np

    from trimtab.access.scope import EVERYTHING, Scope
    from trimtab.base.clock import ManualClock
    from trimtab.metrics.cardinality import CardinalityReader
    from trimtab.metrics.model import Identity, Kind, SeriesQuery
    from trimtab.metrics.promql.browse import Browser
    from trimtab.metrics.promql.catalogue import Catalogue
    from trimtab.metrics.promql.language.parse import parse_selector
    from trimtab.metrics.registry import SeriesRegistry

    clock = ManualClock(NOW_MS)
    registry = SeriesRegistry(None, clock)  # type: ignore[arg-type]  # reads nothing
    catalogue = Catalogue(registry)
    held, spent, known = rss_mb(), 0.0, 0.0
    for first in range(0, number, 1000):
        made = [row(at) for at in range(first, min(first + 1000, number))]
        identities = [
            Identity("1", "eu", "Prometheus", name, tuple(labels.items()), kind=Kind.COUNTER, resource=owner)
            for name, labels, owner in made
        ]
        began = cpu()
        ids = np.array([registry.add(identity) for identity in identities], np.uint64)
        registry.take_unlogged()
        spent += cpu() - began
        began = cpu()
        registry.seen(ids, np.full(len(ids), NOW_MS, np.int64))
        known += cpu() - began
    result = {"new_us": spent / number * 1e6, "seen_us": known / number * 1e6, "registered_mb": rss_mb() - held}
    browser, mine = Browser(registry, catalogue), Scope.of("1", "eu")
    select: Callable[[str], Any] = lambda text: catalogue.find(mine, parse_selector(text).matchers)  # noqa: E731
    asked: dict[str, Callable[[], Any]] = {
        "first": lambda: select("metric_1_total{pod='pod-00000001-abcde'}"),
        "equal": lambda: select("metric_1_total{pod='pod-00000002-abcde'}"),
        "pod": lambda: select("{pod='pod-00000003-abcde'}"),
        "regex": lambda: select("metric_2_total{pod=~'pod-0000000.*'}"),
        "other": lambda: select("metric_3_total{path!='/api/3',job!~'job-1.*'}"),
        "many": lambda: select("{__name__=~'metric_[0-9]_total'}"),
        "label_values_path": lambda: browser.label_values(mine, "path", [], NOW_MS - 1),
        "label_values_pod": lambda: browser.label_values(mine, "pod", [], NOW_MS - 1),
        "label_names": lambda: browser.label_names(mine, [], NOW_MS - 1),
        "page": lambda: registry.find(EVERYTHING, SeriesQuery(limit=500)),
        "page_again": lambda: registry.find(EVERYTHING, SeriesQuery(limit=500)),
        "text": lambda: registry.find(EVERYTHING, SeriesQuery(text="00000004", limit=500)),
        "named": lambda: registry.find(mine, SeriesQuery("Prometheus", "metric_4_total", (("path", "/api/4"),))),
        "cardinality": lambda: asyncio.run(CardinalityReader(registry, clock).read(EVERYTHING)),
    }
    for name, ask in asked.items():
        began = cpu()
        ask()
        result[f"{name}_ms"] = (cpu() - began) * 1000
    return result


def side(checkout: Path, number: int, path: Path) -> dict[str, float]:
    """Both measurements of one checkout."""
    result: dict[str, float] = {}
    for child in ("loaded", "registered"):
        result |= run(checkout, child, number, path)
    return {name: round(value, 3) for name, value in result.items()}


def run(checkout: Path, child: str, number: int, path: Path) -> dict[str, float]:
    """Run one of this file's functions in a process that has the code of a checkout."""
    environment = os.environ | {"PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, __file__, "--series", str(number), "--child", child, "--rows", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cannot measure {checkout}: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200_000)
    parser.add_argument("--beside", type=Path, help="a checkout of earlier code")
    parser.add_argument("--child", choices=("loaded", "registered", "written"), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(globals()[options.child](options.series, options.rows)))
        return
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows.arrow"
        run(here, "written", options.series, path)
        found = {"this": side(here, options.series, path)}
        if options.beside:
            found["beside"] = side(options.beside.resolve(), options.series, path)
    ratios = {
        name: round(before / max(found["this"][name], 1e-3), 2) for name, before in found.get("beside", {}).items()
    }
    for name, value in found["this"].items():
        before = f"{found['beside'][name]:>14,}{ratios[name]:>10}" if ratios else ""
        print(f"{name:24}{value:>14,}{before}")
    print(json.dumps({"bench": "registry", "series": options.series, **found, "ratios": ratios}))


if __name__ == "__main__":
    main()
