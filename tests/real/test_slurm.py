"""`trimtab connect slurm` and a SLURM with its database of accounting: states, hours and holders equal sacct's."""

import signal
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from live_server import LiveServer
from patience import until
from real.slurm_site import CLUSTER, Site, gpus_of, slurm_running
from trimtab.client.api import Client
from trimtab.client.fleet import Fleet
from trimtab.client.runs import Runs
from trimtab.client.runs_wire import Run
from trimtab.sources.slurm.shares import qos_of, shares_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

STATES = {
    "COMPLETED": "completed", "FAILED": "failed", "CANCELLED": "cancelled", "NODE_FAIL": "node failed",
    "PREEMPTED": "preempted", "REQUEUED": "cancelled", "PENDING": "pending", "RUNNING": "running",
}  # fmt: skip
LONG = "sleep 600"
AGAIN = 'sleep "$([ -n "$SLURM_RESTART_COUNT" ] && echo 1 || echo 600)"'
"""Lasts until somebody ends it, and a second when it is started again."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with slurm_running() as running:
        yield running


@pytest.fixture(scope="module")
def jobs(site: Site) -> dict[str, str]:
    """The ids of jobs that ended in every way, of one that runs and of two that wait."""
    ids = {
        "done": site.submit("games", "sleep 1", "--gres=gpu:2", "--comment=project=llm stage=sft", "-J", "pre|train"),
        "failed": site.submit("games", "exit 3", "--gres=gpu:1"),
        "array": site.submit("news", "sleep 1", "--gres=gpu:1", "--array=0-3%2"),
        "no gpu": site.submit("news", "true"),
    }
    array = ids["array"]

    def ended() -> bool:
        tasks = [row["State"] for row in site.rows() if row["JobID"].startswith(f"{array}_")]
        return tasks == ["COMPLETED"] * 4 and site.states(ids["done"], ids["failed"]) == ["COMPLETED", "FAILED"]

    until(ended, "the first jobs do not end")
    ids["cancelled"] = running(site, "games", LONG, "--gres=gpu:1")
    site.asked("scancel", ids["cancelled"])
    ids["requeued"] = running(site, "games", AGAIN, "--gres=gpu:1", "--requeue")
    site.asked("scontrol", "requeue", ids["requeued"])
    ends(site, ids["requeued"], "COMPLETED")
    ids["preempted"] = running(site, "news", AGAIN, "--gres=gpu:4", "--nodes=2", "--qos=low", "--requeue")
    ids["urgent"] = site.submit("games", "sleep 1", "--gres=gpu:4", "--qos=urgent")
    ids["scavenger"] = running(site, "news", LONG, "--gres=gpu:2", "--partition=debug", "--qos=scavenger")
    ids["second"] = site.submit("games", "sleep 1", "--gres=gpu:2", "--partition=debug", "--qos=urgent")
    for name in ("urgent", "second"):
        ends(site, ids[name], "COMPLETED")
    ends(site, ids["preempted"], "COMPLETED")
    ends(site, ids["scavenger"], "PREEMPTED")
    ids["lost"] = running(site, "games", LONG, "--gres=gpu:1", "--partition=debug", "--no-requeue")
    site.running.stop("b1", signal.SIGKILL)  # as a machine that is gone
    site.asked("scontrol", "update", "nodename=b1", "state=down", "reason=XID 79")
    ends(site, ids["lost"], "NODE_FAIL")
    site.asked("scontrol", "update", "nodename=a2", "state=drain", "reason=ECC errors")
    ids["running"] = running(site, "games", LONG, "--gres=gpu:3")
    ids["capped"] = site.submit("backup", "sleep 1", "--gres=gpu:2", "--qos=capped")
    ids["held"] = site.submit("backup", "sleep 1", "--gres=gpu:1", "--hold")
    until(
        lambda: "QOSMaxGRESPerUser" in site.asked("squeue", "-h", "-o", "%r", "-j", ids["capped"]), "it is not capped"
    )
    until(lambda: site.states(ids["capped"]) == ["PENDING"], "accounting has not heard of what waits")
    return ids


def running(site: Site, user: str, script: str, *options: str) -> str:
    """A job that was put into the queue and whose script runs.

    The controller says RUNNING before the node has begun with the script. What is requeued or lost in between has
    never begun to SLURM: it ends FAILED, or is put back into the queue.
    """
    began = site.folder / "marks" / str(uuid4())
    job = site.submit(user, f"touch {began}; {script}", *options)
    until(lambda: site.runs(job) and began.exists(), f"job {job} does not run: {' '.join(options)}")
    return job


def ends(site: Site, job: str, state: str) -> None:
    until(lambda: site.states(job) == [state], f"job {job} is not {state}: {site.states(job)}")


def stated(site: Site, row: dict[str, str]) -> tuple[object, ...]:
    """What sacct says of an attempt, in trimtab's words; hours of what ended only."""
    state = STATES[row["State"].split()[0]]
    gpus = gpus_of(row["AllocTRES"])
    hours = None if state == "running" else round(int(row["ElapsedRaw"]) * gpus / 3600, 6)
    hosts = row["NodeList"]
    known = hosts not in ("None assigned", "")
    nodes = site.asked("scontrol", "show", "hostnames", hosts).split() if known else []
    return (row["JobIDRaw"], state, row["Account"], row["User"], tuple(sorted(nodes)), hours)


def whole(job: str) -> str:
    """The id of a job of which this is an attempt: an earlier one has its time of submission behind an @."""
    return job.partition("@")[0]


def kept(runs: list[Run], held: str) -> list[tuple[object, ...]]:
    """What trimtab says of each attempt, as `stated` has it; sacct lists no job that was never eligible."""
    return sorted(
        (
            whole(run.job), run.state, run.team, run.user, tuple(sorted(run.node_names)),
            None if run.state == "running" else round(run.gpu_hours, 6),
        )
        for run in runs
        if run.job != held
    )  # fmt: skip


def test_states_hours_and_holders_equal_those_of_sacct(
    server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path
) -> None:
    said = site.connect(server, tmp_path)
    assert (CLUSTER, 0, 3, []) == (said["cluster"], said["lost"], said["nodes"], said["skipped"])
    rows = [row for row in site.rows() if row["JobIDRaw"] != jobs["no gpu"]]
    expected = sorted(stated(site, row) for row in rows)
    with Client(server.url) as client:

        def known() -> list[Run]:
            found = Runs(client).listed(cluster=CLUSTER, limit=500).runs
            return found if expected == kept(found, jobs["held"]) else []

        # The ledger is at most a minute behind.
        runs = until(known, "hours are not those of sacct")

    by_name = {name: [run for run in runs if whole(run.job) == id_] for name, id_ in jobs.items()}
    (done,) = by_name["done"]
    assert ({"project": "llm", "stage": "sft"}, "pre|train") == (
        {key: done.tags.get(key) for key in ("project", "stage")},
        done.name,
    )
    assert [("failed", 3)] == [(run.state, run.exit_code) for run in by_name["failed"]]
    assert ["cancelled", "completed"] == sorted(run.state for run in by_name["requeued"])
    assert 2 == len(by_name["preempted"])
    assert [("h100", 3.0)] == [(run.gpu_type.lower(), run.gpus) for run in by_name["running"]]
    assert ["QOSMaxGRESPerUser"] == [run.reason for run in by_name["capped"]]
    assert ["JobHeldUser"] == [run.reason for run in by_name["held"]]

    # Hours by account and user: what a bill within a site is made of.
    hours: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        if not row["State"].startswith("RUNNING"):
            hours[row["Account"], row["User"]] += int(row["ElapsedRaw"]) * gpus_of(row["AllocTRES"]) / 3600
    ours: dict[tuple[str, str], float] = defaultdict(float)
    for run in runs:
        if run.state != "running":
            ours[run.team, run.user] += run.gpu_hours
    assert dict(hours) == pytest.approx(dict(ours))


def test_a_drained_and_a_lost_node_are_gpus_that_nobody_may_use(
    server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path
) -> None:
    site.connect(server, tmp_path)
    with Client(server.url) as client:
        gpus = {one.gpu_type.lower(): one for one in Runs(client).queue(cluster=CLUSTER).gpus}
        held = Runs(client).one(jobs["running"], CLUSTER)
    assert {"drained": 4.0, "free": 1.0} == {name: count for name, count in gpus["h100"].idle.items() if count}
    assert {"drained": 2.0} == gpus["a100"].idle  # down or drained: out of use
    assert ["a1"] == held.run.node_names
    shown = site.asked("scontrol", "show", "job", "-d", jobs["running"])
    assert "GRES=gpu:h100:3(IDX:0-2)" in shown


def test_nodes_of_the_past_are_those_that_accounting_has(
    server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path
) -> None:
    """Nobody looked before; slurmdbd knows when the cluster began, and since when a node was down and one drained."""
    del jobs
    site.connect(server, tmp_path)
    shown = site.asked("sacctmgr", "-nP", "show", "event", f"start={long_ago()}", "format=NodeName,Start,End")
    began = {node: start for node, start, end in (line.split("|") for line in shown.splitlines()) if end == "Unknown"}
    first, b1, a2 = (datetime.fromisoformat(began[node]).astimezone(UTC) for node in ("", "b1", "a2"))
    with Client(server.url) as client:

        def all_there() -> bool:
            now = datetime.now(UTC)
            total = Fleet(client).hours(start=first.isoformat(), end=now.isoformat()).total
            behind = 10 * timedelta(seconds=70)  # the ledger may be a minute behind
            existing, down = 10 * (now - first), 2 * (now - b1) + 4 * (now - a2)
            return all(
                expected - behind <= timedelta(hours=found) <= expected
                for found, expected in ((total.existing, existing), (total.down, down))
            )

        until(all_there, "GPU-hours are not those since the cluster registered")
        total = Fleet(client).hours(start=first.isoformat()).total
        assert (0.0, 0.0) == (total.unknown, Fleet(client).hours(end=first.isoformat()).total.existing)


def long_ago() -> str:
    return f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%S}"


def test_slurmrestd_says_the_same_as_the_tools(
    server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path
) -> None:
    del jobs
    by_tools = site.connect(server, tmp_path / "tools")
    by_rest = site.connect(
        server, tmp_path / "rest", "--rest-url", site.rest_url, "--rest-token-file", str(site.token())
    )
    assert (CLUSTER, by_tools["runs"], 0, 0, 3) == tuple(
        by_rest[name] for name in ("cluster", "runs", "changed", "lost", "nodes")
    )


def test_what_comes_is_followed(server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path) -> None:
    del jobs
    with site.following(server, tmp_path), Client(server.url) as client:

        def state_of(job: str) -> list[str]:
            return [run.state for run in Runs(client).listed(cluster=CLUSTER, limit=500).runs if run.job == job]

        job = running(site, "games", LONG, "--gres=gpu:1")
        until(lambda: state_of(job) == ["running"], "what runs is not followed")
        site.asked("scancel", job)
        until(lambda: state_of(job) == ["cancelled"], "what ended is not followed")


@pytest.mark.parametrize("words", [("-P",), ("--json",)], ids=["text", "json"])
def test_fair_shares_are_what_teams_are_entitled_to(
    server: LiveServer, site: Site, jobs: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    del jobs
    site.connect(server, tmp_path)
    file = tmp_path / "shares"
    file.write_text(site.asked("sshare", "-a", "-l", *words))
    # Three shares and one; the association of root itself has one too.
    assert {("research", 0.6), ("search", 0.2)} == {(one.account, one.share) for one in shares_of(file.read_text())}
    found = site.trimtab(
        "queue", "quotas", str(file), "--cluster", CLUSTER, "--start", "-1h", "--url", server.url, "--json"
    )
    teams = {one["team"]: one for one in found["teams"]}
    assert teams["research"]["entitled"] == pytest.approx(3 * teams["search"]["entitled"], rel=1e-6)
    assert teams["research"]["held"] > 0

    limits = {one.name: one for one in qos_of(site.asked("sacctmgr", "show", "qos", *words))}
    assert (1.0, None) == (limits["capped"].of_user, limits["normal"].of_user)
