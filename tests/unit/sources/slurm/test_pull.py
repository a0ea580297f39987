"""What a look asks SLURM for, and what it reports of nodes."""

from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from tests.unit.sources.slurm.test_events import PRINTED, ms

from trimtab.base.clock import ManualClock
from trimtab.client.inventory_wire import ReportNodes, ReportRuns, RunsTaken
from trimtab.sources.slurm.cursor import Cursor
from trimtab.sources.slurm.pull import OVERLAP_MS, Pull

NODES = "NodeName=a1 Arch=x86_64 CPUTot=8 Gres=gpu:h100:4 State=IDLE+DRAIN Reason=fans\n"


@dataclass
class Cluster:
    """SLURM, and trimtab, as far as a look sees of them."""

    asked: list[tuple[str, int, int]] = field(default_factory=list)
    told: list[ReportNodes] = field(default_factory=list)

    def sacct(self, start_ms: int, end_ms: int) -> str:
        self.asked.append(("sacct", start_ms, end_ms))
        return ""

    def jobs(self) -> str:
        return "No jobs in the system\n"

    def nodes(self) -> str:
        return NODES

    def squeue(self) -> str:
        return ""

    def events(self, start_ms: int) -> str:
        self.asked.append(("events", start_ms, 0))
        return PRINTED

    def others(self) -> list[tuple[str, str]]:
        return []

    def cluster(self) -> str:
        return "real"

    def report(self, report: ReportRuns) -> RunsTaken:
        return RunsTaken(len(report.runs), 0, 0)

    def put_nodes(self, told: ReportNodes) -> None:
        self.told.append(told)


def pull(cluster: Cluster, clock: ManualClock, directory: Path) -> Pull:
    cursor = Cursor(directory, "real", "http://127.0.0.1:1")
    return Pull(cluster, cluster, cluster, cursor, clock, UTC)  # type: ignore[arg-type]


def test_the_first_look_asks_for_the_nodes_of_the_past(tmp_path: Path) -> None:
    cluster, clock = Cluster(), ManualClock(ms(30, 12))
    pull(cluster, clock, tmp_path).history(ms(10))
    assert ("events", ms(10), 0) in cluster.asked
    assert [ms(10), ms(19), ms(20, 8), ms(30), ms(30, 12)] == [one.seen_ms for one in cluster.told]
    windows = [(start, end) for kind, start, end in cluster.asked if kind == "sacct"]
    assert [(ms(10), ms(17)), (ms(17), ms(24)), (ms(24), ms(30, 12))] == windows


def test_who_goes_on_asks_from_the_last_look_and_reports_nodes_of_now_alone(tmp_path: Path) -> None:
    cluster, clock = Cluster(), ManualClock(ms(30, 12))
    pull(cluster, clock, tmp_path).history(ms(10))
    cluster.asked.clear()
    cluster.told.clear()
    clock.advance(3600)
    pull(cluster, clock, tmp_path).history(ms(10))
    assert [("sacct", ms(30, 12) - OVERLAP_MS, ms(30, 13))] == cluster.asked
    assert [(ms(30, 13), ["a1"])] == [(one.seen_ms, [node.name for node in one.nodes]) for one in cluster.told]
