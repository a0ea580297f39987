"""Progress of runs on a live server: told by log lines, metrics, a callback and MLPerf logs; and their energy."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from patience import until
from trimtab.base.ids import new_id
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.datasets import Datasets, question
from trimtab.client.inventory_wire import HeldGpus, ReportRuns, RunRecord
from trimtab.client.progress_wire import ProgressMark, ReportProgress, RunProgress, TrainingWorkload
from trimtab.client.runs import Runs
from trimtab.client.training import Teller

pytestmark = pytest.mark.wire
MINUTE = 60_000


class Cluster:
    """A cluster of one node with two GPUs, and a run that held them for an hour, which ended 30 minutes ago."""

    def __init__(self, server: LiveServer) -> None:
        self.url, self.name, self.node = server.url, f"atlas-{new_id()[:8]}", f"n{new_id()[:8]}"
        self.client = Client(server.url)
        self.runs = Runs(self.client)
        self.now = self.client.health().time_ms // MINUTE * MINUTE
        self.begun, self.ended = self.now - 90 * MINUTE, self.now - 30 * MINUTE

    def run(self, job: str, name: str = "pretrain", **tags: str) -> str:
        held = [HeldGpus(self.node, 2, [0, 1])]
        record = RunRecord(
            job, "completed", self.begun, name=name, start_ms=self.begun, end_ms=self.ended, gpus=2, gpu_type="H100",
            nodes=1, node_names=[self.node], whole_nodes=True, tags=tags, held=held,
        )  # fmt: skip
        self.runs.report(ReportRuns(self.name, "slurm", [record]))
        return job

    def progress(self, job: str) -> RunProgress:
        return self.runs.progress(job, self.name)

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "trimtab", "runs", *words, "--url", self.url],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        return done.stdout


@pytest.fixture
def cluster(server: LiveServer) -> Iterator[Cluster]:
    found = Cluster(server)
    yield found
    found.client.close()


def test_log_lines_tell_how_far_a_run_is(cluster: Cluster) -> None:
    job = cluster.run(f"8{int(new_id()[:6], 36) % 10**8}", model_parameters="1B", sequence_length="4096")
    lines = [
        {
            "@timestamp": (cluster.begun + (10 + at) * MINUTE) / 1000,
            "log": f" iteration {at * 10:8d}/     500 | consumed samples: {at * 640:12d} | elapsed time per iteration "
            f"(ms): 6000.0 | lm loss: {5 - at / 10:.6E} |",
        }
        for at in range(41)
    ]
    saved = {
        "@timestamp": (cluster.begun + 51 * MINUTE) / 1000,
        "log": "successfully saved checkpoint from iteration 400",
    }
    url = f"{cluster.url}/rest/v1/logs/ingest?group=g-{cluster.name}&stream=slurm-{job}.out&message_key=log"
    body = "\n".join(json.dumps(one) for one in [*lines, saved])
    assert 42 == httpx.post(url, content=body).raise_for_status().json()["accepted"]
    found = until(lambda: (one := cluster.progress(job)).course and one, "the lines reach their run")
    assert found.course is not None
    assert (400, 400, 0, 1) == (
        found.course.step,
        found.course.saved_step,
        found.course.restarts,
        found.course.checkpoints,
    )
    assert ["Megatron-LM log lines"] == found.sources
    assert 2400 == pytest.approx(found.course.seconds["training"])
    assert 40 * 640 * 4096 / 2400 == pytest.approx(found.tokens_per_s.value)
    assert 6 * 1e9 * 40 * 640 * 4096 / (2400 * 2 * 989.4e12) == pytest.approx(found.mfu.value)
    assert 2400 / 3600 == pytest.approx(found.goodput.value)
    said = cluster.command("show", job, "--cluster", cluster.name)
    for words in ("step 400", "MFU", "66.7%: 1.33 productive ÷ 2.00 held GPU-hours", "0, 0 steps lost"):
        assert words in said, words
    page = httpx.get(f"{cluster.url}/runs/{cluster.name}/{job}").text
    assert "Megatron-LM log lines" in page
    calls, name = Datasets(cluster.client), f"p-{cluster.name}"
    calls.put(name, {"title": "Progress", "sources": [{"use": "runs"}], "range": "2d"})
    fields = ("run", "step", "goodput", "restarts", "lost_steps", "mfu", "tokens_per_s")
    answer = calls.rows(name, question(dict.fromkeys(fields, ""), (f"run = '{job}'",)))
    (row,) = answer.rows
    told = dict(zip(fields, row, strict=True))
    assert (job, 400, 0, 0) == (told["run"], told["step"], told["restarts"], told["lost_steps"])
    assert (found.goodput.value, found.mfu.value, found.tokens_per_s.value) == pytest.approx(
        (told["goodput"], told["mfu"], told["tokens_per_s"])
    )


def test_metrics_that_name_the_run_tell_and_energy_comes_from_its_counter_else_from_power(cluster: Cluster) -> None:
    job, name = cluster.run(f"job-{new_id()[:8]}", f"sft-{new_id()[:8]}"), "training.step"
    run = {"run": job}
    rows = [
        wire.Datum(name=name, value=float(at * 5), time=cluster.begun + at * MINUTE, dimensions=run) for at in range(60)
    ]
    rows += [
        wire.Datum(name="training.tokens", value=float(at * 1e6), time=cluster.begun + at * MINUTE, dimensions=run)
        for at in range(60)
    ]
    gpus = [{"Hostname": cluster.node, "gpu": str(gpu), "UUID": f"GPU-{cluster.node}-{gpu}"} for gpu in (0, 1)]
    for at in range(-2, 63):
        time_ms = cluster.begun + at * MINUTE
        # GPU 0 counts 400 W in millijoules; GPU 1 reports 300 W and no counter.
        counter = 7e9 + (at + 2) * 60 * 400 * 1000
        rows.append(
            wire.Datum(name="DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", value=counter, time=time_ms, dimensions=gpus[0])
        )
        rows.append(wire.Datum(name="DCGM_FI_DEV_POWER_USAGE", value=300.0, time=time_ms, dimensions=gpus[1]))
    for at in range(0, len(rows), 100):
        cluster.client.put("train", rows[at : at + 100])
    cluster.client.query("train", name, fresh=True)
    found = cluster.progress(job)
    assert found.course is not None
    assert 295 == found.course.step
    assert found.sources[0].startswith("metrics training.step, training.tokens")
    assert 1e6 / 60 == pytest.approx(found.tokens_per_s.value, rel=0.03)
    assert (400 + 300) * 3600 / 3.6e6 == pytest.approx(found.kwh.value, rel=0.01)
    assert "by energy counter and power, by trapezoid of its GPUs" in found.kwh.how
    assert (700 * 3600) / 59e6 == pytest.approx(found.joules_a_token.value, rel=0.03)


def test_step_times_by_rank_say_which_node_slows_the_run_and_what_that_costs(cluster: Cluster) -> None:
    job = cluster.run(f"job-{new_id()[:8]}")
    rows = [
        wire.Datum(
            name="training.step.own.time", value=2.0 if rank != 3 else 2.5, time=cluster.begun + at * MINUTE,
            dimensions={"run": job, "rank": str(rank), "host.name": cluster.node},
        )
        for rank in range(4)
        for at in range(60)
    ]  # fmt: skip
    for at in range(0, len(rows), 100):
        cluster.client.put("train", rows[at : at + 100])
    cluster.client.query("train", "training.step.own.time", fresh=True)
    pace = cluster.progress(job).pace
    assert pace is not None
    assert ("3", cluster.node, True) == (pace.slow, pace.node, pace.own)
    assert (0.2, 2 * 1.0 * 0.2) == (pytest.approx(pace.gain), pytest.approx(pace.gpu_hours))
    report = cluster.runs.one(job, cluster.name)
    assert [("waiting for a straggler", pytest.approx(0.4))] == [(one.kind, one.gpu_hours) for one in report.losses]
    assert {"waiting for a straggler": pytest.approx(0.4), "unknown": pytest.approx(1.6)} == {
        one.phase: one.gpu_hours for one in report.phases
    }
    assert set(report.run.amounts) == set(pace.amounts)
    for currency, amount in pace.amounts.items():
        assert float(report.run.amounts[currency]) * 0.2 == pytest.approx(float(amount), rel=1e-4)
    assert f"steps would be 20.0% shorter without that (on {cluster.node}): 0.4 GPU-hours" in cluster.command(
        "show", job, "--cluster", cluster.name
    ).replace("\n", " ")
    page = httpx.get(f"{cluster.url}/runs/{cluster.name}/{job}").text
    assert "Rank 3 slows the job" in page
    assert "+25.0 %" in page
    told = httpx.get(f"{cluster.url}/runs/{cluster.name}/{job}.json").json()["pace"]
    assert (("3", cluster.node), pytest.approx(0.4)) == ((told["slow"], told["node"]), told["gpu_hours"])


def test_attempts_of_a_requeued_run_keep_their_hours_and_name_each_other(cluster: Cluster) -> None:
    job = cluster.run(f"job-{new_id()[:8]}")
    again = RunRecord(
        job, "running", cluster.ended + MINUTE, name="pretrain", start_ms=cluster.now - 20 * MINUTE, gpus=2,
        gpu_type="H100", nodes=1, node_names=[cluster.node], held=[HeldGpus(cluster.node, 2, [0, 1])],
    )  # fmt: skip
    cluster.runs.report(ReportRuns(cluster.name, "slurm", [again]))
    found = cluster.runs.one(job, cluster.name)
    (first,) = found.attempts
    assert ("completed", cluster.begun, 2.0) == (first.state, first.start_ms, pytest.approx(first.gpu_hours))
    assert first.job.startswith(f"{job}@")
    assert [job] == [one.job for one in cluster.runs.one(first.job, cluster.name).attempts]
    page = httpx.get(f"{cluster.url}/runs/{cluster.name}/{job}").text
    assert f'">{first.job}</a>: completed' in page
    assert 200 == httpx.get(f"{cluster.url}/runs/{cluster.name}/{first.job}").status_code
    assert f"{first.job}: completed, 2.00 GPU-hours held" in cluster.command("show", job, "--cluster", cluster.name)


def test_what_is_not_known_says_why(cluster: Cluster) -> None:
    found = cluster.progress(cluster.run(f"job-{new_id()[:8]}"))
    assert (None, None, None) == (found.course, found.mfu.value, found.kwh.value)
    assert "no progress was reported" in found.goodput.how
    assert found.kwh.how
    assert 404 == httpx.get(f"{cluster.url}/rest/v1/runs/progress", params={"job": "no-such"}).status_code


def test_a_callback_tells_without_holding_training_up_or_failing_it(cluster: Cluster) -> None:
    job = cluster.run(f"job-{new_id()[:8]}")
    teller = Teller(cluster.runs.tell, job, cluster.name)
    teller.about(parameters=1e9, batch=64.0, sequence=2048)
    teller.tell("start")
    teller.step(step=1, now=True)
    teller.step(step=2)  # sooner than the pace: not told
    teller.step(step=9, now=True, loss=2.0)
    teller.tell("saved", step=9)
    thread = threading.Thread(target=teller.run)
    thread.start()
    teller.end(thread)
    found = cluster.progress(job)
    assert found.course is not None
    assert (9, 9, 2.0) == (found.course.step, found.course.saved_step, found.course.loss)
    with Client("http://127.0.0.1:9", timeout_s=0.2) as nobody:
        gone = Teller(Runs(nobody).tell, job, cluster.name)
        gone.tell("start")
        gone.flush()
        gone.tell("step", step="no number")  # a mistake of the caller's is no end of training
        gone.flush()


def test_telling_the_same_again_changes_nothing_and_a_run_is_found_by_its_id(cluster: Cluster) -> None:
    job = cluster.run(f"job-{new_id()[:8]}")
    report = ReportProgress(job, [ProgressMark(cluster.begun, "step", step=1)], workload=TrainingWorkload(batch=2))
    assert (True, False) == (cluster.runs.tell(report).changed, cluster.runs.tell(report).changed)
    assert ["callback"] == cluster.progress(job).sources


def test_mlperf_logs_become_runs_with_their_figures(cluster: Cluster, tmp_path: Path) -> None:
    results, systems = tmp_path / "results/box/llama2_70b_lora", tmp_path / "systems"
    results.mkdir(parents=True)
    systems.mkdir()
    told: dict[str, Any] = {
        "number_of_nodes": 1, "accelerators_per_node": 8, "accelerator_model_name": "AMD Instinct MI300X 192GB HBM3",
    }  # fmt: skip
    (systems / "box.json").write_text(json.dumps(told))
    at = cluster.begun

    def entry(ms: int, key: str, value: object = None, **about: object) -> str:
        return ":::MLLOG " + json.dumps({"time_ms": ms, "key": key, "value": value, "metadata": about})

    log = [
        "launching", entry(at, "submission_benchmark", "llama2_70b_lora"), entry(at, "init_start"),
        entry(at + MINUTE, "run_start"), entry(at + MINUTE, "block_start", samples_count=0),
        entry(at + 31 * MINUTE, "block_stop", samples_count=3072), ":::MLLOG {broken",
        entry(at + 32 * MINUTE, "run_stop", samples_count=3072, status="success"),
    ]  # fmt: skip
    (results / "result_0.txt").write_text("\n".join(log))
    (results / "notes.md").write_text("no log")
    words = ["import-mlperf", str(tmp_path), "--cluster", cluster.name]
    first, again = (json.loads(cluster.command(*words, "--json")) for _ in range(2))
    (taken,) = first["logs"]
    assert (True, [7], "llama2_70b_lora") == (taken["changed"], taken["unreadable"], taken["benchmark"])
    assert not again["logs"][0]["changed"]
    found = cluster.progress(taken["job"])
    assert found.course is not None
    assert 3072 / 1800 == pytest.approx(found.samples_per_s.value)
    assert 6 * 68_976_648_192 * 3072 * 8192 / (1800 * 8 * 1307.4e12) == pytest.approx(found.mfu.value)
    assert 30 / 32 == pytest.approx(found.goodput.value)
    assert {"submitter", "benchmark"} & set(cluster.runs.one(taken["job"], cluster.name).run.tags)


def test_a_file_of_zeus_advises_a_limit(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "power.csv"
    file.write_text("network,power_limit,time_per_epoch,average_power\nr,250,100,240\nr,200,103,195\nr,150,118,148\n")
    said = cluster.command("energy", str(file))
    assert "limit to 200 W: 16.3% less energy than at 250 W, 3.0% slower" in said
    file.write_text("run,node,time_ms,watts\na,n0,0,100\na,n0,10000,200\nb,n0,oops,1\n")
    said = cluster.command("energy", str(file))
    assert "1,500" in said
    file.write_text("window_name,elapsed_time,gpu0_energy\nPowerLimit_300,10,3000\nPowerLimit_250,10,2500\n")
    said = cluster.command("energy", str(file))
    assert "limit to 250 W: 16.7% less energy than at 300 W, no slower" in said
    assert 400 == httpx.post(f"{cluster.url}/rest/v1/runs/energy-file", json={"text": "a,b"}).status_code


def test_only_the_first_rank_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_RUN", "x")
    monkeypatch.setenv("RANK", "3")
    silent = Teller.of_environment()
    silent.tell("start")
    assert silent._send is None
