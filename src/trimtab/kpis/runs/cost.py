"""What a run cost: its allocated GPU-hours at the price of the machines that it held, and why where that is unknown.

cost = Σ over nodes: GPU-hours on the node × price of a GPU-hour of that machine when the run started

The price is the bill's where the machine is on it, else an own rate, else the catalogue's (inventory.catalog.pricing).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.catalog.model import GpuPrice, PriceBasis
from trimtab.inventory.catalog.pricing import Machine, Pricing
from trimtab.inventory.resources import Resource
from trimtab.inventory.runs.model import Held, Node, Run
from trimtab.kpis.runs.billed import NOT_BILLED, BilledDays

_INSTANCE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "instance_type")
_REGION_LABEL = "topology.kubernetes.io/region"
_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Cost:
    """`amounts` are by currency (none where nothing is known); `bases` and `notes` say what they rest on.

    `unpriced_hours` are GPU-hours without a price; `reason` says why.
    """

    amounts: Mapping[str, Decimal]
    bases: tuple[PriceBasis, ...]
    notes: tuple[str, ...]
    unpriced_hours: float
    reason: str

    @property
    def single(self) -> tuple[Decimal, str] | None:
        """The amount where all of it is known and in one currency."""
        if len(self.amounts) != 1 or self.unpriced_hours > 0:
            return None
        currency, amount = next(iter(self.amounts.items()))
        return amount, currency

    def part(self, share: float) -> Mapping[str, Decimal]:
        """A share of the amounts."""
        factor = Decimal(f"{share:.9f}")
        return {currency: amount * factor for currency, amount in self.amounts.items()}


@dataclass(frozen=True, slots=True)
class Prices:
    """What prices rest on: nodes by cluster and name, resources by name or id, own rates and catalogue, the bill."""

    pricing: Pricing
    nodes: Mapping[tuple[str, str], Node]
    resources: Mapping[str, Resource]
    billed: BilledDays = NOT_BILLED

    def instance_of(self, cluster: str, name: str) -> str:
        """The id by which a bill knows a node; "" where nothing says it."""
        node, resource = self.nodes.get((cluster, name)), self.resources.get(name)
        if node is not None and node.instance_id:
            return node.instance_id
        return resource.ref.id if resource is not None and resource.ref.kind == "instance" else ""

    def gpu_hour(self, run: Run, part: Held, now_ms: int) -> GpuPrice:
        """The price of a GPU-hour of a run on one of its nodes."""
        machine = self._machine(run, part)
        begun_ms = run.start_ms if run.start_ms is not None else run.submit_ms
        end_ms = run.end_ms if run.end_ms is not None else now_ms
        instance = self.instance_of(run.key.cluster, part.node)
        billed = self.billed.hour(instance, begun_ms, max(end_ms, begun_ms + 1)) if instance else None
        gpus = self.pricing.gpus(machine)
        if billed is not None and gpus:
            return GpuPrice(billed.per_hour / gpus, billed.currency, PriceBasis.BILL, f"{billed.note} ÷ {gpus:f} GPUs")
        return self.pricing.gpu_hour(machine, begun_ms)

    def _machine(self, run: Run, part: Held) -> Machine:
        node, resource = self.nodes.get((run.key.cluster, part.node)), self.resources.get(part.node)
        type_ = resource.type if resource is not None else ""
        region = resource.ref.region if resource is not None else ""
        if node is None:
            return Machine(type_, run.gpu_type, 0.0, run.queue, region or HOME)
        labels = node.labels
        type_ = node.instance_type or type_ or next((labels[key] for key in _INSTANCE_LABELS if key in labels), "")
        return Machine(
            type_, node.gpu_type or run.gpu_type, node.gpus, run.queue, region or labels.get(_REGION_LABEL, HOME)
        )


def cost_of(run: Run, prices: Prices, now_ms: int) -> Cost:
    """The cost of a run's GPU-hours until now, or its end."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    bases: dict[PriceBasis, None] = {}
    notes: dict[str, None] = {}
    reasons: dict[str, None] = {}
    unpriced = 0.0
    for part in run.held or _unplaced(run):
        seconds = run.held_seconds(part, 0, now_ms) * part.gpus
        price = prices.gpu_hour(run, part, now_ms)
        if price.per_gpu_hour is None:
            unpriced += seconds / 3600
            reasons[price.note] = None
            continue
        amounts[price.currency] += price.per_gpu_hour * Decimal(f"{seconds:.3f}") / _HOUR
        bases[price.basis] = None
        notes[price.note] = None
    return Cost(dict(amounts), tuple(bases), tuple(notes), unpriced, "; ".join(reasons))


def _unplaced(run: Run) -> Iterable[Held]:
    """GPUs of which the nodes are not known one by one."""
    yield Held(run.node_names[0] if run.node_names else "", run.gpus)
