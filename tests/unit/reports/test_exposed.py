"""What others scrape of GPUs: layers of the last hour that add up to the GPUs that exist."""

import asyncio
from typing import Any, cast

from trimtab.base.clock import ManualClock
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.model import HOUR_MS
from trimtab.reports.exposed import LAYERS, Exposed
from unit.reports.two_gpus import DAY, Facts


class NoEstimate:
    """There is no bill to estimate from."""

    async def snapshot(self) -> None:
        return None


def test_gpus_by_team_and_layer_add_up_to_the_gpus_that_exist() -> None:
    clock = ManualClock(DAY + 3 * HOUR_MS)
    exposed = Exposed(cast(Any, NoEstimate()), DirectLedger(cast(Any, Facts()), clock), clock)
    asyncio.run(exposed.refresh())
    told = {(team, layer): number for team, layer, number in exposed.gpus if number}
    assert {("vision", "unmeasured"): 1.0, ("(held by nobody)", "free"): 1.0} == told
    assert dict.fromkeys(("vision", "(held by nobody)"), LAYERS) == {
        team: tuple(layer for name, layer, _ in exposed.gpus if name == team) for team, _, _ in exposed.gpus
    }
