"""A line of a kernel log, by any door of logs, to `trimtab fleet faults` and to the GPU that it took."""

import json
import time
import uuid

import pytest
from click.testing import CliRunner

from live_server import LiveServer
from patience import until
from trimtab.cli.main import root
from trimtab.client import log_events_wire as logs_wire
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.fleet import Fleet
from trimtab.client.inventory_wire import HeldGpus, ReportRuns, RunRecord
from trimtab.client.log_events import LogEvents
from trimtab.client.progress_wire import ProgressMark, ReportProgress
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire


def cli(server: LiveServer, *arguments: str) -> str:
    done = CliRunner().invoke(root, [*arguments, "--url", server.url], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_line_becomes_a_fault_of_the_gpu_at_that_place(server: LiveServer) -> None:
    node, at = f"n{uuid.uuid4().hex[:8]}", int(time.time() * 1000) // 60_000 * 60_000 - 600_000
    labels = {
        "UUID": f"GPU-{node}",
        "gpu": "3",
        "Hostname": node,
        "pci_bus_id": "00000000:9B:00.0",
        "modelName": "H100",
    }
    line = "NVRM: Xid (PCI:0000:9b:00): 95, pid=1, name=py, Uncontained: FBHUB. RST: Yes, D-RST: No"
    with Client(server.url) as client:
        client.put(
            "dcgm",
            [
                wire.Datum(name="DCGM_FI_DEV_GPU_UTIL", value=0.0, time=at + m * 60_000, dimensions=labels)
                for m in range(10)
            ],
        )
        told = logs_wire.NewLogEvent(line, time_ms=at + 60_000)
        LogEvents(client).put("/kernel", [told], stream=f"{node}/kern.log")
        client.query("trimtab/Host", "gpu.faults", fresh=True)
        (fault,) = Fleet(client).faults(start="-1h", machine=node).faults
        assert (node, f"GPU-{node}", "3", "xid", 95, 1, "yes") == (
            fault.machine, fault.device, fault.index, fault.kind, fault.code, fault.count, fault.takes,
        )  # fmt: skip
        assert ("Uncontained memory error", "drain the machine and reset the GPU") == (fault.meaning, fault.action)

        def down() -> list[float]:
            groups = Fleet(client).hours(("machine", "reason"), start=str(at), end=str(at + 600_000)).groups
            return [one.down for one in groups if node in one.keys["machine"] and one.keys["reason"] == "fatal XID"]

        (taken,) = until(down, "the ledger takes the GPU out of use")
        assert 0.1 < taken <= 10 / 60
    shown = cli(server, "fleet", "faults", "--start", "-1h", "--machine", node)
    assert "XID 95" in shown
    assert "drain the machine and reset the GPU" in shown
    assert (
        node
        == json.loads(cli(server, "fleet", "faults", "--start", "-1h", "--machine", node, "--json"))["faults"][0][
            "machine"
        ]
    )


def test_a_fault_is_told_with_the_run_that_it_ended_and_what_was_lost_since_its_checkpoint(server: LiveServer) -> None:
    node, cluster = f"n{uuid.uuid4().hex[:8]}", f"c{uuid.uuid4().hex[:8]}"
    begun = int(time.time() * 1000) // 60_000 * 60_000 - 4 * 3_600_000
    ended = begun + 3 * 3_600_000
    held = [HeldGpus(node, 2, [0, 1])]
    record = RunRecord(
        "77", "failed", begun, name="pretrain", start_ms=begun, end_ms=ended, gpus=2, gpu_type="H100", nodes=1,
        node_names=[node], held=held,
    )  # fmt: skip
    with Client(server.url) as client:
        Runs(client).report(ReportRuns(cluster, "slurm", [record]))
        saved = ProgressMark(begun + 2 * 3_600_000, "saved", step=100)
        Runs(client).tell(ReportProgress("77", [saved], cluster))
        labels = {"UUID": f"GPU-{node}", "gpu": "1", "Hostname": node}
        points = [(0, 0.0), (170, 0.0), (179, 48.0)]
        client.put(
            "dcgm",
            [
                wire.Datum(name="DCGM_FI_DEV_XID_ERRORS", value=value, time=begun + m * 60_000, dimensions=labels)
                for m, value in points
            ],
        )
        client.query("dcgm", "DCGM_FI_DEV_XID_ERRORS", fresh=True)

        def found() -> list[str]:
            return [one.effect for one in Fleet(client).health(start="-1d", machine=node).faults]

        assert ["ended"] == until(found, "the fault is told")
        report = Fleet(client).health(start="-1d", machine=node)
        (fault,) = report.faults
        assert ("XID 48", "77", "pretrain", 1, begun + 2 * 3_600_000) == (
            fault.fault, fault.run, fault.run_name, fault.device, fault.saved_ms,
        )  # fmt: skip
        assert fault.lost is not None
        assert 2.0 == pytest.approx(fault.lost.gpu_hours)
        (action,) = report.actions
        assert action.action == "reset"
        assert "nvidia-smi --gpu-reset -i 1" in action.command
        health = Runs(client).one("77", cluster).health
        assert health is not None
        assert ["ended"] == [one.effect for one in health.faults]
    shown = cli(server, "fleet", "health", "--start", "-1d", "--machine", node)
    assert "XID 48" in shown
    assert "2.0 GPU-h" in shown
    assert "XID 48" in cli(server, "runs", "show", "77", "--cluster", cluster)
    assert "machines" in json.loads(cli(server, "fleet", "lemons", "--start", "-1d", "--json"))
