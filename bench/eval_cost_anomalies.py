"""How well cost anomalies are found and explained: `python bench/eval_cost_anomalies.py DIR [--seeds 1,2]`.

For each seed the demo's generator makes half a year of bill; noise of 1 to 8 % a day, weeks and growth are laid over
it, and spikes of one to four days, slow drifts, new services and price changes (by the ratios of DIR's price history)
put into it (`anomalous_bill.py`). The bill is imported as a user would, judged by the default monitor of services, and
what the room then holds is compared with what was put in: nothing of that reaches the product.

`size` is the smallest amount a day that is put in, of the service's cost a day (drifts end at twice that, new services
have that amount). An anomaly is right where its service and its days are those of something put in; `root_cause` is the
share of those whose first cause is the very account, region and usage type. The detector was tuned on seeds 101 to 103.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anomalous_bill import FIRST, KINDS, Bill, Label, inject, ordinary_bill, price_ratios, write
from bill_room import Stores, bill_stores

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.costs.anomalies.around import nothing
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import Anomaly
from trimtab.costs.anomalies.room import CostAnomalies, Means
from trimtab.costs.cells import CellReader
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import Filter
from trimtab.costs.read_sql import DAY_MS

SEEDS = tuple(range(1, 9))
_EARLY = 1  # days before something that may be taken for it: bills are by day


def main(directory: Path, seeds: Sequence[int], sizes: Sequence[float]) -> None:
    """Evaluate every size over all seeds; the last line is of the last size."""
    ratios = price_ratios(directory)
    tallies: dict[float, Counter[str]] = {size: Counter() for size in sizes}
    for number, seed in enumerate(seeds, 1):
        bill = ordinary_bill(seed)
        for size, tally in tallies.items():
            tally.update(evaluate(bill, seed, size, ratios))
            print(json.dumps({"up_to_seed": seed, **_figures(tally, number, size)}), flush=True)
    for size, tally in tallies.items():
        print(json.dumps(_figures(tally, len(seeds), size)), flush=True)


def evaluate(bill: Bill, seed: int, size: float, ratios: tuple[float, ...]) -> Counter[str]:
    """One bill: what was put in, found, right, and rightly explained."""
    changed, labels = inject(bill, seed, size, ratios)
    with tempfile.TemporaryDirectory() as place, bill_stores() as stores:
        write(changed, Path(place))
        stores.room.importer.run(ImportRequest(place))
        found = asyncio.run(_found(stores, int(FIRST.timestamp()) * 1000 + (bill.daily.shape[1] + 1) * DAY_MS))
    return _compared(labels, found)


async def _found(stores: Stores, now_ms: int) -> list[Anomaly]:
    async def generation() -> int:
        return 1

    async def mail(account: str, address: str) -> str:
        raise AssertionError("nobody subscribed")

    def read(expression: Mapping[str, Any] | None) -> Filter | None:
        return None

    reader = stores.room.reader
    means = Means(reader, CellReader(stores.telemetry), generation, mail, read, nothing, "123456789012")
    room = CostAnomalies.of(stores.state, ManualClock(now_ms), means)
    await room.rounds.turn()
    return await room.found.listed(EVERYTHING, Wanted())


def _compared(labels: Sequence[Label], found: Sequence[Anomaly]) -> Counter[str]:
    start = int(FIRST.timestamp()) * 1000
    tally: Counter[str] = Counter(f"put {label.kind}" for label in labels)
    caught: set[int] = set()
    for one in found:
        finding = one.finding
        first, last = (finding.start_ms - start) // DAY_MS, (finding.end_ms - start) // DAY_MS
        hits = [
            at
            for at, label in enumerate(labels)
            if label.service == finding.value and first < label.late and last > label.start - _EARLY
        ]
        tally["found"] += 1
        tally["right"] += bool(hits)
        if hits:
            cause = finding.causes[0] if finding.causes else None
            named = cause and (cause.service, cause.account, cause.region, cause.usage_type)
            tally["explained"] += any(named in labels[at].cells for at in hits)
        caught.update(hits)
    tally.update(f"caught {labels[at].kind}" for at in caught)
    return tally


def _figures(tally: Counter[str], bills: int, size: float) -> dict[str, Any]:
    put, caught = (sum(tally[f"{word} {kind}"] for kind in KINDS) for word in ("put", "caught"))
    return {
        "bills": bills,
        "size": size,
        "injected": put,
        "found": tally["found"],
        "precision": round(tally["right"] / max(tally["found"], 1), 3),
        "recall": round(caught / max(put, 1), 3),
        "root_cause": round(tally["explained"] / max(tally["right"], 1), 3),
        "recall_by_kind": {kind: f"{tally[f'caught {kind}']}/{tally[f'put {kind}']}" for kind in KINDS},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--size", default="0.4")
    given = parser.parse_args()
    main(given.directory, [int(seed) for seed in given.seeds.split(",")], [float(one) for one in given.size.split(",")])
