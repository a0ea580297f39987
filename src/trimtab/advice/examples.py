"""Short ways to write the facts of an example: `given(thing("ec2:volume", "vol-1", State="available"))`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.advice.facts import DAY_MS, Ask, Bill, Facts, Gpu, GpuLoss, Thing, Values, Watch

NOW_MS = 1_790_000_000_000
"""When examples are: 2026-09-21T13:33:20Z."""
ACCOUNT, REGION = "123456789012", "us-east-1"
Measured = Mapping[tuple[Ask, str], Sequence[float]]
"""Values by metric and id, the newest last."""


def thing(
    kind: str,
    id_: str,
    *,
    type_: str = "",
    owner: str = "research",
    tags: Mapping[str, str] | None = None,
    provider: str = "aws",
    **attributes: Any,
) -> Thing:
    """A resource of the example's account and region."""
    path = f"{provider}/{ACCOUNT}/{REGION}/{kind}/{id_}"
    return Thing(
        path,
        kind,
        id_,
        id_,
        type_,
        ACCOUNT,
        REGION,
        owner,
        {"team": "research"} if tags is None else tags,
        attributes,
        provider,
    )


def known(**attributes: Any) -> dict[str, Any]:
    """Those of the attributes that are known: without those that are None."""
    return {name: value for name, value in attributes.items() if value is not None}


def given(
    *things: Thing, measured: Measured | None = None, bills: Mapping[str, Bill] | None = None, **more: Any
) -> Facts:
    """Facts of resources, with metrics that end at NOW_MS and bills by id."""
    kinds: dict[str, list[Thing]] = {}
    paths = {one.id: one.path for one in things}
    for one in things:
        kinds.setdefault(one.kind, []).append(one)
    values = {
        (ask, paths[id_]): values_of(numbers, ask.period_s * 1000) for (ask, id_), numbers in (measured or {}).items()
    }
    return Facts(NOW_MS, kinds, values, bills or {}, **{"billed": bool(bills), **more})


def gpu(
    uuid: str,
    active: Sequence[float],
    *,
    memory: Sequence[float] = (),
    queue: Sequence[float] | None = None,
    **more: Any,
) -> Gpu:
    """A GPU of the node `gpu-node-1` with buckets of five minutes."""
    period_ms = 300_000
    path = f"local/{ACCOUNT}/{REGION}/gpu/{uuid}"
    said = {"host": "gpu-node-1", "model": "NVIDIA A10G", "owner": "research", "account": ACCOUNT, "region": REGION}
    return Gpu(
        uuid,
        path=path,
        active=values_of(active, period_ms),
        memory=values_of(memory, period_ms),
        queue=None if queue is None else values_of(queue, period_ms),
        **{**said, **more},
    )


def watch(name: str, namespace: str, metric: str, **dimensions: str) -> Watch:
    """An alarm that tells somebody."""
    return Watch(name, namespace, metric, dimensions)


def loss(node: str, cause: str, hours: float) -> GpuLoss:
    """GPU-hours that a node of eight GPUs lost."""
    return GpuLoss(node, "coreweave", cause, hours, 8, ago(3), ago(2))


def values_of(numbers: Sequence[float], period_ms: int) -> Values:
    """Buckets one after another, the last of which ends about NOW_MS."""
    start = NOW_MS // period_ms * period_ms - len(numbers) * period_ms
    return Values(tuple(start + at * period_ms for at in range(len(numbers))), tuple(map(float, numbers)))


def billed(amount: str, **more: Any) -> Bill:
    """A bill on demand of BILL_DAYS days."""
    return Bill(Decimal(amount), **more)


def ago(days: float) -> int:
    """A moment `days` before NOW_MS."""
    return NOW_MS - int(days * DAY_MS)
