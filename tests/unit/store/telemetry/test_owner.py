"""The end of the engine owner: queries under way are ended, and so is it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from trimtab.base.clock import SystemClock
from trimtab.base.errors import TrimtabError
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint

LONG = "INSERT INTO slow SELECT number, toString(sipHash64(number)) FROM numbers(20000000000)"
RUNS = "SELECT query FROM system.processes WHERE query LIKE 'INSERT INTO slow%'"


def test_a_stop_does_not_wait_for_a_query_that_takes_minutes(tmp_path: Path) -> None:
    environment = {**os.environ, "TZ": "UTC"}
    command = [sys.executable, "-m", "trimtab.store.telemetry.owner", str(tmp_path), "1024"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as owner:
        assert owner.stdout is not None
        assert "ready\n" == owner.stdout.readline()
        telemetry = Telemetry(lambda: embedded_endpoint(tmp_path))
        kept = "SELECT value FROM system.merge_tree_settings WHERE name = 'auto_statistics_types'"
        assert [""] == telemetry.fetch_sync(kept)["value"].tolist()  # else each part has 6 to 20 kB of them
        telemetry.command("CREATE TABLE slow (x UInt64, y String) ENGINE = MergeTree ORDER BY x")
        failed: list[TrimtabError] = []

        def insert() -> None:
            try:
                telemetry.execute(LONG, {}, limits=ReadLimits(seconds=600.0))
            except TrimtabError as problem:
                failed.append(problem)

        running = threading.Thread(target=insert)
        running.start()
        while not len(telemetry.fetch_sync(RUNS)["query"]):
            continue
        before = SystemClock().monotonic()
        owner.send_signal(signal.SIGTERM)
        status = owner.wait(60)
        took = SystemClock().monotonic() - before
        running.join()
    assert (0, 1) == (status, len(failed))
    assert "cancelled" in str(failed[0])  # it was ended by the engine, not cut off
    assert took < 10  # it would take an hour; two seconds on a quiet machine
    assert not (tmp_path / "engine.json").exists()


def test_it_loads_no_library_that_answers_in_bytes_need_not(tmp_path: Path) -> None:
    told = (
        "import sys, trimtab.store.telemetry.owner as owner, pathlib\n"
        "owner.start_engine(pathlib.Path(sys.argv[1]), 1024)().query('SELECT 1')\n"
        "print([name for name in ('numpy', 'pandas', 'pyarrow') if name in sys.modules])\n"
        "import pyarrow; print(pyarrow.array([1]).to_pylist())"
    )
    ran = subprocess.run([sys.executable, "-c", told, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "[]\n[1]\n" == ran.stdout
