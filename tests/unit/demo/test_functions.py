"""Functions of the demo: every invocation once however the history is cut, and what is planted in them."""

import json
import re

from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.demo.functions import COLD, FUNCTIONS, ROOMY, FunctionFeed
from trimtab.demo.plants import plants
from trimtab.demo.slab import Slab, plan
from trimtab.demo.world import World


def lines(made: World, *slabs: Slab) -> list[tuple[int, str, str]]:
    """(time, group, text) in the order of sending."""
    found: list[tuple[int, str, str]] = []
    feed = FunctionFeed(made)
    for slab in slabs:
        for shipment in feed.shipments(slab):
            for resource in json.loads(shipment.body)["resourceLogs"]:
                names = {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]}
                for record in resource["scopeLogs"][0]["logRecords"]:
                    at = int(record["timeUnixNano"]) // 1_000_000
                    found.append((at, names["aws.log.group.names"], record["body"]["stringValue"]))
    return found


def test_a_history_in_coarse_and_fine_slabs_has_every_line_once(made: World) -> None:
    found = lines(made, *plan(ANCHOR_MS - 8 * HOUR_MS, ANCHOR_MS))
    assert len(found) == len(set(found))
    assert max(at for at, _, _ in found) <= ANCHOR_MS
    for function in FUNCTIONS:
        reports = [text for _, group, text in found if group.endswith(function.name) and text.startswith("REPORT")]
        assert 0.2 < len(reports) / (8 * 3600 / function.every_s) <= 1.02


def test_what_is_planted_is_in_the_lines(made: World) -> None:
    found = lines(made, Slab(ANCHOR_MS - 24 * HOUR_MS, ANCHOR_MS, 300))
    roomy = [
        int(used) for _, group, text in found for used in re.findall(r"Used: (\d+) MB", text) if ROOMY.name in group
    ]
    assert max(roomy) < ROOMY.memory_mb / 12
    cold = [text for _, group, text in found if COLD.name in group and text.startswith("REPORT")]
    assert 0.3 < sum("Init Duration" in text for text in cold) / len(cold) < 0.5
    assert any(COLD.name in group and "Task timed out after 30.00 seconds" in text for _, group, text in found)
    assert {one.resources[0] for one in plants(made) if one.page == "/serverless"} == {ROOMY.name, COLD.name}
