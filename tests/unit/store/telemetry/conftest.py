"""A real engine owner for the store's tests: one process a session, the tables emptied for each test."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.schema import TABLES


def start_owner(directory: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "1024"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    return process


def stop_owner(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    code = process.wait(30)
    process.stdout.close()
    return code


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    directory = tmp_path_factory.mktemp("store") / "engine"
    owner = start_owner(directory)
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    migrate(telemetry)
    yield telemetry
    telemetry.close()
    stop_owner(owner)


@pytest.fixture
def telemetry(engine: Telemetry) -> Telemetry:
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table}")
    return engine
