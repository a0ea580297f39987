"""What an hour of GPUs would cost that somebody means to ask for: by the rates and list prices that price every run.

Where a file names no GPU and no machine, or a GPU that no own rate names, the machines of the cluster say which they
would be: of those whose GPU fits, the kind with the most GPUs.
"""

from collections import Counter
from collections.abc import Sequence

from trimtab.inventory.catalog.book import mentions
from trimtab.inventory.catalog.model import GpuPrice
from trimtab.inventory.catalog.pricing import Machine, Pricing
from trimtab.inventory.runs.model import Condition, Node


def price_of(
    pricing: Pricing, nodes: Sequence[Node], gpu_type: str, instance_type: str, queue: str, cluster: str, at_ms: int
) -> GpuPrice:
    """The price of an hour of one GPU, or why there is none."""
    named = Machine(instance_type, gpu_type, 0.0, queue)
    price = pricing.gpu_hour(named, at_ms) if instance_type or gpu_type or queue else None
    if price is not None and price.per_gpu_hour is not None:
        return price
    kinds: Counter[tuple[str, str, float]] = Counter()
    for node in nodes:
        if _fits(node, gpu_type, instance_type, cluster):
            kinds[node.instance_type, node.gpu_type, node.gpus] += round(node.gpus)
    for (instance, type_, gpus), number in kinds.most_common():
        found = pricing.gpu_hour(Machine(instance, type_, gpus, queue), at_ms)
        if found.per_gpu_hour is not None:
            what = instance or type_ or "its machines"
            return GpuPrice(
                found.per_gpu_hour, found.currency, found.basis, f"{found.note}; {what}, of which {number} GPUs fit"
            )
    if price is not None:
        return price
    return GpuPrice.unknown("the file names no GPU, and no machine of a cluster with a price is known")


def _fits(node: Node, gpu_type: str, instance_type: str, cluster: str) -> bool:
    if node.gpus <= 0 or node.condition is Condition.POWERED_DOWN or (cluster and node.cluster != cluster):
        return False
    if instance_type:
        return node.instance_type == instance_type
    return not gpu_type or mentions(node.gpu_type, gpu_type) or mentions(gpu_type, node.gpu_type)
