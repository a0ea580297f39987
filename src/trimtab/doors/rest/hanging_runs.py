"""`/rest/v1/runs/hanging`: the runs that hang now."""

from typing import Any

from trimtab.client import runs_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.kpis.runs.watch import HangWatch


def operations(watch: HangWatch) -> list[Operation]:
    """The operation that lists them."""

    async def listed(call: Call[Any, None]) -> wire.HangingRuns:
        return wire.HangingRuns([
            wire.HangingRun(
                one.run.key.job,
                one.run.key.cluster,
                one.run.key.account,
                one.run.name,
                one.run.team,
                one.run.user,
                one.run.gpus,
                one.hang.start_ms,
                {currency: f"{amount:.6f}" for currency, amount in one.amounts_a_minute.items()},
                one.hang.stopped_first,
                one.hang.node,
                one.hang.index,
            )
            for one in watch.hanging(call.principal.scope)
        ])  # fmt: skip

    return [
        Operation(
            "GET",
            "/rest/v1/runs/hanging",
            "list hanging runs",
            "The runs that hang now: kernels run, and no GPU of the run moves any data. Looked at every 15 seconds.",
            listed,
            wire.HangingRuns,
            tag="runs",
            bound=True,
        )
    ]
