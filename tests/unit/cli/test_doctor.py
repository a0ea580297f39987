"""`trimtab doctor`: every finding has a verdict and, unless all is well, something to do."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.base.records import replace
from trimtab.cli import checks
from trimtab.cli.checks import SKEW_FAIL_MS, SKEW_WARN_MS, Verdict, _skew, check_data_dir, check_ports
from trimtab.settings import Settings


def verdicts(text: str) -> dict[str, str]:
    return {row["check"]: row["verdict"] for row in json.loads(text)}


def test_a_machine_without_a_server_passes_with_a_warning(cli: Cli) -> None:
    outcome = cli("doctor", "--json")
    found = verdicts(outcome.out)
    assert outcome.code == 0
    assert (found["python"], found["server"]) == ("ok", "warn")
    assert "trimtab up" in cli("doctor").out


def test_the_doctor_says_what_to_do_about_a_setting_that_goes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    old = "TRIMTAB_NOTIFY_ALLOW_LINK_LOCAL"
    assert old not in cli("doctor").out
    monkeypatch.setenv(old, "1")
    said = cli("doctor").out
    assert f"settings: {old} is deprecated since 0.2.0 and will be gone in 0.4.0" in said
    assert "trimtab egress allow" in said


def test_a_ready_server_with_a_live_agent_is_all_right(live: Cli, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def works() -> None:
        return

    api.checks["engine"] = works
    monkeypatch.setattr("trimtab.cli.doctor.SystemClock", lambda: api.clock)
    found = verdicts(live("doctor", "--json").out)
    assert {found[check] for check in ("server", "clock", "engine", "agent")} == {"ok"}


def test_a_part_that_fails_makes_the_doctor_fail(live: Cli, api: Api) -> None:
    async def fails() -> None:
        raise Unavailable("the engine restarts")

    api.checks["engine"] = fails
    outcome = live("doctor")
    assert outcome.code == 1
    assert "✗ fail  engine: the engine restarts → " in outcome.out


def test_a_late_agent_and_a_wrong_clock_are_told(live: Cli, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    late = ManualClock(api.clock.now_ms() + 600_000)
    monkeypatch.setattr("trimtab.cli.doctor.SystemClock", lambda: late)
    outcome = live("doctor", "--json")
    assert verdicts(outcome.out)["clock"] == "fail"
    assert outcome.code == 1


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [(0, "ok"), (-SKEW_WARN_MS + 1, "ok"), (-SKEW_WARN_MS, "warn"), (SKEW_FAIL_MS - 1, "warn"), (SKEW_FAIL_MS, "fail")],
)
def test_clocks_may_differ_by_a_little(difference: int, verdict: str) -> None:
    assert _skew(difference).verdict == verdict


def test_a_directory_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (finding,) = check_data_dir(Settings(data_dir=tmp_path / "file" / "x"), ManualClock())
    assert (finding.verdict, "TRIMTAB_DATA_DIR" in finding.advice) == (Verdict.FAIL, True)


@pytest.mark.parametrize(("free_mb", "verdict"), [(10, "fail"), (300, "warn"), (50_000, "ok")])
def test_room_is_judged_by_what_ingest_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, verdict: str
) -> None:
    usage = type("Usage", (), {"free": free_mb << 20})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: usage)
    written, room = check_data_dir(Settings(data_dir=tmp_path / "not" / "yet"), ManualClock())
    assert (written.verdict, room.verdict) == (Verdict.OK, verdict)
    assert not (tmp_path / "not").exists()


def test_a_slow_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_sync_seconds", lambda directory, clock: 0.2)
    assert next(check_data_dir(Settings(data_dir=tmp_path), ManualClock())).verdict == Verdict.WARN


def listening() -> Any:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_a_port_is_free_taken_or_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(otlp_http_addr="off")
    with listening() as other:
        taken = replace(settings, http_addr=f"127.0.0.1:{other.getsockname()[1]}")
        monkeypatch.setattr(checks, "_CONNECT_S", 0.1)
        (finding,) = check_ports(taken)
        assert (finding.verdict, finding.advice) == (Verdict.FAIL, "stop it, or set TRIMTAB_HTTP_ADDR")
    (finding,) = check_ports(taken)
    assert finding.verdict == Verdict.OK
    (finding,) = check_ports(replace(settings, http_addr="192.0.2.1:4750"))
    assert finding.verdict == Verdict.FAIL
    assert list(check_ports(replace(settings, http_addr="off"))) == []
