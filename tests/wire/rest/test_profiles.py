"""Training profiles on a live server: command line → REST → the run's page, whole or not at all, and for whom."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from tests.unit.profiles.test_stragglers import csv_of, drawn
from tests.unit.profiles.traces import USUAL, trace
from tests.unit.profiles.training_jobs import Job, made
from tests.wire.rest.test_access import bearer, cli

from live_server import LiveServer
from patience import until
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.client import inventory_wire, wire
from trimtab.client.api import Client
from trimtab.client.profiles import Profiles
from trimtab.client.profiles_wire import StartProfileImport
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
HOUR = 3_600_000


def trimtab(server: LiveServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "TRIMTAB_URL": server.url, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "trimtab", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def put_run(client: Client, **more: str) -> str:
    """A run of two GPUs for an hour; returns its id."""
    job, now = new_id(), round(time.time() * 1000)
    run = inventory_wire.RunRecord(
        job=job,
        state="completed",
        submit_ms=now - 3 * HOUR,
        start_ms=now - 2 * HOUR,
        end_ms=now - HOUR,
        gpus=2,
        gpu_type="H100",
        node_names=[f"node-{job}"],
        held=[inventory_wire.HeldGpus(f"node-{job}", 2, [0, 1], [], "", None, None)],
        team=more.pop("team", "search"),
    )
    Runs(client).report(inventory_wire.ReportRuns(cluster="atlas", scheduler="slurm", runs=[run], **more))
    return job


@pytest.fixture
def client(server: LiveServer) -> Iterator[Client]:
    with Client(server.url) as opened:
        yield opened


def test_the_command_imports_a_folder_and_the_run_shows_it(server: LiveServer, client: Client, tmp_path: Path) -> None:
    job = put_run(client)
    for rank in range(2):
        (tmp_path / f"rank{rank}").mkdir()
        (tmp_path / f"rank{rank}" / "trace (1).json").write_bytes(trace(USUAL, rank=rank, world=2))
    (tmp_path / "operations.csv").write_bytes(csv_of(made(Job(), drawn(3))))
    done = trimtab(server, "traces", "import", str(tmp_path), "--run", job)
    assert done.returncode == 0, done.stderr
    for words in ("GPU time of 2 of 2 ranks", "exposed communication", "gemm", "NVIDIA H100"):
        assert words in done.stdout, words
    assert "idle 35%" in done.stderr
    found = json.loads(trimtab(server, "runs", "show", job, "--json").stdout)["profile"]
    assert [one["file"] for one in found["gpus"]] == ["rank0 trace _1_.json", "rank1 trace _1_.json"]
    assert {one["use"]: round(one["share"], 3) for one in found["uses"]} == {
        "compute": 0.353,
        "exposed communication": 0.118,
        "exposed copies": 0.176,
        "idle": 0.353,
    }
    cost = Runs(client).one(job).run.amounts
    for currency, amount in cost.items():
        assert abs(sum(Decimal(one["amounts"][currency]) for one in found["uses"]) - Decimal(amount)) < Decimal("1e-5")
    assert found["stragglers"][0]["file"] == "operations.csv"
    assert "GPU time of 2 of 2 ranks" in trimtab(server, "runs", "show", job).stdout
    page = httpx.get(f"{server.url}/runs/atlas/{job}", timeout=60).text
    assert "Where the GPU time went" in page and "by profiles of 2 of 2 ranks" in page


def test_one_torn_file_keeps_all_out_and_says_so(server: LiveServer, client: Client, tmp_path: Path) -> None:
    job = put_run(client)
    (tmp_path / "a.json").write_bytes(trace(USUAL))
    (tmp_path / "torn.json").write_bytes(trace(USUAL)[:-300])
    uploads = server.data_dir / "profiles" / "uploads"
    before = set(uploads.glob("*"))  # of others on this server
    done = trimtab(server, "traces", "import", str(tmp_path), "--run", job)
    assert done.returncode == 1
    assert "cannot read torn.json: the file ends in the middle" in done.stderr
    assert "nothing was kept" in done.stderr
    with pytest.raises(NotFound, match="has no profile"):
        Profiles(client).of(job)
    assert set(uploads.glob("*")) <= before


def test_a_run_that_is_not_known_and_odd_uploads_are_refused(client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(trace(USUAL))
    profiles = Profiles(client)
    upload = profiles.upload([(tmp_path / "a.json", "a.json")])
    with pytest.raises(NotFound, match="no run 'nobody' is known"):
        profiles.start(StartProfileImport(upload, "nobody"))
    with pytest.raises(InvalidInput, match="there is no upload"):
        profiles.start(StartProfileImport(new_id(), put_run(client)))
    with pytest.raises(InvalidInput, match="expected a plain relative name"):
        profiles.upload([(tmp_path / "a.json", "../a.json")])


def test_a_profile_is_dropped_and_replaced(server: LiveServer, client: Client, tmp_path: Path) -> None:
    job = put_run(client)
    (tmp_path / "a.json").write_bytes(trace(USUAL))
    (tmp_path / "b.json").write_bytes(trace(USUAL))
    assert trimtab(server, "traces", "import", str(tmp_path / "a.json"), "--run", job).returncode == 0
    assert trimtab(server, "traces", "import", str(tmp_path / "b.json"), "--run", job).returncode == 0
    assert Profiles(client).of(job).files == 2
    again = trimtab(server, "traces", "import", str(tmp_path / "a.json"), "--run", job, "--replace", "--json")
    assert json.loads(again.stdout)["files"] == 1
    assert Profiles(client).drop(job) == 1
    assert Runs(client).one(job).profile is None


def test_whose_a_run_is_not_neither_sees_nor_brings_its_profile(tmp_path: Path) -> None:
    made_key = cli(tmp_path / "data", "keys", "create", "--kind", "token", "--role", "admin", "--json")
    live = LiveServer(tmp_path / "data", TRIMTAB_REQUIRE_AUTH="1").start()
    own, other = "111111111111", "222222222222"
    try:
        with Client(live.url, json.loads(made_key.stdout)["secret"]) as admin:
            tokens = {
                (role, account): admin.create_key(
                    wire.CreateKey(name=f"{role}-{account}", kind="token", role=role, account=account)
                ).secret
                for role in ("read", "write")
                for account in (own, other)
            }
        (tmp_path / "a.json").write_bytes(trace(USUAL))
        with Client(live.url, tokens["write", other]) as theirs:
            job = put_run(theirs)
            profiles = Profiles(theirs)
            begun = profiles.start(StartProfileImport(profiles.upload([(tmp_path / "a.json", "a.json")]), job))
            until(lambda: profiles.import_(begun.id).state == "done", "the profile is imported")
            assert profiles.of(job).files == 1
        with Client(live.url, tokens["write", own]) as ours:
            upload = Profiles(ours).upload([(tmp_path / "a.json", "a.json")])
            for ask in (
                lambda: Profiles(ours).of(job),
                lambda: Profiles(ours).drop(job),
                lambda: Profiles(ours).import_(begun.id),
                lambda: Profiles(ours).start(StartProfileImport(upload, job)),
            ):
                with pytest.raises(NotFound, match="no run"):
                    ask()
        with Client(live.url, tokens["read", other]) as reader:
            assert Profiles(reader).of(job).files == 1
            with pytest.raises(AccessDenied, match="needs write"):
                Profiles(reader).drop(job)
        refused = httpx.put(
            f"{live.url}/rest/v1/profiles/uploads/{upload}",
            params={"name": "b.json"},
            content=b"x",
            headers=bearer(tokens["read", own]),
        )
        assert refused.status_code == 403
    finally:
        live.stop()
