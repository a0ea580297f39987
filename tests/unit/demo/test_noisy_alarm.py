"""The planted alarm is noisy on the series that the demo sends, and what is suggested for it is quiet."""

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.unit.alarms.replay.past import Past
from tests.unit.demo.prompb import labels

from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.replay.model import Span
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.alarms.suggest.suggester import Suggester
from trimtab.demo.alarms import METRIC, NOISY, POD, noisy_form
from trimtab.demo.company import REGION, SERVING
from trimtab.demo.endpoints import VLLM
from trimtab.demo.plants import plants
from trimtab.demo.servers import ServerFeed
from trimtab.demo.simulation import Simulation
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals
from trimtab.demo.world import World
from trimtab.metrics.rollups.tiers import Retention


@pytest.fixture(scope="module")
def past(made: World) -> Past:
    """The KV cache of the pod every five minutes of two weeks, as it is sent."""
    moment = Simulation(made, Totals()).moment(Slab(made.start_ms, made.anchor_ms, 300))
    found = Past()
    for block in ServerFeed(made, VLLM).blocks(moment):
        for head, values in zip(block.heads, block.values, strict=True):
            own = dict(labels(head))
            if (own["__name__"], own.get("pod")) == (METRIC, POD):
                assert SERVING.id == block.account
                found.points[METRIC] = (np.asarray(block.times), np.asarray(values))
    assert METRIC in found.points
    return found


def test_replay_shows_it_flap_and_the_quiet_one_is_proposed(made: World, past: Past) -> None:
    async def named(*_: Any) -> dict[str, Any]:
        return {}

    parts = ReplayParts(past, past, past.evaluator, named, Retention())
    replayer = Replayer(parts)
    key, span = AlarmKey(SERVING.id, REGION, NOISY), Span(made.start_ms, made.anchor_ms, made.anchor_ms)
    form = noisy_form("N", {})
    replay = asyncio.run(replayer.replay(read_alarm(AlarmKind.METRIC, key, form), span))
    assert replay.fired >= 25
    assert replay.median_ms <= 15 * 60_000

    found = asyncio.run(Suggester(parts, replayer).suggest(key, form, span))
    quiet = found.proposals[0]
    assert found.incidents
    assert found.now.score.noise >= 20
    assert quiet.recommended
    assert quiet.score.noise <= found.now.score.noise / 4
    assert 0 == quiet.score.missed
    assert quiet.replay.fired <= replay.fired / 2
    assert "instead of" in quiet.reason


def test_the_plant_says_where_it_is(made: World) -> None:
    [plant] = [one for one in plants(made) if one.id == "noisy-alarm"]
    assert ("/alarms", (NOISY,)) == (plant.page, plant.resources)
