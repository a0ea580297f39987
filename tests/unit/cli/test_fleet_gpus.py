"""`trimtab fleet gpus`: what recorded output of the makers' tools says of GPUs."""

import json
from pathlib import Path

from click.testing import CliRunner

from printed_gpus import ROCM, XML
from trimtab.cli.main import root


def test_files_are_shown_with_what_is_unknown_as_such(tmp_path: Path) -> None:
    (tmp_path / "smi.xml").write_text(XML)
    (tmp_path / "rocm.json").write_text(json.dumps(ROCM))
    files = [str(tmp_path / name) for name in ("smi.xml", "rocm.json")]
    done = CliRunner().invoke(root, ["fleet", "gpus", *files])
    assert 0 == done.exit_code, done.output
    shown = next(line for line in done.output.splitlines() if "NVIDIA H100 80GB HBM3" in line)
    assert ["42%", "0.5", "GiB", "79.6", "GiB", "102", "W", "39", "°C", "2"] == shown.split()[-10:]
    assert "unknown" in next(line for line in done.output.splitlines() if "NVIDIA A100" in line)
    found = json.loads(CliRunner().invoke(root, ["fleet", "gpus", *files, "--json"]).output)
    assert [("smi.xml", 0.42), ("smi.xml", None), ("rocm.json", 0.65), ("rocm.json", 0.0)] == [
        (one["file"], one["utilization"]) for one in found
    ]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("hello")
    done = CliRunner().invoke(root, ["fleet", "gpus", str(tmp_path / "odd.txt")])
    assert 0 != done.exit_code
