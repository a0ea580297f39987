"""The company's audit: every record once however the history is cut, and what is planted is found by the rules."""

import json

from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.audit.insights.detect import episodes
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.demo.audit import SECRETS, AuditFeed
from trimtab.demo.endpoints import DEGRADED, DEGRADED_SINCE_H
from trimtab.demo.plants import plants
from trimtab.demo.slab import Slab, plan
from trimtab.demo.world import World, ago


def events(made: World, *slabs: Slab) -> list[AuditEvent]:
    feed = AuditFeed(made)
    shipments = [shipment for slab in slabs for shipment in feed.shipments(slab)]
    return [event_of(record, Origin.PUT) for one in shipments for record in json.loads(one.body)["records"]]


def test_a_history_in_coarse_and_fine_slabs_has_every_record_once(made: World) -> None:
    slabs = list(plan(ANCHOR_MS - 30 * HOUR_MS, ANCHOR_MS))
    assert {slab.step_s for slab in slabs} == {15, 300}
    found = events(made, *slabs)
    assert len(found) == len({(one.account, one.id) for one in found}) > 400
    whole = events(made, Slab(slabs[0].first_ms, slabs[-1].last_ms, 15))
    assert {one.id for one in found} == {one.id for one in whole}


def test_the_roll_out_that_made_the_endpoint_slow_is_told_just_before(made: World) -> None:
    deployed = ago(ANCHOR_MS, DEGRADED_SINCE_H)
    found = events(made, Slab(deployed - HOUR_MS, deployed, 15))
    (one,) = (event for event in found if DEGRADED in event.touched)
    plant = next(one for one in plants(made) if one.id == "roll-out")
    assert (one.time_ms, one.user_name) == (plant.since_ms, plant.resources[1])
    assert "enforce-eager" in str(one.record["requestParameters"])


def test_the_secrets_are_an_episode_and_nothing_else_is(made: World) -> None:
    found = events(made, Slab(ANCHOR_MS - 60 * HOUR_MS, ANCHOR_MS, 300))
    minutes: dict[tuple[str, str], dict[int, int]] = {}
    for one in found:
        counts = minutes.setdefault((one.account, one.name), {})
        counts[one.time_ms // 60_000 * 60_000] = counts.get(one.time_ms // 60_000 * 60_000, 0) + 1
    unusual = {
        key: episodes(sorted(counts.items()), ANCHOR_MS - 48 * HOUR_MS, ANCHOR_MS) for key, counts in minutes.items()
    }
    named = {key[1]: sum(one.calls for one in found) for key, found in unusual.items() if found}
    assert named == {"GetSecretValue": SECRETS}
