"""`POST /rest/v1/prices/jobs`: what GPUs that somebody means to ask for would cost, and how long they would wait."""

import asyncio
from decimal import Decimal
from typing import Any

from trimtab.base.clock import Clock
from trimtab.capacity.waits.model import Expected
from trimtab.client import job_prices_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.catalog.model import GpuPrice
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.runs import starts
from trimtab.kpis.runs.job_prices import price_of
from trimtab.kpis.runs.starts import Queues, Wish


def operations(room: InventoryRoom, clock: Clock) -> list[Operation]:
    """The operation that prices jobs; it keeps nothing of them."""

    async def priced(call: Call[Any, wire.PriceJobs]) -> wire.JobPrices:
        scope, now_ms = call.principal.scope, clock.now_ms()
        pricing, nodes = await room.pricing(), await room.nodes.all(scope)
        queues = await starts.read(room, scope, now_ms)

        def answer(queues: Queues) -> list[wire.JobPrice]:
            found = []
            for one in call.body.jobs:
                price = price_of(pricing, nodes, one.gpu_type, one.instance_type, one.queue, one.cluster, now_ms)
                wait = queues.expected(Wish(one.gpus, one.gpu_type, one.queue, one.team, one.cluster))
                found.append(_on_wire(one.gpus, price, *wait))
            return found

        return wire.JobPrices(await asyncio.to_thread(answer, queues))

    return [
        Operation(
            "POST",
            "/rest/v1/prices/jobs",
            "price jobs",
            "What an hour of GPUs costs that a job would ask for, and how long it would wait; nothing is kept.",
            priced,
            wire.JobPrices,
            body=wire.PriceJobs,
            tag="runs",
            bound=True,
        )
    ]


def _on_wire(gpus: float, price: GpuPrice, wait: Expected | None, wait_note: str) -> wire.JobPrice:
    each = price.per_gpu_hour
    return wire.JobPrice(
        None if each is None else f"{each:f}",
        None if each is None else f"{each * Decimal(f'{gpus:g}'):f}",
        price.currency,
        price.basis.value,
        price.note,
        None if wait is None else wire.ExpectedWait(wait.low_s, wait.median_s, wait.high_s, wait.waits, wait.by),
        wait_note,
    )
