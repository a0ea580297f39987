"""How well cost incidents are found where they happen, and how often each is told.

    python bench/eval_cost_incidents.py [--seeds 1,2] [--services 12] [--plants 12] [--every 13]

For each seed `planted_bill.py` makes half a year of bill with twelve anomalies in its last quarter. The bill is
imported as it grew, every `--every` days, its last days incomplete, and judged by three monitors: the default one of
services, one of accounts and one of teams. Somebody subscribed to all three, without a threshold.

An incident is right where its days are those of a plant and its place is that plant's: the same usage type in the same
account and service, or the very resource. `precision`, `recall`: what the room holds at the end (an incident beyond the
first of a plant is wrong). `told` counts notifications: `told_right` of plants, `told_once` plants that were told
exactly once. `named` is the share of resources that were planted and are named. Tuned on seeds 1 to 4 and 101 to 112.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bill_room import Stores, bill_stores
from planted_bill import DAYS, FIRST, KINDS, PLANTS, QUARTER, Plant, PlantedBill, planted_bill, write
from sqlalchemy import select

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.costs.anomalies.around import nothing
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import Origin
from trimtab.costs.anomalies.room import CostAnomalies, Means
from trimtab.costs.anomalies.telling import ALERT
from trimtab.costs.cells import CellReader
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import Filter
from trimtab.costs.read_sql import DAY_MS
from trimtab.store.state.tables import outbox

START_MS = int(FIRST.timestamp()) * 1000
HOME = "123456789012"
_MONITORS: tuple[dict[str, Any], ...] = (
    {"MonitorName": "accounts", "MonitorType": "DIMENSIONAL", "MonitorDimension": "LINKED_ACCOUNT"},
    {
        "MonitorName": "teams",
        "MonitorType": "DIMENSIONAL",
        "MonitorDimension": "TAG",
        "MonitorSpecification": {"Tags": {"Key": "team"}},
    },
)


def main(seeds: Sequence[int], services: int, plants: int, every: int) -> None:
    """Evaluate every seed; the last line is of all."""
    tally: Counter[str] = Counter()
    for seed in seeds:
        began = time.monotonic()
        own = asyncio.run(evaluate(planted_bill(seed, services, plants), every))
        tally.update(own)
        line = {"seed": seed, **_figures(own), "wall_s": round(time.monotonic() - began, 1)}
        print(json.dumps(line), flush=True)
    print(json.dumps({"bills": len(seeds), **_figures(tally)}), flush=True)


async def evaluate(bill: PlantedBill, every: int) -> Counter[str]:
    """One bill, as it grew."""
    with bill_stores() as stores:
        clock = ManualClock(START_MS)
        room = _room(stores, clock)
        arns = [one.arn for one in await _watch(room)]
        await _subscribe(room, arns)
        since = 0
        for until in [*range(QUARTER, DAYS, every), DAYS]:
            with tempfile.TemporaryDirectory() as place:
                write(bill, Path(place), until, since)
                stores.room.importer.run(ImportRequest(place, source="bill"))
            clock.advance((START_MS + until * DAY_MS + DAY_MS // 8 - clock.now_ms()) / 1000)
            await room.rounds.turn()
            clock.advance(2 * DAY_MS / 1000)  # rounds go on while the next bill is awaited
            await room.rounds.turn()
            since = until - every
        incidents = await room.found.listed(EVERYTHING, Wanted(start_ms=START_MS + QUARTER * DAY_MS))
        rows = await stores.state.read(
            lambda connection: connection.execute(select(outbox.c.body).where(outbox.c.kind == ALERT)).all()
        )
    held = [(one.finding.origin, one.finding.start_ms, one.finding.end_ms) for one in incidents]
    told = [_told(json.loads(row.body)["Anomalies"][0]) for row in rows]
    return _compared(bill.plants, [_dated(one) for one in held], [_dated(one) for one in told])


def _room(stores: Stores, clock: ManualClock) -> CostAnomalies:
    async def generation() -> int:
        return clock.now_ms()

    async def mail(account: str, address: str) -> str:
        return f"arn:aws:sns:us-east-1:{account}:{address}"

    def read(expression: Mapping[str, Any] | None) -> Filter | None:
        return None

    reader = stores.room.reader
    means = Means(reader, CellReader(stores.telemetry), generation, mail, read, nothing, HOME)
    return CostAnomalies.of(stores.state, clock, means)


async def _watch(room: CostAnomalies) -> list[Any]:
    await room.monitors.ensure_default()
    for form in _MONITORS:
        await room.monitors.create(EVERYTHING, HOME, form)
    return await room.monitors.listed(EVERYTHING)


async def _subscribe(room: CostAnomalies, monitors: list[str]) -> None:
    form = {
        "SubscriptionName": "all",
        "MonitorArnList": monitors,
        "Frequency": "IMMEDIATE",
        "Threshold": 0.0,
        "Subscribers": [{"Type": "EMAIL", "Address": "ann@example.com"}],
    }
    await room.subscriptions.create(EVERYTHING, HOME, form)


Seen = tuple[Origin, int, int]


def _told(anomaly: Mapping[str, Any]) -> Seen:
    place = anomaly["Place"]
    names = ("Service", "LinkedAccount", "Region", "UsageType", "ResourceId")
    first, last = (
        int(datetime.fromisoformat(anomaly[name]).timestamp() * 1000) for name in ("AnomalyStartDate", "AnomalyEndDate")
    )
    return Origin(*(place[name] for name in names)), first, last + DAY_MS


def _dated(seen: Seen) -> Seen:
    origin, start_ms, end_ms = seen
    return origin, (start_ms - START_MS) // DAY_MS, (end_ms - START_MS) // DAY_MS


def _compared(plants: Sequence[Plant], held: Sequence[Seen], told: Sequence[Seen]) -> Counter[str]:
    told = [one for one in told if one[1] >= QUARTER]
    tally: Counter[str] = Counter(f"put {plant.kind}" for plant in plants)
    hits = Counter(at for one in held for at, plant in enumerate(plants) if _is(plant, one))
    tellings = Counter(at for one in told for at, plant in enumerate(plants) if _is(plant, one))
    tally.update(f"caught {plants[at].kind}" for at in hits)
    tally["held"], tally["told"] = len(held), len(told)
    tally["told right"] = sum(any(_is(plant, one) for plant in plants) for one in told)
    tally["told plants"], tally["told once"] = len(tellings), sum(count == 1 for count in tellings.values())
    tally["of resources"] = sum(bool(plant.resource) for plant in plants)
    tally["named"] = sum(
        bool(plant.resource) and any(one[0].resource == plant.resource for one in held if _is(plant, one))
        for plant in plants
    )
    return tally


def _is(plant: Plant, seen: Seen) -> bool:
    origin, start, end = seen
    if start >= plant.late or end <= plant.start - 1:
        return False
    service, account, _, usage_type = plant.line
    of_line = (origin.service, origin.account, origin.usage_type) == (service, account, usage_type)
    return of_line or bool(plant.resource and origin.resource == plant.resource)


def _figures(tally: Counter[str]) -> dict[str, Any]:
    put, caught = (sum(tally[f"{word} {kind}"] for kind in KINDS) for word in ("put", "caught"))
    return {
        "planted": put,
        "incidents": tally["held"],
        "precision": round(caught / max(tally["held"], 1), 3),
        "recall": round(caught / max(put, 1), 3),
        "told": tally["told"],
        "told_right": tally["told right"],
        "told_plants": tally["told plants"],
        "told_once": tally["told once"],
        "named": f"{tally['named']}/{tally['of resources']}",
        "recall_by_kind": {kind: f"{tally[f'caught {kind}']}/{tally[f'put {kind}']}" for kind in KINDS},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=",".join(map(str, range(11, 21))))
    parser.add_argument("--services", type=int, default=12)
    parser.add_argument("--plants", type=int, default=PLANTS)
    parser.add_argument("--every", type=int, default=13)
    given = parser.parse_args()
    main([int(seed) for seed in given.seeds.split(",")], given.services, given.plants, given.every)
