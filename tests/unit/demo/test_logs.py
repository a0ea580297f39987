"""Logs of the model servers: every line once however the history is cut, and a new error since the deploy."""

import json

from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.demo.endpoints import DEGRADED, DEGRADED_SINCE_H
from trimtab.demo.logs import EVERY_MS, KEPT_H, NEW_ERROR, LogFeed
from trimtab.demo.plants import plants
from trimtab.demo.slab import Slab, plan
from trimtab.demo.world import World, ago
from trimtab.logs.patterns.compare import Change, Counted, compare
from trimtab.logs.patterns.mask import Masker

Line = tuple[int, str, str]


def lines(made: World, *slabs: Slab) -> list[Line]:
    """(time, service, text) in the order of sending."""
    found: list[Line] = []
    feed = LogFeed(made)
    for slab in slabs:
        for shipment in feed.shipments(slab):
            for resource in json.loads(shipment.body)["resourceLogs"]:
                names = {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]}
                for record in resource["scopeLogs"][0]["logRecords"]:
                    at = int(record["timeUnixNano"]) // 1_000_000
                    found.append((at, names["service.name"], record["body"]["stringValue"]))
    return found


def test_a_history_in_coarse_and_fine_slabs_has_every_line_once(made: World) -> None:
    slabs = list(plan(ANCHOR_MS - 8 * HOUR_MS, ANCHOR_MS))
    assert {slab.step_s for slab in slabs} == {15, 300}
    found = lines(made, *slabs)
    assert len(found) == len(set(found))
    per_endpoint = len(found) / len({service for _, service, _ in found})
    assert abs(per_endpoint - 8 * HOUR_MS / EVERY_MS) <= 10
    assert max(at for at, _, _ in found) <= ANCHOR_MS


def test_there_is_nothing_before_what_is_kept(made: World) -> None:
    before = ago(ANCHOR_MS, KEPT_H)
    found = lines(made, Slab(before - 10 * HOUR_MS, before - HOUR_MS, 300))
    assert not [one for one in found if one[1] != "kernel"]


def test_the_planted_error_is_new_on_the_day_of_the_deploy(made: World) -> None:
    deployed = ago(ANCHOR_MS, DEGRADED_SINCE_H)
    found = lines(made, Slab(ANCHOR_MS - 48 * HOUR_MS, ANCHOR_MS, 300))
    assert min(at for at, _, text in found if NEW_ERROR in text) > deployed - EVERY_MS
    masker = Masker()
    rows = [
        Counted(masker.mask(text), int(at >= ANCHOR_MS - 24 * HOUR_MS), 1, text)
        for at, service, text in found
        if service == DEGRADED
    ]
    new = [one for one in compare(rows, 1) if one.change is Change.NEW and one.severity == "error"]
    assert [NEW_ERROR in one.template for one in new] == [True]
    (plant,) = (one for one in plants(made) if one.id == "new-error")
    assert plant.resources == (DEGRADED,)
    assert plant.since_ms == deployed
