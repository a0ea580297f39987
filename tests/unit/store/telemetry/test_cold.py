"""Old parts move to the volume for them: tried with two folders as the disks of a policy."""

import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.cold import cooling_column, moved, store_cold
from trimtab.store.telemetry.schema import TABLES

MOVE = "toDateTime(time) + toIntervalDay(30) TO VOLUME 'cold'"


def test_tables_that_are_cut_by_time_cool() -> None:
    columns = {name: cooling_column(table) for name, table in TABLES.items()}
    assert "time" == columns["log_events"] == columns["metric_samples"] == columns["spans"] == columns["audit_events"]
    assert "start" == columns["anomalies"]
    assert "" == columns["metric_series"] == columns["cost_lines"] == columns["fleet_machine_days"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", MOVE),
        (MOVE, MOVE),
        ("toDateTime(time) + toIntervalDay(7) TO VOLUME 'cold'", MOVE),
        ("toDateTime(time) + toIntervalDay(400)", f"toDateTime(time) + toIntervalDay(400), {MOVE}"),
        (f"a + f(1, 2), {MOVE}", f"a + f(1, 2), {MOVE}"),
    ],
)
def test_a_move_takes_the_place_of_one_before_and_of_nothing_else(before: str, after: str) -> None:
    assert after == moved(before, MOVE)


def test_a_policy_that_the_server_does_not_know_is_said(telemetry: Telemetry) -> None:
    store_cold(telemetry, "", 30)
    with pytest.raises(SetupError, match=r"policy tiered: the server does not know it; expected .*; try "):
        store_cold(telemetry, "tiered", 30)
    with pytest.raises(SetupError, match=r"policy default: its volumes are default; expected .* volume named cold"):
        store_cold(telemetry, "default", 30)


# A move_factor of 0: otherwise parts move as well where less than a tenth of the disk is free, however young they are.
POLICY = """<clickhouse>
  <storage_configuration>
    <disks><old><type>local</type><path>{old}/</path></old></disks>
    <policies><tiered><volumes>
      <default><disk>default</disk></default>
      <cold><disk>old</disk></cold>
    </volumes><move_factor>0</move_factor></tiered></policies>
  </storage_configuration>
</clickhouse>
"""
MOVES = """
import sys, time
import chdb
from trimtab.store.telemetry.schema import TABLES, Layout, create_table
directory, moves = sys.argv[1:]
engine = chdb.connect(f"{directory}/data?config-file={directory}/policy.xml")
engine.query("CREATE DATABASE trimtab; USE trimtab")
engine.query(create_table(TABLES["metric_samples"])[0])
engine.query("INSERT INTO metric_samples SELECT 1, '2020-01-01 00:00:00', 1.5")
engine.query("INSERT INTO metric_samples SELECT 1, now64(3, 'UTC'), 2.5")
engine.query("ALTER TABLE metric_samples MODIFY SETTING storage_policy = 'tiered'")
engine.query(f"ALTER TABLE metric_samples MODIFY TTL {moves}")
for _ in range(200):
    read = str(engine.query("SELECT disk_name, sum(rows) FROM system.parts WHERE active AND table = 'metric_samples' "
                            "GROUP BY 1 ORDER BY 1", "CSV"))
    if "old" in read:
        break
    time.sleep(0.1)
print(read.replace("\\n", " "))
print(engine.query("SELECT engine_full FROM system.tables WHERE name = 'metric_samples'"))
"""


def test_parts_past_their_days_move_and_new_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "policy.xml").write_text(POLICY.format(old=tmp_path / "old"))
    made = subprocess.run(
        [sys.executable, "-c", MOVES, str(tmp_path), MOVE], capture_output=True, text=True, timeout=60
    )
    assert '"default",1 "old",1' in made.stdout, made.stderr
    assert f"TTL {MOVE}" in made.stdout.replace("\\'", "'")
