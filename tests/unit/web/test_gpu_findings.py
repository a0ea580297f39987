from decimal import Decimal

from trimtab.base.records import replace
from trimtab.fleet.frame import DeviceCost
from trimtab.web.gpu_findings import broken_groups, idle_groups
from trimtab.web.gpu_fleet import GpuRow, State

DOWN = GpuRow(
    gpu="GPU-0", node="node-1", index="0", model="H100", state=State.DOWN, owner="(held by nobody)", pod="",
    workload="", active=None, memory=None, existing_h=24, down_h=12, held_h=12, free_h=0, unknown_h=0, active_h=0,
    inactive_h=12, unmeasured_h=0, idle_h=12, idle_cost=30.0, currency="USD", source="", why="drained", last="search",
    machine="1/c/node-1", costs=DeviceCost({"USD": Decimal(60)}, {"USD": Decimal(30)}, {"USD": Decimal(10)}),
)  # fmt: skip


def test_a_drained_node_is_one_thing_to_look_at() -> None:
    drained = [replace(DOWN, gpu=f"GPU-{at}", index=str(at)) for at in (3, 1, 0, 2)]
    fell = [
        replace(DOWN, node="node-2", index=at, why="XID 79", down_h=hours) for at, hours in (("5", 1.0), ("7", 2.0))
    ]
    busy = replace(DOWN, node="node-3", state=State.ACTIVE)
    found = broken_groups([*fell, *drained, busy])
    said = [(one.node, one.indices, one.why, one.down_h, one.owners) for one in found]
    assert said == [("node-1", "0–3", "drained", 48.0, ("search",)), ("node-2", "5, 7", "XID 79", 3.0, ("search",))]


def test_gpus_that_idle_for_one_holder_are_one_group_with_what_their_idle_hours_cost() -> None:
    held = replace(DOWN, state=State.INACTIVE, owner="vision", workload="moe", active=0.01)
    free = replace(DOWN, state=State.FREE, active=0.0, costs=None)
    worked = replace(free, active=0.4)  # free now, and at work for most of the range
    found = idle_groups([free, held, replace(held, node="node-2"), worked])
    assert [("vision", "moe", True, 2), ("(held by nobody)", "", False, 1)] == [
        (one.owner, one.workload, one.held, len(one.gpus)) for one in found
    ]
    assert [24, 0] == [one.idle_h for one in found]  # inactive hours of who holds them, not those before
    assert [{"USD": Decimal(40)}, {}] == [one.amounts for one in found]
