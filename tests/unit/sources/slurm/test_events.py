"""`sacctmgr show event` as SLURM 24.11 prints it: the nodes of the past, as looks at them would have found them."""

from datetime import UTC, datetime

import pytest

from trimtab.client.inventory_wire import NodeRecord
from trimtab.sources.slurm.events import Event, looks, read
from trimtab.sources.slurm.gathered import Gathered, kind_of

TRES = "billing=24,cpu=24,energy=0,gres/gpu:a100=2,gres/gpu:h100=8,gres/gpu=10,mem=3M,node=3"
PRINTED = f"""\
Cluster|NodeName|Cluster Nodes|TimeStart|TimeEnd|State|Reason|TRES
real||a[1-2],b1|2026-11-01T06:00:00|2026-11-20T08:00:00||Cluster Registered TRES|{TRES}
real||a[1-2]|2026-11-20T08:00:00|Unknown||Cluster Registered TRES|{TRES}
real|a2||2026-11-03T10:00:00|2026-11-04T10:00:00|DRAIN|ECC errors|cpu=8,gres/gpu:h100=4,gres/gpu=4,mem=1M
real|b1||2026-11-19T00:00:00|2026-11-20T08:00:00|DOWN*|XID 79|cpu=8,gres/gpu:a100=2,gres/gpu=2,mem=1M
real|a1||2026-11-30T00:00:00|Unknown|IDLE+DRAIN|fans|cpu=8,gres/gpu:h100=4,gres/gpu=4,mem=1M
"""
A1 = NodeRecord(name="a1", condition="drained", gpus=4.0, gpu_type="h100", instance_type="own", partitions=["train"])


def ms(day: int, hour: int = 0) -> int:
    return round(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp() * 1000)


def told(text: str = PRINTED) -> list[Event]:
    skipped: list[str] = []
    found = list(read(text, UTC, skipped))
    assert [] == skipped
    return found


def as_told(start_ms: int, end_ms: int, text: str = PRINTED) -> list[tuple[int, bool, list[tuple[str, str, str]]]]:
    return [
        (look.at_ms, look.whole, [(one.name, one.condition, one.reason) for one in look.nodes])
        for look in looks(told(text), {"a1": A1}, start_ms, end_ms)
    ]


def test_every_moment_at_which_something_changed_is_a_look() -> None:
    up = [("a1", "up", ""), ("a2", "up", ""), ("b1", "up", "")]
    assert [
        (ms(1, 6), True, up),
        (ms(3, 10), False, [("a2", "drained", "ECC errors")]),
        (ms(4, 10), False, [("a2", "up", "")]),
        (ms(19), False, [("b1", "down", "XID 79")]),
        (ms(20, 8), True, [("a1", "up", ""), ("a2", "up", "")]),
        (ms(30), False, [("a1", "drained", "fans")]),
    ] == as_told(ms(1), ms(31 - 1, 12))


def test_a_look_in_the_middle_begins_with_what_was_then() -> None:
    found = as_told(ms(3, 12), ms(19, 1))
    assert (ms(3, 12), True, [("a1", "up", ""), ("a2", "drained", "ECC errors"), ("b1", "up", "")]) == found[0]
    assert [ms(3, 12), ms(4, 10), ms(19)] == [at for at, _, _ in found]


def test_hardware_is_that_of_today_else_what_the_event_names() -> None:
    first = next(iter(looks(told(), {"a1": A1}, ms(1), ms(30))))
    assert [("a1", 4.0, "h100", "own", ["train"]), ("a2", 4.0, "h100", "", []), ("b1", 2.0, "a100", "", [])] == [
        (one.name, one.gpus, one.gpu_type, one.instance_type, one.partitions) for one in first.nodes
    ]


def test_without_a_registration_nobody_says_which_nodes_there_were() -> None:
    lines = [line for line in PRINTED.splitlines() if "||" not in line]
    assert [] == as_told(ms(1), ms(30), "\n".join(lines))


@pytest.mark.parametrize(
    "now", [{}, {"a1": A1, "c1": NodeRecord(name="c1", condition="powered down", state="IDLE+CLOUD+POWERED_DOWN")}]
)
def test_nodes_of_a_cloud_are_registered_while_they_are_not_there(now: dict[str, NodeRecord]) -> None:
    assert [] == list(looks(told(), now, ms(1), ms(30)))


@pytest.mark.parametrize(
    ("wrong", "why"), [("real|a2||soon|Unknown|DRAIN|x|", "line 2"), ("real|a2|Unknown", "got 3 fields; expected 8")]
)
def test_a_line_that_cannot_be_read_is_told(wrong: str, why: str) -> None:
    skipped: list[str] = []
    head, *rest = PRINTED.splitlines()
    assert 5 == len(list(read("\n".join([head, wrong, *rest]), UTC, skipped)))
    (problem,) = skipped
    assert why in problem


def test_a_file_of_events_is_known_by_its_columns() -> None:
    assert "events" == kind_of(PRINTED)
    read_ = Gathered(UTC)
    read_.file("events.txt", PRINTED)
    assert ([], 5) == (read_.skipped, len(read_.events))
