"""JSON of SLURM in the forms of several releases, read into jobs and nodes; nothing is lost without a word."""

import gzip
import json
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import pytest

from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.sources.slurm import answers, delimited
from trimtab.sources.slurm.commands import Files, Printed
from trimtab.sources.slurm.gathered import Gathered, kind_of
from trimtab.sources.slurm.gres import Gpus
from trimtab.sources.slurm.rest import Rest
from trimtab.sources.slurm.submit_line import asked_by

SHARED = Path(__file__).parents[5] / "shared" / "data" / "slurm_records"
META = {"slurm": {"cluster": "tide"}}


def said(number: int | None) -> dict[str, Any]:
    """A number as 0.0.40 and later write it."""
    return {"set": number is not None, "infinite": False, "number": number or 0}


def controlled(**changes: Any) -> dict[str, Any]:
    """A job as the controller of SLURM 25.05 tells it: it runs on two nodes with three GPUs."""
    job = {
        "job_id": 4752,
        "name": "pretrain",
        "user_name": "mira",
        "account": "foundation",
        "partition": "gpu",
        "qos": "normal",
        "cluster": "tide",
        "job_state": ["RUNNING"],
        "state_reason": "None",
        "submit_time": said(1_762_789_000),
        "start_time": said(1_762_789_100),
        "end_time": said(1_762_792_700),
        "node_count": said(2),
        "nodes": "gpu[1-2]",
        "tasks": said(4),
        "gres_detail": ["gpu:h100:1(IDX:0)", "gpu:h100:2(IDX:2-3)"],
        "tres_alloc_str": "cpu=4,mem=2G,node=2",
        "tres_per_task": "gres/gpu=1",
        "array_job_id": said(0),
        "array_task_id": said(None),
        "comment": "project=llm",
        "shared": [],
    }
    return job | changes


def accounted(**changes: Any) -> dict[str, Any]:
    """A job as slurmdbd tells it: over, with two GPUs."""
    job = {
        "job_id": 4700,
        "name": "eval",
        "user": "ann",
        "account": "vision",
        "partition": "gpu",
        "qos": "normal",
        "cluster": "tide",
        "state": {"current": ["FAILED"], "reason": "None"},
        "time": {"submission": 1_762_780_000, "start": 1_762_780_100, "end": 1_762_783_700, "elapsed": 3600},
        "allocation_nodes": 1,
        "nodes": "gpu1",
        "array": {"job_id": 0, "task_id": said(None), "task": ""},
        "exit_code": {"return_code": said(0), "signal": {"id": said(9), "name": "KILL"}},
        "comment": {"administrator": "", "job": "stage=sft", "system": ""},
        "tres": {"allocated": [{"type": "gres", "name": "gpu", "count": 2}, {"type": "cpu", "name": "", "count": 8}]},
        "steps": [],
    }
    return job | changes


def document(**lists: Any) -> str:
    return json.dumps({**lists, "meta": META, "errors": [], "warnings": []})


def gathered(*texts: str) -> Gathered:
    read = Gathered(UTC)
    for text in texts:
        read.document(text)
    return read


def test_the_controllers_jobs() -> None:
    read = gathered(document(jobs=[controlled()]))
    job = read.details["4752"]
    assert ("running", "mira", "foundation", "gpu", "normal") == (
        job.state,
        job.user,
        job.account,
        job.partition,
        job.qos,
    )
    assert (1_762_789_000_000, 1_762_789_100_000, None) == (job.submit_ms, job.start_ms, job.end_ms)
    assert (("gpu1", Gpus(1, "h100", (0,))), ("gpu2", Gpus(2, "h100", (2, 3)))) == job.gpus_by_node
    assert (Gpus(3, "h100"), 2, ("gpu1", "gpu2"), "project=llm") == (job.gpus, job.nodes, job.node_names, job.comment)
    assert ("tide", []) == (read.cluster, read.skipped)


def test_a_job_that_waits_has_a_planned_start_which_is_none() -> None:
    waits = controlled(
        job_state=["PENDING"], gres_detail=[], nodes="", node_count=said(2), state_reason="Resources",
        array_job_id=said(9), array_task_string="4-10%2", tres_per_task="", tres_per_node="gres/gpu:h100:4",
    )  # fmt: skip
    job = gathered(document(jobs=[waits])).details["4752"]
    assert ("pending", None, None, "9_[4-10%2]", 7) == (job.state, job.start_ms, job.end_ms, job.shown_id, job.tasks)
    assert (Gpus(8, "h100"), "Resources") == (job.gpus, job.reason)


@pytest.mark.parametrize(
    ("asked", "gpus", "origin"),
    [
        ({"tres_per_job": "gres/gpu:h100:6"}, 6, "tres_per_job"),
        ({"tres_per_node": "gres/gpu:4"}, 8, "tres_per_node"),
        ({"tres_per_node": "gres:gpu:4"}, 8, "tres_per_node"),
        ({"tres_per_node": "gres/gpu:a100:1,gres/gpu:h100:1"}, 4, "tres_per_node"),
        ({"tres_per_task": "gres/gpu=2"}, 8, "tres_per_task"),
        ({"tres_req_str": "cpu=4,gres/gpu=5"}, 5, "tres_req_str"),
        ({"tres_per_socket": "gres/gpu:2"}, None, "tres_per_socket"),
        ({}, 0, ""),
    ],
)
def test_gpus_that_are_asked_for(asked: dict[str, str], gpus: float | None, origin: str) -> None:
    facts = answers.job_facts(controlled(tres_per_task="") | asked)
    assert (gpus, origin) == (None if facts.asked is None else facts.asked.count, facts.asked_from)


def test_tracked_gpus_count_before_the_details() -> None:
    facts = answers.job_facts(controlled(tres_alloc_str="cpu=4,gres/gpu=8,gres/gpu:h100=8"))
    assert (8, "tres_alloc_str") == (facts.gpus.count, facts.gpus_from)


def test_jobs_of_accounting() -> None:
    (job,) = gathered(document(jobs=[accounted()])).jobs
    assert ("4700", "failed", 137, Gpus(2), "stage=sft", "tide") == (
        job.raw_id, job.state, job.exit_code, job.gpus, job.comment, job.cluster,
    )  # fmt: skip
    assert 3_600_000 == (job.end_ms or 0) - (job.start_ms or 0)


def test_typed_gpus_are_added_and_not_to_untyped_ones() -> None:
    typed = [{"type": "gres", "name": "gpu:h100", "count": 2}, {"type": "gres", "name": "gpu:a100", "count": 1}]
    whole = [*typed, {"type": "gres", "name": "gpu", "count": 3}]
    for allocated in (typed, whole):
        assert 3 == answers.job_facts(accounted(tres={"allocated": allocated})).gpus.count


def test_where_accounting_tracks_no_gpus_the_submission_tells() -> None:
    line = "sbatch --time 1 --wrap sleep 30 --partition gpu --gpus 8"
    (job,) = gathered(document(jobs=[accounted(tres={"allocated": []}, submit_line=line)])).jobs
    assert Gpus(8) == job.gpus


@pytest.mark.parametrize(
    ("line", "gpus"),
    [
        ("sbatch --gpus=h100:8 run.sh", Gpus(8, "h100")),
        ("srun -G4 python train.py", Gpus(4)),
        ("sbatch --gpus-per-node 2 --nodes 3", Gpus(6)),
        ("sbatch --gpus-per-task 2 -n 4", Gpus(8)),
        ("sbatch --gres gpu:a100:4,lustre:1 x", Gpus(12, "a100")),
        ("sbatch --gpus-per-socket 2 --sockets-per-node 2", Gpus()),
        ("sbatch --wrap 'sleep 1", Gpus()),
        ("", Gpus()),
    ],
)
def test_gpus_of_a_submission(line: str, gpus: Gpus) -> None:
    assert gpus == asked_by(line, 3)


def test_the_form_of_21_08_has_plain_numbers_and_words() -> None:
    old = controlled(
        job_state="COMPLETED", submit_time=1_684_114_900, start_time=1_684_114_921, end_time=1_686_633_833,
        node_count=1, tasks=1, nodes="cs75", gres_detail=[], array_job_id=0, array_task_id=None, shared=None,
        tres_alloc_str="cpu=1,gres/gpu=1", exit_code=256,
    )  # fmt: skip
    text = json.dumps({"meta": {"Slurm": {"release": "21.08.5"}}, "errors": [], "jobs": [old]})
    job = gathered(text).details["4752"]
    assert ("completed", 1_686_633_833_000, Gpus(1)) == (job.state, job.end_ms, job.gpus)
    facts = answers.job_facts(old)
    assert (1, None) == (facts.return_code, facts.signal)
    done = accounted(state={"current": "COMPLETED"}, time={"submission": 1, "start": 2, "end": 5}, exit_code=0)
    assert "completed" == gathered(json.dumps({"jobs": [done]})).jobs[0].state


def test_nodes() -> None:
    drained = {
        "name": "gpu1", "state": ["IDLE", "DRAIN"], "gres": "gpu:h100:4,gpu:h200:4",
        "gres_used": "gpu:h100:1(IDX:0),gpu:h200:0(IDX:N/A)", "tres_used": "cpu=1", "reason": "ECC memory error",
        "partitions": ["gpu", "debug"], "active_features": ["ib"], "reservation": "", "instance_type": "p5.48xlarge",
    }  # fmt: skip
    old = {"name": "cs1", "state": "down", "state_flags": ["DRAIN"], "gres": "", "gres_used": "", "partitions": []}
    read = gathered(document(nodes=[drained, old]))
    node = read.nodes["gpu1"]
    assert ("drained", "IDLE+DRAIN", 8.0, 1.0, "", "ECC memory error") == (
        node.condition, node.state, node.gpus, node.allocated, node.gpu_type, node.reason,
    )  # fmt: skip
    assert (["gpu", "debug"], {"features": "ib"}, "p5.48xlarge") == (node.partitions, node.labels, node.instance_type)
    assert ("drained", 0.0) == (read.nodes["cs1"].condition, read.nodes["cs1"].gpus)


def test_a_row_of_sinfo_stands_for_nodes_that_are_alike() -> None:
    def row(partition: str) -> dict[str, Any]:
        return {
            "node": {"state": ["MIXED"]},
            "nodes": {"nodes": ["gpu[1-2]"], "total": 2},
            "gres": {"total": "gpu:h100:8", "used": "gpu:h100:3(IDX:0-2)"},
            "partition": {"name": partition},
            "reason": {"description": "", "user": ""},
            "features": {"total": "", "active": ""},
        }

    nodes = gathered(document(sinfo=[row("gpu"), row("debug")])).nodes
    assert {"gpu1": (8.0, "up", ["gpu", "debug"]), "gpu2": (8.0, "up", ["gpu", "debug"])} == {
        name: (node.gpus, node.condition, node.partitions) for name, node in nodes.items()
    }


def test_what_cannot_be_read_and_what_holds_nothing_is_named() -> None:
    strange = {"name": "no id"}
    read = gathered(
        document(jobs=[controlled(), strange, controlled(job_state=["WARPED"])]), document(qos=[{"name": "a"}])
    )
    assert ["4752"] == list(read.details)
    assert 3 == len(read.skipped)
    assert "job 2: cannot read a job of SLURM: it has no job_id" in read.skipped[0]
    assert "job 3: cannot read job state 'WARPED'" in read.skipped[1]
    assert "qos (1): neither jobs nor nodes" == read.skipped[2]


def test_an_error_is_an_error() -> None:
    refused = json.dumps({"jobs": [], "errors": [{"error": "Protocol authentication error", "error_number": 1007}]})
    with pytest.raises(Unavailable, match="Protocol authentication error"):
        gathered(refused)
    with pytest.raises(InvalidInput, match="was all of the output kept"):
        gathered('{"jobs": [')


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('\ufeff{"jobs": []}', "json"),
        ("JobID|State|End\n1|FAILED|Unknown\n", "sacct"),
        ("JobId=1 JobName=x\n", "scontrol jobs"),
        ("NodeName=a State=IDLE\n", "scontrol nodes"),
        ("PartitionName=p State=UP\n", "scontrol partitions"),
        ("902|902|Resources\n", "squeue"),
        ("AVAIL|STATE|NODELIST \nup|idle|n1\n", "sinfo"),
        ("Name|Priority|GraceTime\nnormal|0|0\n", "sacctmgr"),
        ("Authentication failure\n", "text"),
        ("", "text"),
    ],
)
def test_files_are_told_apart_by_what_is_in_them(text: str, kind: str) -> None:
    assert kind == kind_of(text)


def test_files_of_any_kind_are_read_and_unknown_ones_named(tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text(document(jobs=[controlled()]), encoding="utf-8")
    (tmp_path / "nodes.txt.gz").write_bytes(gzip.compress(b"NodeName=gpu1 State=IDLE Gres=gpu:h100:4\n"))
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe nothing known\n")
    files = Printed(Files(others=tuple(sorted(tmp_path.iterdir()))))
    read = Gathered(UTC)
    for name, text in files.others():
        read.file(name, text)
    assert (["4752"], ["gpu1"]) == (list(read.details), list(read.nodes))
    assert ["odd.txt: text: holds no jobs or nodes that can be read"] == read.skipped
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8bno")
    with pytest.raises(SetupError, match="compressed content is damaged"):
        Printed(Files(others=(tmp_path / "broken.gz",))).others()


def test_documents_may_come_a_line_each() -> None:
    lines = "\n".join((document(jobs=[controlled()]), document(nodes=[{"name": "gpu1", "state": ["IDLE"]}])))
    read = gathered(lines)
    assert (["4752"], ["gpu1"]) == (list(read.details), list(read.nodes))


def test_a_line_that_is_no_json_takes_no_other_with_it() -> None:
    read = gathered(
        "\n".join((document(jobs=[controlled()]), '{"jobs": [', document(nodes=[{"name": "gpu1", "state": []}])))
    )
    assert (["4752"], ["gpu1"]) == (list(read.details), list(read.nodes))
    (skipped,) = read.skipped
    assert skipped.startswith("line 2: cannot read SLURM's JSON")


def test_records_that_are_no_records_are_named_by_line() -> None:
    text = "JobID|State|End|\n1|FAI\nLED|x|\n2|CANCELLED|y|z|more|\n3|FAILED|x|\n4|FAILED\n5|FAILED|x|\n"
    table = delimited.read(text)
    assert ["1", "3", "5"] == [row.cells["JobID"] for row in table.rows]
    assert "FAI\nLED" == table.rows[0].cells["State"]
    assert ("line 4: got 5 fields; expected 3", "line 6: got 2 fields; expected 3") == table.unreadable
    assert ("JobID", "State", "End") == table.columns


def test_two_broken_records_are_not_joined_into_one() -> None:
    table = delimited.read("A|B|C|D\n1|2|3\n4|5|6\n7|8|9|10\n")
    assert [{"A": "7", "B": "8", "C": "9", "D": "10"}] == [row.cells for row in table.rows]
    assert ("line 2: got 3 fields; expected 4", "line 3: got 3 fields; expected 4") == table.unreadable


def test_slurmrestd_is_asked_by_the_newest_version_that_it_has() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, request.url.query.decode()))
        assert ("t1", "mira") == (request.headers["X-SLURM-USER-TOKEN"], request.headers["X-SLURM-USER-NAME"])
        if "/v0.0.44/" in request.url.path:
            return httpx.Response(404, text="Unable find requested URL.")
        if request.url.path.startswith("/slurmdb"):
            return httpx.Response(200, text=document(jobs=[accounted()]))
        return httpx.Response(200, text=document(pings=[]))

    rest = Rest(
        "http://slurm:6820",
        lambda: {"X-SLURM-USER-TOKEN": "t1", "X-SLURM-USER-NAME": "mira"},
        transport=httpx.MockTransport(answer),
    )
    assert 1 == len(answers.read(rest.sacct(1_000_500, 2_000_500)).rows)
    assert "tide" == rest.cluster()
    assert [
        ("/slurm/v0.0.44/ping", ""),
        ("/slurm/v0.0.43/ping", ""),
        ("/slurmdb/v0.0.43/jobs", "start_time=1000&end_time=2001&show_duplicates=true"),
        ("/slurm/v0.0.43/ping", ""),
    ] == asked


def test_a_cluster_without_accounts_is_read_from_its_controller() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        missing = request.url.path.startswith("/slurmdb")
        return httpx.Response(404 if missing else 200, text="" if missing else document(jobs=[controlled()]))

    rest = Rest("http://slurm:6820", dict, version="v0.0.42", transport=httpx.MockTransport(answer))
    assert ("", "") == (rest.sacct(0, 1), rest.sacct(0, 1))
    assert ["/slurmdb/v0.0.42/jobs"] == asked, "it is not asked again"
    assert 1 == len(answers.read(rest.jobs()).rows)


def test_trouble_of_slurmrestd_is_told() -> None:
    def rest(status: int, text: str) -> Rest:
        return Rest(
            "http://slurm:6820", dict, transport=httpx.MockTransport(lambda _: httpx.Response(status, text=text))
        )

    with pytest.raises(SetupError, match="refuses the token: Authentication failure"):
        rest(401, "Authentication failure\n").jobs()
    with pytest.raises(SetupError, match="Protocol authentication error"):
        rest(500, json.dumps({"errors": [{"error": "Protocol authentication error"}]})).jobs()
    with pytest.raises(Unavailable, match="502: bad gateway"):
        rest(502, "bad gateway").nodes()
    with pytest.raises(SetupError, match="answers none of"):
        rest(404, "").jobs()
    with pytest.raises(SetupError, match="expected one such as v0"):
        Rest("http://slurm:6820", dict, version="42")


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded answers are not on this machine")
def test_recorded_output() -> None:
    root = Path(__file__).parents[4]
    run = subprocess.run(
        [sys.executable, str(root / "bench" / "eval_slurm_records.py"), str(SHARED)],
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(run.stdout.splitlines()[-1])
    assert (0, 0, 0) == (figures["wrong"], figures["skipped"], figures["unreadable"]), run.stdout
    assert figures["records"] > 400


def test_an_attempt_that_was_requeued_after_it_ran_is_over() -> None:
    for words in (["REQUEUED"], ["PENDING", "REQUEUED"]):  # the second by slurmrestd of 24.11
        (row,) = answers.read(document(jobs=[accounted(state={"current": words, "reason": "None"})])).rows
        job = answers.job_of(answers.job_facts(row))
        assert ("cancelled", 3600_000, ("gpu1",)) == (
            job.state,
            (job.end_ms or 0) - (job.start_ms or 0),
            job.node_names,
        )
    waits = controlled(job_state=["PENDING", "REQUEUED"])
    assert "pending" == answers.detail_of(answers.job_facts(waits)).state  # the controller's is of the next attempt
    (row,) = answers.read(document(jobs=[accounted(state={"current": ["REQUEUED"]}, nodes="")])).rows
    assert ("pending", None) == (
        answers.job_of(answers.job_facts(row)).state,
        answers.job_of(answers.job_facts(row)).start_ms,
    )
