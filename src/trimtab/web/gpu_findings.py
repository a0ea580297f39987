"""What to do about GPUs: who lets them idle, the largest groups first, and which are down, by machine and cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct, field

from trimtab.web.gpu_fleet import GpuRow, State


class IdleGroup(Struct, frozen=True):
    """GPUs that one workload holds (or nobody) and that do next to nothing: `held` says which. `idle_h` are the hours
    in which they were held and inactive, or free where nobody holds them; `amounts` what those cost by currency."""

    owner: str
    workload: str
    held: bool
    gpus: tuple[GpuRow, ...]
    nodes: tuple[str, ...]
    models: tuple[str, ...]
    idle_h: float
    active: float
    memory: float | None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


class BrokenGroup(Struct, frozen=True):
    """GPUs of one machine that are down for one cause; `down_h` in GPU-hours; `owners` had them last."""

    node: str
    why: str
    owners: tuple[str, ...]
    gpus: tuple[GpuRow, ...]
    down_h: float

    @property
    def indices(self) -> str:
        """Which GPUs of the machine: `2`, `0, 3`, or `0–7` where they follow each other."""
        names = [row.index for row in self.gpus]
        numbers = sorted(int(name) for name in names) if all(name.isdecimal() for name in names) else []
        if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{numbers[0]}–{numbers[-1]}"
        return ", ".join(map(str, numbers) if numbers else sorted(names))


def idle_groups(rows: Iterable[GpuRow]) -> tuple[IdleGroup, ...]:
    """Who lets most hours idle, first those that are held: they can be given back by somebody who has a name."""
    groups: dict[tuple[str, str], list[GpuRow]] = defaultdict(list)
    for row in rows:
        if row.idles:
            groups[row.owner, row.workload].append(row)
    found = [_idle_group(*key, members) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda one: (not one.held, -one.idle_h, one.owner, one.workload)))


def _idle_group(owner: str, workload: str, rows: list[GpuRow]) -> IdleGroup:
    held = rows[0].state is State.INACTIVE
    up = sum(row.existing_h - row.down_h for row in rows)
    memory = [row.memory for row in rows if row.memory is not None]
    return IdleGroup(
        owner=owner,
        workload=workload,
        held=held,
        gpus=tuple(rows),
        nodes=tuple(sorted({row.node for row in rows})),
        models=tuple(sorted({row.model for row in rows if row.model})),
        idle_h=sum(row.inactive_h if held else row.free_h for row in rows),
        active=sum(row.active_h for row in rows) / up if up else 0.0,
        memory=sum(memory) / len(memory) if memory else None,
        amounts=idle_cost(rows, held=held),
    )


def idle_cost(rows: Iterable[GpuRow], *, held: bool) -> dict[str, Decimal]:
    """What GPUs cost by currency while they were held and inactive, or while they were free."""
    found: dict[str, Decimal] = {}
    for row in rows:
        costs = {} if row.costs is None else row.costs.inactive if held else row.costs.free
        for currency, amount in costs.items():
            found[currency] = found.get(currency, Decimal(0)) + amount
    return {currency: amount for currency, amount in found.items() if amount}


def broken_groups(rows: Iterable[GpuRow]) -> tuple[BrokenGroup, ...]:
    """What is down, the most hours first: a drained machine is one thing to look at, not eight."""
    groups: dict[tuple[str, str], list[GpuRow]] = defaultdict(list)
    for row in rows:
        if row.state is State.DOWN:
            groups[row.node, row.why].append(row)
    found = [
        BrokenGroup(
            node,
            why,
            tuple(sorted({row.last for row in down if row.last})),
            tuple(down),
            sum(row.down_h for row in down),
        )
        for (node, why), down in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.down_h, one.node, one.why)))
