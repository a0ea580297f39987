"""`trimtab connect slurm` from commands that print what SLURM's would, to `trimtab runs show` with cost and loss."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from live_server import LiveServer
from trimtab.base.ids import new_id
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import SetRate
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire

MINUTE = 60_000

# An older sacct refuses fields that it does not have, as sacct(1) of 20.02 does.
SACCT = r"""#!/bin/sh
case "$*" in *Comment*) echo 'sacct: fatal: Invalid field requested: "Comment"' >&2; exit 1;; esac
for word in "$@"; do case "$word" in --format=*) fields="${word#--format=}";; esac; done
echo "$fields" | tr ',' '\037'
cat "$(dirname "$0")/sacct.rows"
echo "$*" >> "$(dirname "$0")/asked"
"""
SCONTROL = r"""#!/bin/sh
case "$*" in
  *"show job"*) cat "$(dirname "$0")/jobs" ;;
  *"show node"*) cat "$(dirname "$0")/nodes" ;;
  *) echo "ClusterName = by-config" ;;
esac
"""
SQUEUE = '#!/bin/sh\necho "JOBID|JOBID|REASON"; echo "902|902|QOSMaxGRESPerUser"\n'


def when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Site:
    """SLURM's tools in a folder, and a cluster of one node with two GPUs."""

    def __init__(self, folder: Path, now_ms: int) -> None:
        self.folder, self.node, self.cluster = folder, f"n{new_id()[:8]}", f"atlas-{new_id()[:8]}"
        self.begun, self.ended = now_ms - 90 * MINUTE, now_ms - 30 * MINUTE
        for name, text in (("sacct", SACCT), ("scontrol", SCONTROL), ("squeue", SQUEUE)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        tres = "cpu=8,gres/gpu:h100=2,gres/gpu=2"
        done = (
            "901", "901", "mira", "foundation", "p5", "normal", "COMPLETED", "0:0", when(self.begun - 20 * MINUTE),
            when(self.begun), when(self.ended), "1", self.node, "", tres, "Resources", self.cluster, "pretrain",
        )  # fmt: skip
        waits = (
            "902", "902", "ravi", "search", "p5", "normal", "PENDING", "0:0", when(now_ms - 10 * MINUTE),
            "Unknown", "Unknown", "1", "None assigned", "cpu=8,gres/gpu=2", "", "Priority", self.cluster, "eval",
        )  # fmt: skip
        (folder / "sacct.rows").write_text("\n".join("\x1f".join(row) for row in (done, waits)) + "\n")
        (folder / "jobs").write_text(
            "JobId=901 JobName=pretrain\n   UserId=mira(1) Account=foundation QOS=normal\n"
            "   JobState=COMPLETED Reason=None\n"
            f"   SubmitTime={when(self.begun - 20 * MINUTE)} StartTime={when(self.begun)} EndTime={when(self.ended)}\n"
            f"   Partition=p5\n   NodeList={self.node}\n   NumNodes=1 NumCPUs=8\n   TRES={tres}\n"
            f"     Nodes={self.node} CPU_IDs=0-7 Mem=0 GRES=gpu:h100:2(IDX:0-1)\n   OverSubscribe=OK\n"
        )
        (folder / "nodes").write_text(
            f"NodeName={self.node} Arch=x86_64\n   Gres=gpu:h100:2\n   State=IDLE+DRAIN ThreadsPerCore=1\n"
            "   Partitions=p5\n"
            "   CfgTRES=cpu=8,gres/gpu=2\n   AllocTRES=\n   Reason=XID 79 [root@2026-11-25T01:10:00]\n"
        )

    def connect(self, server: LiveServer, state: Path) -> dict[str, Any]:
        """Run the command, and what it said."""
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "TRIMTAB_DATA_DIR": str(state)}
        command = [sys.executable, "-m", "trimtab", "connect", "slurm", "--url", server.url, "--since", "2h", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
        assert 0 == done.returncode, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def test_a_cluster_from_its_tools_to_the_largest_loss(server: LiveServer, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    with Client(server.url) as client:
        now_ms = client.health().time_ms // MINUTE * MINUTE
        site = Site(tools, now_ms)
        # GPU 0 works for 45 of 60 minutes, GPU 1 never.
        for index, levels in (("0", [0.8] * 45 + [0.0] * 15), ("1", [0.0] * 60)):
            labels = {"Hostname": site.node, "gpu": index, "UUID": f"GPU-{site.node}-{index}"}
            rows = [
                wire.Datum(name="DCGM_FI_PROF_SM_ACTIVE", value=value, time=site.begun + at * MINUTE, dimensions=labels)
                for at, value in enumerate(levels)
            ]
            client.put("dcgm", rows)
        client.query("dcgm", "DCGM_FI_PROF_SM_ACTIVE", fresh=True)
        Inventory(client).set_rates([SetRate("gpu:H100", "3.00")])

        said = site.connect(server, tmp_path)
        assert (site.cluster, 2, 2, 1) == (said["cluster"], said["runs"], said["changed"], said["nodes"])
        again = site.connect(server, tmp_path)
        assert (2, 0) == (again["runs"], again["changed"])  # a repeat changes nothing
        looks = (tools / "asked").read_text().splitlines()
        assert f"--starttime={when(now_ms)[:13]}" not in looks[0]  # two hours back, and then from the last look on
        assert len(looks) == 2

        detail = Runs(client).one("901", site.cluster)
        run = detail.run
        assert ("foundation", "mira", 1200.0, 2.0) == (run.team, run.user, run.wait_s, run.gpu_hours)
        assert run.active_hours == pytest.approx(0.6)
        assert run.active_share == pytest.approx(0.3)
        assert ({"USD": "6.000000"}, ["rate card"], True) == (run.amounts, run.priced_by, run.settled)
        assert run.largest_loss is not None
        assert ("unused GPUs", 1.0, {"USD": "3.000000"}) == (
            run.largest_loss.kind,
            run.largest_loss.gpu_hours,
            run.largest_loss.amounts,
        )
        assert ["idle tail"] == [loss.kind for loss in detail.losses[1:]]
        assert [("Resources", 1200_000)] == [(part.reason, part.to_ms - part.from_ms) for part in detail.waited]

        (waits,) = [one for one in Runs(client).queue(cluster=site.cluster).waiting if one.team == "search"]
        assert ("QOSMaxGRESPerUser", 1, 2.0) == (waits.reason, waits.runs, waits.gpus)
        (gpus,) = Runs(client).queue(cluster=site.cluster).gpus
        assert {"drained": 2.0} == gpus.idle
        assert ["902"] == [one.job for one in Runs(client).listed(cluster=site.cluster, states=["pending"]).runs]

        page = client._http.get(f"/runs/{site.cluster}/901")
        assert 200 == page.status_code
        assert "1 GPU of the run did nothing for 60 min: ask for fewer GPUs" in page.text


def test_the_command_says_it_as_people_read_it(server: LiveServer, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    with Client(server.url) as client:
        site = Site(tools, client.health().time_ms // MINUTE * MINUTE)
    site.connect(server, tmp_path)
    words = ["runs", "show", "901", "--cluster", site.cluster, "--url", server.url]
    done = subprocess.run(
        [sys.executable, "-m", "trimtab", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr
    for part in ("foundation (mira)", "2.00 held", "20.0 min: Resources 20.0 min", "exit code 0"):
        assert part in done.stdout


def slurm_json(node: str, cluster: str, now_ms: int) -> dict[str, str]:
    """What slurmrestd answers by the end of a path: a job of accounting, one that waits, and their node."""
    meta = {"slurm": {"cluster": cluster}}
    begun, ended = now_ms // 1000 - 5400, now_ms // 1000 - 1800
    gpus = {"allocated": [{"type": "gres", "name": "gpu:h100", "count": 2}]}
    times = {"submission": begun - 60, "start": begun, "end": ended}
    owner = {"account": "foundation", "partition": "p5", "name": "pretrain"}
    done = {"job_id": 901, "user": "mira", "nodes": node, "allocation_nodes": 1, "tres": gpus, "time": times}
    waits = {"job_id": 902, "user_name": "ravi", "job_state": ["PENDING"], "tres_per_node": "gres/gpu:2"}
    waits |= {"submit_time": {"set": True, "number": begun}, "node_count": 1, "state_reason": "Priority"}
    known = {"name": node, "state": ["IDLE", "DRAIN"], "gres": "gpu:h100:2", "reason": "XID 79", "partitions": ["p5"]}
    return {
        "slurmdb/jobs": json.dumps({"jobs": [owner | done | {"state": {"current": ["COMPLETED"]}}], "meta": meta}),
        "slurm/jobs": json.dumps({"jobs": [owner | waits], "meta": meta}),
        "slurm/nodes": json.dumps({"nodes": [known], "meta": meta}),
        "slurm/ping": json.dumps({"pings": [], "meta": meta}),
    }


@pytest.mark.parametrize("how", ["rest", "files"])
def test_a_cluster_from_slurmrestd_and_from_its_answers_in_files(server: LiveServer, tmp_path: Path, how: str) -> None:
    node, cluster = f"n{new_id()[:8]}", f"atlas-{new_id()[:8]}"
    with Client(server.url) as client:
        now_ms = client.health().time_ms
    answers = slurm_json(node, cluster, now_ms)
    tokens: set[str | None] = set()

    class Slurmrestd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.add(self.headers["X-SLURM-USER-TOKEN"])
            part, version, what = self.path.partition("?")[0].strip("/").split("/")
            there = version == "v0.0.42"
            body = answers[f"{part}/{what}"] if there else "Unable find requested URL."
            self.send_response(200 if there else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *about: object) -> None:
            del about

    words = ["--url", server.url, "--since", "2h", "--json", "--state-dir", str(tmp_path / "state")]
    with ThreadingHTTPServer(("127.0.0.1", 0), Slurmrestd) as rest:
        threading.Thread(target=rest.serve_forever, daemon=True).start()
        if how == "rest":
            (tmp_path / "token").write_text("SLURM_JWT=abc\n")
            words += [
                "--rest-url",
                f"http://127.0.0.1:{rest.server_port}",
                "--rest-token-file",
                str(tmp_path / "token"),
            ]
        else:
            for name, text in answers.items():
                path = tmp_path / f"{name.replace('/', '-')}.json"
                path.write_text(text)
                words += ["--file", str(path)]
        done = subprocess.run(
            [sys.executable, "-m", "trimtab", "connect", "slurm", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        rest.shutdown()
    assert 0 == done.returncode, done.stderr
    said = json.loads(done.stdout)
    assert (cluster, 2, 1) == (said["cluster"], said["runs"], said["nodes"])
    assert (["pings (0): neither jobs nor nodes"] if how == "files" else []) == said["skipped"]
    assert tokens == ({"abc"} if how == "rest" else set())
    with Client(server.url) as client:
        run = Runs(client).one("901", cluster).run
        assert ("foundation", "mira", 2.0) == (run.team, run.user, run.gpu_hours)
        (waits,) = Runs(client).listed(cluster=cluster, states=["pending"]).runs
        assert ("902", "Priority", 2.0) == (waits.job, waits.reason, waits.gpus)
