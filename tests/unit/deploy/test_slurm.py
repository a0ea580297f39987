"""The prolog of SLURM: GPUs are known by their jobs while they run, and a node is never drained for it."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def script(repository: Path) -> Path:
    return repository / "deploy" / "slurm" / "prolog.sh"


def ran(script: Path, folder: Path, context: str, job: str, gpus: str, start: str = "") -> None:
    environment = {
        "PATH": os.environ["PATH"], "SLURM_JOB_ID": job, "SLURM_JOB_GPUS": gpus, "SLURM_SCRIPT_CONTEXT": context,
        "TRIMTAB_JOB_MAP": str(folder / "map"), "TRIMTAB_START": start,
    }  # fmt: skip
    done = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False, timeout=20)
    assert (0, "") == (done.returncode, done.stderr)


def told(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in (folder / "map").iterdir()}


def test_gpus_have_the_jobs_that_hold_them(script: Path, tmp_path: Path) -> None:
    ran(script, tmp_path, "prolog_slurmd", "41", "0,1")
    ran(script, tmp_path, "prolog_slurmd", "42", "1,2")
    assert {"0": "41\n", "1": "41\n42\n", "2": "42\n"} == told(tmp_path)
    ran(script, tmp_path, "epilog_slurmd", "41", "0,1")
    assert {"1": "42\n", "2": "42\n"} == told(tmp_path)
    ran(script, tmp_path, "epilog_slurmd", "42", "1,2")
    assert {} == told(tmp_path)


def test_the_agent_is_started_and_a_failure_drains_no_node(script: Path, tmp_path: Path) -> None:
    ran(script, tmp_path, "prolog_slurmd", "41", "", start=f"touch {tmp_path}/started")
    assert (tmp_path / "started").exists()
    ran(script, tmp_path, "prolog_slurmd", "41", "GPU-1a2b", start="false")
    assert not (tmp_path / "map").exists()
