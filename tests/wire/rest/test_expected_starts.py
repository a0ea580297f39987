"""When runs that wait will start, and what a job costs and waits that is not submitted yet, on a live server."""

import subprocess
import sys

import pytest

from live_server import LiveServer
from trimtab.base.ids import new_id
from trimtab.client.api import Client
from trimtab.client.inventory_wire import ReportRuns, RunRecord
from trimtab.client.job_prices import JobPrices
from trimtab.client.job_prices_wire import JobAsk
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
MINUTE = 60_000


def test_waits_of_a_queue_tell_when_runs_start(server: LiveServer) -> None:
    cluster = f"queue-{new_id()[:8]}"
    with Client(server.url) as client:
        now = client.health().time_ms
        past = [
            RunRecord(f"p{place}", "completed", now - (60 - place) * 60 * MINUTE, gpus=8, gpu_type="gb300", queue="p5",
                      start_ms=now - (60 - place) * 60 * MINUTE + (20 + place % 5) * MINUTE,
                      end_ms=now - (60 - place) * 60 * MINUTE + 30 * MINUTE)
            for place in range(50)
        ]  # fmt: skip
        waits = RunRecord("w", "pending", now - 5 * MINUTE, name="wants", gpus=8, gpu_type="gb300", queue="p5")
        Runs(client).report(ReportRuns(cluster, "slurm", [*past, waits]))

        (waiting,) = Runs(client).queue(cluster=cluster).runs
        assert ("w", 50) == (waiting.job, waiting.start and waiting.start.waits)
        assert waiting.start is not None
        assert 10 * MINUTE < waiting.start.from_ms - now <= waiting.start.to_ms - now < 21 * MINUTE
        assert [] == Runs(client).queue(start="-3h", end="-2h", cluster=cluster).runs
        (listed,) = Runs(client).listed(cluster=cluster, states=("pending",)).runs
        assert listed.expected_start is not None
        assert abs(listed.expected_start.at_ms - waiting.start.at_ms) < MINUTE

        (priced,) = JobPrices(client).of([JobAsk(8, "gb300", queue="p5", cluster=cluster)])
        assert priced.wait is not None
        assert 1000 <= priced.wait.low_s <= priced.wait.high_s <= 1500
        more = Runs(client).replay(gpus=8, start="-3d", cluster=cluster)
        assert (50, [("gb300", 8.0, 16.0)]) == (
            more.recorded.runs, [(one.gpu_type, one.gpus, one.changed) for one in more.pools],
        )  # fmt: skip
        assert (True, 0.0) == ((more.recorded.mean_s or 0) > 1200, more.changed.mean_s)
        assert more.extra_cost is None
        assert "set-rate" in more.priced_by
    done = subprocess.run(
        [sys.executable, "-m", "trimtab", "runs", "queue", "--cluster", cluster, "--url", server.url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ("wants" in done.stdout, "expected start" in done.stdout) == (True, True), done.stderr
