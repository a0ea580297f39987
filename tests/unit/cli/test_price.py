"""`trimtab price`: files, folders, pipes, diffs and git revisions; limits as exit status."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

JOB = "#!/bin/bash\n#SBATCH --nodes={}\n#SBATCH --gpus-per-node=h100:8\n#SBATCH --time=10:00:00\nsrun x\n"


def job(path: Path, nodes: int = 2) -> str:
    path.write_text(JOB.format(nodes))
    return str(path)


def test_files_are_read_without_a_server(cli: Cli, tmp_path: Path) -> None:
    done = cli("price", job(tmp_path / "a.sbatch"), "--offline", "--json")
    report = json.loads(done.out)
    assert (0, 16.0, {"h100": 16.0}) == (done.code, report["gpus"], report["gpu_types"])


def test_a_server_that_is_not_there_leaves_gpus(cli: Cli, tmp_path: Path) -> None:
    done = cli("price", job(tmp_path / "a.sbatch"))
    assert 0 == done.code
    assert "16 GPUs (16 × h100)" in done.out
    assert "Without prices: " in done.err


def test_a_limit_that_is_passed_is_the_exit_status(cli: Cli, tmp_path: Path) -> None:
    file = job(tmp_path / "a.sbatch")
    assert [1, 0] == [cli("price", file, "--offline", "--max-gpus", limit).code for limit in ("15", "16")]


def test_what_cannot_be_told_fails_only_a_strict_check(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "a.sbatch"
    file.write_text("#SBATCH --exclusive\n")
    words = ("price", str(file), "--offline")
    assert [0, 2] == [cli(*words).code, cli(*words, "--strict").code]
    known = ("price", job(tmp_path / "b.sbatch"), "--offline", "--strict")
    assert [0, 2] == [cli(*known).code, cli(*known, "--max-per-hour", "9").code]


def test_a_file_that_is_nothing_of_the_kind_cannot_be_priced(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("a: b\n- c\n")
    done = cli("price", str(file), "--offline")
    assert (2, True) == (done.code, "it is no YAML" in done.err)


def test_a_folder_is_looked_through(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    job(tmp_path / "deep" / "a.sbatch")
    (tmp_path / "notes.yaml").write_text("a: b\n")
    report = json.loads(cli("price", str(tmp_path), "--offline", "--json").out)
    assert [str(tmp_path / "deep" / "a.sbatch")] == [one["file"] for one in report["asks"]]


def test_manifests_come_by_a_pipe(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = "kind: Pod\nspec: {containers: [{resources: {limits: {nvidia.com/gpu: 2}}}]}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(pod))
    assert "2 GPUs" in cli("price", "-", "--offline").out


def test_a_change_since_a_revision_and_the_same_as_a_diff(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def git(*words: str) -> str:
        name = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main")
        return subprocess.run(["git", *name, *words], capture_output=True, text=True, check=True).stdout

    job(tmp_path / "a.sbatch")
    job(tmp_path / "same.sbatch")
    (tmp_path / "readme.md").write_text("x")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    job(tmp_path / "a.sbatch", 5)
    (tmp_path / "readme.md").write_text("y")
    since = json.loads(cli("price", "--base", "HEAD", "--offline", "--json").out)
    (tmp_path / "c.diff").write_text(git("diff", "HEAD"))
    by_diff = json.loads(cli("price", "c.diff", "--offline", "--json").out)
    assert (40.0, 16.0) == (since["gpus"], since["gpus_before"])
    assert (40.0, 16.0) == (by_diff["gpus"], by_diff["gpus_before"])
    assert "+24 GPUs → 40 GPUs" in cli("price", "c.diff", "--offline", "--markdown").out
    job(tmp_path / "a.sbatch", 9)
    assert "neither as before it nor as after it" in cli("price", "c.diff", "--offline").err
    assert "cannot tell what changed" in cli("price", "--base", "nowhere", "--offline").err


def test_a_server_tells_prices_and_says_why_there_is_no_wait(live: Cli, tmp_path: Path) -> None:
    file = job(tmp_path / "a.sbatch")
    assert 0 == live("catalog", "set-rate", "gpu:h100", "2.50").code
    done = live("price", file, "--json", "--max-per-hour", "39.99")
    ask = json.loads(done.out)["asks"][0]
    assert (1, {"USD": "40.0000"}, {"USD": "400.0000"}) == (done.code, ask["per_hour"], ask["cost"])
    assert (None, "no run of that cluster is known; name one with --cluster") == (ask["wait"], ask["wait_note"])


def test_nothing_is_no_place(cli: Cli) -> None:
    assert "cannot price nothing" in cli("price").err


def test_an_amount_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = cli("price", job(tmp_path / "a.sbatch"), "--offline", "--max-cost", "much")
    assert "expected an amount such as 250.00" in done.err


def test_a_replay_says_what_its_number_should_be_and_what_there_is_not(live: Cli) -> None:
    assert "expected a number such as +64 or -8" in live("queue", "replay", "--gpus", "many").err
    assert "no run of that range held or wanted GPUs" in live("queue", "replay", "--gpus", "+64").err
    assert "the range has not begun" in live("queue", "replay", "--start", "2999-01-01", "--end", "2999-01-02").err
    assert "expected team=GPUs" in live("queue", "replay", "--quota", "vision").err


def test_quotas_of_files_are_compared_with_what_was_held(live: Cli, tmp_path: Path) -> None:
    file = tmp_path / "queues.yaml"
    quota = "resourceGroups: [{flavors: [{resources: [{name: nvidia.com/gpu, nominalQuota: 16}]}]}]"
    file.write_text(f"kind: ClusterQueue\nmetadata: {{name: vision}}\nspec: {{{quota}, cohort: all}}\n")
    (team,) = json.loads(live("queue", "quotas", str(file), "--start", "-2h", "--json").out)["teams"]
    assert ("vision", 32.0, 0.0) == (team["team"], round(team["entitled"], 3), team["held"])
    shares = tmp_path / "sshare.txt"
    shares.write_text("Account|User|RawShares\nroot||\n vision||1\n")
    assert "no GPUs of that cluster are known" in live("queue", "quotas", str(shares)).err
    file.write_text("kind: Service\n")
    assert "cannot find a quota of GPUs" in live("queue", "quotas", str(file)).err


def test_quotas_are_kept_and_compared_by_day_without_files(live: Cli, tmp_path: Path) -> None:
    assert "no quotas are kept" in live("queue", "quotas").err
    file = tmp_path / "queues.yaml"
    quota = "resourceGroups: [{flavors: [{resources: [{name: nvidia.com/gpu, nominalQuota: 16}]}]}]"
    file.write_text(f"kind: ClusterQueue\nmetadata: {{name: vision}}\nspec: {{{quota}, cohort: all}}\n")
    assert "expected --cluster" in live("queue", "quotas", str(file), "--keep").err
    kept = live("queue", "quotas", str(file), "--keep", "--cluster", "atlas", "--since", "-2h")
    assert "1 quotas of atlas are kept\n" == kept.out
    told = json.loads(live("queue", "quotas", "--start", "-4h", "--json").out)
    (team,) = told["teams"]
    assert ("vision", 32.0) == (team["team"], round(team["entitled"], 2))
    assert ["quotas are known since"] == [note[:22] for note in told["notes"]]
    assert round(team["entitled"], 6) == round(sum(day["teams"][0]["entitled"] for day in told["days"]), 6)
    assert "no quotas are kept" in live("queue", "quotas", "--cluster", "other").err
    live("queue", "quotas", str(file), "--keep", "--cluster", "other")
    assert "several clusters have some: atlas of account" in live("queue", "quotas").err
