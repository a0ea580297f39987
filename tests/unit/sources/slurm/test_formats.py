"""SLURM output of several versions, in the formats that its manual pages document, read into runs and nodes."""

import os
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.sources.slurm import gres, jobs, nodes, sacct, squeue
from trimtab.sources.slurm.commands import Files, Printed, Tools
from trimtab.sources.slurm.gres import Gpus
from trimtab.sources.slurm.records import Known, report
from trimtab.sources.slurm.text import hosts_of, pairs_of, time_ms

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> str:
    return (RECORDED / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p5-[01-03,07],login1", ["p5-01", "p5-02", "p5-03", "p5-07", "login1"]),
        ("r[1-2]n[1-2]x", ["r1n1x", "r1n2x", "r2n1x", "r2n2x"]),
        ("gn[098-101]", ["gn098", "gn099", "gn100", "gn101"]),
        ("None assigned", []),
        ("(null)", []),
    ],
)
def test_host_expressions_are_expanded(text: str, expected: list[str]) -> None:
    assert expected == hosts_of(text)


@pytest.mark.parametrize("text", ["p5-[01-", "p5-[a-c]", "n[1-999999999]"])
def test_host_expressions_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        hosts_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu:h100:8(IDX:0-7)", Gpus(8, "h100", tuple(range(8)))),
        ("gpu:v100(IDX:0,2-4)", Gpus(4, "v100", (0, 2, 3, 4))),  # GRES_IDX before 20.02 has no count
        ("gres:gpu:2", Gpus(2)),
        ("gres/gpu:h100:8", Gpus(8, "h100")),
        ("gpu:a100:4(IDX:0-3),nvme:1", Gpus(4, "a100", (0, 1, 2, 3))),
        ("gpu:tesla:2(S:0-1),gpu:kepler:2(S:0)", Gpus(4)),
        ("gpu", Gpus(1)),
        ("gpu:h100:0(IDX:N/A)", Gpus(0, "h100")),
        ("shard:4", Gpus(0)),
        ("(null)", Gpus(0)),
    ],
)
def test_generic_resources(text: str, expected: Gpus) -> None:
    assert expected == gres.of_gres(text)


def test_a_mig_instance_is_a_part_of_a_gpu_and_its_index_no_gpus() -> None:
    found = gres.of_gres("gpu:1g.10gb:2(IDX:0-1)")
    assert (pytest.approx(2 / 7), ()) == (found.count, found.indexes)
    assert pytest.approx(2 / 7) == gres.of_tres("gres/gpu=2,gres/gpu:1g.10gb=2").count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("billing=768,cpu=768,gres/gpu=32,mem=1", Gpus(32)),
        ("gres/gpu:h100=32,gres/gpu=32", Gpus(32, "h100")),
        ("gres/gpu:a100=2,gres/gpu:h100=3", Gpus(5)),
        ("cpu=4,mem=1G", Gpus(0)),
    ],
)
def test_trackable_resources(text: str, expected: Gpus) -> None:
    assert expected == gres.of_tres(text)


def test_values_go_on_to_the_next_key() -> None:
    found = pairs_of(
        "OS=Linux 5.15 #1 SMP x=y State=IDLE+DRAIN Reason=GPU 3 is lost [root@2026-11-25T01:10:00]\n Comment="
    )
    assert "Linux 5.15 #1 SMP x=y" == found["OS"]
    assert "GPU 3 is lost [root@2026-11-25T01:10:00]" == found["Reason"]
    assert "" == found["Comment"]


def test_times_are_local_to_a_zone_and_none_where_there_is_none() -> None:
    assert 1_764_061_200_000 == time_ms("2025-11-25T10:00:00", ZoneInfo("Europe/Berlin"))
    assert 1_764_064_800_000 == time_ms("2025-11-25T10:00:00", UTC)
    assert 1_764_064_800_000 == time_ms("1764064800", UTC)
    assert None is time_ms("Unknown", UTC)
    with pytest.raises(InvalidInput, match="SLURM_TIME_FORMAT"):
        time_ms("yesterday", UTC)


def test_accounting_of_23_02() -> None:
    skipped: list[str] = []
    found = {job.raw_id: job for job in sacct.read(recorded("sacct-23.02.txt"), UTC, skipped)}
    assert ["line 11: got 1 fields; expected 19"] == skipped
    assert "48241.batch" not in found  # a step is part of its job
    done = found["48213"]
    assert ("completed", 0, 4, Gpus(32, "h100")) == (done.state, done.exit_code, done.nodes, done.gpus)
    assert ("p5-01", "p5-02", "p5-03", "p5-04") == done.node_names
    assert 4 * 3_600_000 == (done.end_ms or 0) - (done.start_ms or 0)
    assert ("running", None, None) == (found["48220"].state, found["48220"].end_ms, found["48220"].exit_code)
    assert ("48229_3", "failed", 1) == (found["48231"].id, found["48231"].state, found["48231"].exit_code)
    waits = found["48229"]
    assert ("pending", 7, None, "JobArrayTaskLimit") == (waits.state, waits.tasks, waits.start_ms, waits.reason)
    assert ("out of memory", 253) == (found["48240"].state, found["48240"].exit_code)  # a signal, as shells have it
    assert ("cancelled", 143) == (found["48241"].state, found["48241"].exit_code)
    assert "sweep a=1" == found["48250"].name.split("|")[1]  # a name may hold the separator
    assert "node failed" == found["48251"].state


def test_accounting_of_19_05_has_generic_resources() -> None:
    found = {job.raw_id: job for job in sacct.read(recorded("sacct-19.05.txt"), UTC)}
    assert Gpus(8, "v100") == found["910001"].gpus  # allocated on both nodes
    assert ("timeout", Gpus(2), "bert-large") == (found["910002"].state, found["910002"].gpus, found["910002"].name)
    assert Gpus(0) == found["910003"].gpus
    never = found["910004"]  # cancelled before it began: accounting has its end as its start
    assert ("cancelled", None) == (never.state, never.start_ms)
    assert Gpus(8) == never.gpus


def test_a_record_goes_on_over_line_breaks_and_a_broken_one_takes_no_other_with_it() -> None:
    head = "JobIDRaw|#JobID|#State|#Submit|#Start|#End|#AllocTRES|#Comment|#JobName"
    times = "2026-11-25T10:00:00|#2026-11-25T10:05:00|#2026-11-25T11:00:00|#gres/gpu=8"
    lines = [
        head,
        f"1|#1|#COMPLETED|#{times}|#first\n\x0bsecond\nthird|#a|b",
        f"2|#2|#COMPLETED|#{times}|#odd \u2028 sign\x85|#c",
        "3|#3|#COMPLETED",
        f"4|#4|#FAILED|#{times}|#|#d",
    ]
    skipped: list[str] = []
    found = list(sacct.read("\n".join(lines), UTC, skipped))
    assert [("1", "a|b"), ("2", "c"), ("4", "d")] == [(job.raw_id, job.name) for job in found]
    assert "first\n\x0bsecond\nthird" == found[0].comment
    assert ["line 6: got 3 fields; expected 9"] == skipped


def test_output_without_a_header_is_refused() -> None:
    with pytest.raises(InvalidInput, match="JobIDRaw"):
        list(sacct.read("48213|mira|COMPLETED\n", UTC))


def test_the_controller_says_which_gpus() -> None:
    found = {one.id: one for one in jobs.read(recorded("jobs-23.02.txt"), UTC)}
    eight = Gpus(8, "h100", tuple(range(8)))
    assert (("p5-05", eight), ("p5-06", eight)) == found["48220"].gpus_by_node
    assert (("p5-07", Gpus(4, "h100", (2, 3, 6, 7))),) == found["48241"].gpus_by_node
    assert ("48229_[4-10%2]", 7, "pending", Gpus(2)) == (
        found["48229"].shown_id,
        found["48229"].tasks,
        found["48229"].state,
        found["48229"].gpus,
    )
    assert found["48260"].exclusive
    assert not found["48220"].exclusive
    assert "fresh start" == found["48260"].name


def test_the_controller_of_19_05_and_of_24_05() -> None:
    (old,) = jobs.read(recorded("jobs-19.05.txt"), UTC)
    assert (("gn001", Gpus(4, "v100", (0, 1, 2, 3))), ("gn002", Gpus(4, "v100", (0, 2, 3, 4)))) == old.gpus_by_node
    assert Gpus(8, "v100") == old.gpus
    (new,) = jobs.read(recorded("jobs-24.05-oneline.txt"), UTC)
    assert ("7001", "kim", "mig") == (new.id, new.user, new.partition)
    assert pytest.approx(2 / 7) == new.gpus.count


def test_nodes_of_20_11() -> None:
    found = {one.name: one for one in nodes.read(recorded("nodes-20.11.txt"))}
    assert ("up", 8.0, 8.0, "h100", ["p5", "all"]) == (
        found["p5-05"].condition,
        found["p5-05"].gpus,
        found["p5-05"].allocated,
        found["p5-05"].gpu_type,
        found["p5-05"].partitions,
    )
    lost = found["p5-09"]
    assert ("drained", "GPU 3 fell off the bus (XID=79)", 0.0) == (lost.condition, lost.reason, lost.allocated)
    assert ("reserved", 2.0) == (found["p4d-02"].condition, found["p4d-02"].allocated)  # planned for a job that waits
    assert ("down", "Not responding") == (found["p4d-03"].condition, found["p4d-03"].reason)


def test_nodes_of_24_05() -> None:
    found = {one.name: one for one in nodes.read(recorded("nodes-24.05-oneline.txt"))}
    kept = found["ip-10-0-1-5"]
    assert ("reserved", "reservation launch") == (kept.condition, kept.reason)
    assert ("i-0abc123def4567890", "p5.48xlarge") == (kept.instance_id, kept.instance_type)
    assert 0.0 == found["ip-10-0-1-6"].gpus  # powered down: it does not exist now, and nobody pays for it


@pytest.mark.parametrize(
    "text", ["", "No jobs in the system\n", "No nodes in the system\n", "No Clusters in the system"]
)
def test_an_idle_cluster_is_a_cluster(text: str) -> None:
    assert [] == list(jobs.read(text, UTC))
    assert [] == list(nodes.read(text))


def test_errors_of_the_controller_are_clear_errors() -> None:
    said = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"
    with pytest.raises(InvalidInput, match=r"`scontrol show job -d` says: slurm_load_jobs error: Unable to contact"):
        list(jobs.read(said, UTC))
    with pytest.raises(InvalidInput, match=r"got '# Changelog'; expected records NodeName=…"):
        list(nodes.read("# Changelog\n"))


def test_a_file_that_is_missing_is_named_with_what_belongs_there(tmp_path: Path) -> None:
    printed = Printed(Files(jobs=tmp_path / "jobs.txt"))
    with pytest.raises(SetupError, match=r"jobs.txt: No such file.*expected what `scontrol show job -d` printed; try"):
        printed.jobs()
    assert "" == printed.nodes()


def _tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_cluster_without_accounting_is_read_from_its_controller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tool(tmp_path, "sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    _tool(tmp_path, "scontrol", "echo 'No jobs in the system'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tools = Tools()
    assert ("", "") == (tools.sacct(0, 1), tools.sacct(1, 2))
    assert [] == list(jobs.read(tools.jobs(), UTC))
    _tool(tmp_path, "sacct", "echo 'sacct: error: slurmdbd is away' >&2; exit 1")
    with pytest.raises(Unavailable, match="slurmdbd is away"):
        Tools().sacct(0, 1)


@pytest.mark.parametrize(
    ("state", "condition", "gpus"),
    [
        ("IDLE+CLOUD+POWERED_DOWN", "powered down", 0.0),
        ("IDLE+CLOUD~", "powered down", 0.0),
        ("IDLE+POWERED_DOWN", "up", 8.0),  # one's own: it is there, and paid for
        ("IDLE~", "up", 8.0),
        ("IDLE+DRAIN+POWERED_DOWN", "drained", 8.0),
        ("IDLE+CLOUD+POWERING_DOWN", "powered down", 0.0),
        ("IDLE+CLOUD%", "powered down", 0.0),
        ("IDLE+CLOUD+POWER", "powered down", 0.0),  # before 21.08
        ("DOWN+CLOUD+POWERED_DOWN", "powered down", 0.0),
        ("FUTURE", "powered down", 0.0),
        ("ALLOCATED+CLOUD+POWER_DOWN", "up", 8.0),  # it is asked for, and not done
        ("IDLE+CLOUD+POWERING_UP", "up", 8.0),
        ("ALLOCATED#", "up", 8.0),
        ("DOWN*+CLOUD", "down", 8.0),
        ("MIXED+CLOUD+DRAIN", "drained", 8.0),
    ],
)
def test_a_node_that_is_powered_down_does_not_exist(state: str, condition: str, gpus: float) -> None:
    (node,) = nodes.read(f"NodeName=gpu-01 Gres=gpu:h100:8 State={state} ThreadsPerCore=2\n")
    assert (condition, gpus) == (node.condition, node.gpus)


def test_runs_are_accounting_with_what_the_controller_adds() -> None:
    known = Known(
        jobs=tuple(sacct.read(recorded("sacct-23.02.txt"), UTC)),
        details={one.id: one for one in jobs.read(recorded("jobs-23.02.txt"), UTC)},
        reasons=squeue.read(recorded("squeue.txt")),
        nodes={one.name: one for one in nodes.read(recorded("nodes-20.11.txt"))},
    )
    told = report(known)
    runs = {one.job: one for one in told.runs}
    assert {"48220", "48229", "48250", "48260"} == set(told.open)
    assert ("foundation", "mira", {"project": "llm-34b", "qos": "normal"}) == (
        runs["48213"].team,
        runs["48213"].user,
        runs["48213"].tags,
    )
    spread = runs["48213"].held  # the controller forgot it: counts only, eight on each node
    assert [(f"p5-0{number}", 8.0, []) for number in range(1, 5)] == [
        (one.node, one.gpus, one.indexes) for one in spread
    ]
    assert [list(range(8)), list(range(8))] == [one.indexes for one in runs["48220"].held]
    assert not runs["48220"].whole_nodes  # of p5-06 nobody said how many GPUs it has
    assert [2, 3, 6, 7] == runs["48241"].held[0].indexes
    assert ("pending", 14.0, 7) == (runs["48229"].state, runs["48229"].gpus, runs["48229"].tasks)
    assert "QOSMaxGRESPerUser" == runs["48250"].reason
    assert runs["48260"].whole_nodes  # not in accounting yet; exclusive
    assert {"job_id": "48229_3", "qos": "normal"} == runs["48231"].tags


def test_a_job_that_only_accounting_still_runs_is_a_runaway() -> None:
    known = Known(jobs=tuple(sacct.read(recorded("sacct-23.02.txt"), UTC)))
    live = report(known, live=True)
    assert (["48220"], False) == (live.runaway, "48220" in live.open)
    assert "48220" not in {one.job for one in live.runs}
    assert "48220" in report(known).open  # of files nobody knows which was printed first


def test_jobs_without_gpus_only_on_demand() -> None:
    known = Known(jobs=tuple(sacct.read(recorded("sacct-19.05.txt"), UTC)))
    assert "910003" not in {one.job for one in report(known).runs}
    assert "910003" in {one.job for one in report(known, every=True).runs}


def test_how_many_nodes_a_waiting_job_asks_for_is_what_the_controller_says() -> None:
    waits = "JobIDRaw|#JobID|#State|#Submit|#Start|#End|#NNodes|#NodeList|#ReqTRES|#JobName\n"
    waits += "9|#9|#PENDING|#2026-11-25T10:00:00|#Unknown|#Unknown|#0|#None assigned|#gres/gpu=16|#sft"
    asks = "JobId=9 JobState=PENDING SubmitTime=2026-11-25T10:00:00 NumNodes=2 ReqTRES=gres/gpu=16\n"
    details = {one.id: one for one in jobs.read(asks, UTC)}
    (run,) = report(Known(jobs=tuple(sacct.read(waits, UTC)), details=details)).runs
    assert ("pending", 2) == (run.state, run.nodes)


def test_each_attempt_of_a_requeued_job_is_a_record_of_its_own() -> None:
    head = "JobIDRaw|#JobID|#State|#Submit|#Start|#End|#NNodes|#NodeList|#AllocTRES|#JobName"
    lines = [
        head,
        "7|#7|#NODE_FAIL|#2026-11-25T10:00:00|#2026-11-25T10:05:00|#2026-11-25T11:00:00|#1|#n1|#gres/gpu=8|#sft",
        "7|#7|#REQUEUED|#2026-11-25T11:00:01|#2026-11-25T11:30:00|#2026-11-25T12:00:00|#1|#n2|#gres/gpu=8|#sft",
        "7|#7|#RUNNING|#2026-11-25T12:00:00|#2026-11-25T12:30:00|#Unknown|#1|#n3|#gres/gpu=8|#sft",
        "8|#8|#RUNNING|#2026-11-25T12:00:00|#2026-11-25T12:30:00|#Unknown|#1|#n4|#gres/gpu=8|#b",
    ]
    again = (
        "JobId=8 JobName=b JobState=PENDING SubmitTime=2026-11-25T13:00:00 StartTime=Unknown EndTime=Unknown "
        "NumNodes=1 ReqTRES=gres/gpu=8 TresPerNode=gres/gpu:8\n"
    )
    details = {one.id: one for one in jobs.read(again, UTC)}
    reasons = {"7": "JobHeldAdmin", "8": "BeginTime"}
    told = report(Known(jobs=tuple(sacct.read("\n".join(lines), UTC)), details=details, reasons=reasons))
    assert [
        ("7", "node failed", "n1"), ("7", "cancelled", "n2"), ("8", "cancelled", "n4"), ("7", "running", "n3"),
        ("8", "pending", ""),
    ] == [(one.job, one.state, "".join(one.node_names)) for one in told.runs]  # fmt: skip
    assert ["7", "8"] == told.open
    # Why it waits now is no reason of an attempt that is over, or of one that runs.
    assert ["", "", "requeued", "", "BeginTime"] == [one.reason for one in told.runs]
    assert told.runs[4].submit_ms == told.runs[2].end_ms  # accounting did not know yet that it was over
