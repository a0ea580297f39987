from dataclasses import replace

from trimtab.web.gpu_findings import broken_groups
from trimtab.web.gpu_fleet import GpuRow, State

DOWN = GpuRow("GPU-0", "node-1", "0", "H100", State.DOWN, "search", "", "", None, None, 24, 0, 0, 0, 12, "", "drained")


def test_a_drained_node_is_one_thing_to_look_at() -> None:
    drained = [replace(DOWN, gpu=f"GPU-{at}", index=str(at)) for at in (3, 1, 0, 2)]
    fell = [
        replace(DOWN, node="node-2", index=at, why="XID 79", down_h=hours) for at, hours in (("5", 1.0), ("7", 2.0))
    ]
    busy = replace(DOWN, node="node-3", state=State.ACTIVE)
    found = broken_groups([*fell, *drained, busy])
    said = [(one.node, one.indices, one.why, one.down_h, one.owners) for one in found]
    assert said == [("node-1", "0–3", "drained", 48.0, ("search",)), ("node-2", "5, 7", "XID 79", 3.0, ("search",))]
