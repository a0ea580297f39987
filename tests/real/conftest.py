"""Tests with real programs: one live trimtab for all of them, and at the end the programs that took part."""

import os
from collections.abc import Iterator

import pytest

from live_server import SHARED, LiveServer
from real import parts
from real.ceph_gateway import ceph_running
from real.s3_gateway import Gateway, seaweedfs_running

_S3 = {"SeaweedFS": seaweedfs_running, "Ceph": ceph_running}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[LiveServer]:
    """A trimtab with every door that these tests use; they take names of their own, so that they do not meet."""
    settings = {"TRIMTAB_SYSLOG_ADDR": "127.0.0.1:0"}
    live = pytestconfig.stash[SHARED] = LiveServer(tmp_path_factory.mktemp("trimtab"), **settings).start()
    yield live
    live.stop()


@pytest.fixture(scope="module", params=_S3)
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """Each S3 in turn."""
    with _S3[request.param]() as made:
        yield made


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A nightly run in which a program of the list took no part fails, whatever skipped it."""
    if os.environ.get("REAL_REQUIRED") == "1" and _missing() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was started, and what was not."""
    if parts.used:
        shown = ", ".join(name if name == package else f"{name} ({package})" for name, package in parts.used.items())
        terminalreporter.write_line(f"real programs that took part: {shown}")
    if os.environ.get("REAL_REQUIRED") == "1" and _missing():
        terminalreporter.write_line(f"REAL_REQUIRED=1, and these took no part: {', '.join(_missing())}", red=True)


def _missing() -> list[str]:
    return [name for name in parts.listed() if name not in parts.used]
