"""Kills and power cuts with everything running: writers, a bill being imported, hours rolled up, days past retention.

The data folder is that of a released version, so the first starts bring its schema to the newest, and are killed in it.
What was acknowledged is told by the door, hour by hour and once, whether it lies in the log, in raw points or, its raw
points dropped, in roll-ups alone; the bill is wholly the old one or the new one.
"""

import json
import os
import random
import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from crash.release_data import RELEASES, unpacked
from crash.test_import_kill import LINES, begin, exported, settled, write
from crash.test_power_cut import COPY_S, Disk, disk
from crash.writers import DAYS, Batch, Ledger, address_of, retry, run_clients, stored
from live_server import LiveServer
from patience import until

__all__ = ["disk"]
KILLS = int(os.environ.get("KILLS", "2"))
CUTS = int(os.environ.get("POWER_CUTS", "1"))
HOUR_S, DAY_S = 3600, 86_400
SETTINGS = {"TRIMTAB_RETENTION_RAW_DAYS": "4", "TRIMTAB_DISK_RESERVE_MB": "1"}
ROLLED_S = 75.0
"""Within which all closed hours are rolled up."""
Hours = dict[tuple[str, int], tuple[float, float]]

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(3600)]


def expected(batches: list[Batch]) -> Hours:
    """(sum, count) of the values of each slot and hour."""
    found: defaultdict[tuple[str, int], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for batch in batches:
        for datum in json.loads(batch.body)["MetricData"]:
            key = datum["Dimensions"][0]["Value"], datum["Timestamp"] // HOUR_S * HOUR_S
            found[key] = found[key][0] + datum["Value"], found[key][1] + 1
    return dict(found)


def told(url: str, now_s: int) -> Hours:
    """The same as the door tells it."""
    reader = boto3.client(
        "cloudwatch", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    start, end = now_s // DAY_S * DAY_S - (DAYS + 1) * DAY_S, now_s // HOUR_S * HOUR_S + 2 * HOUR_S

    def asked(slot: int, statistic: str) -> dict[str, Any]:
        metric = {"Namespace": "Crash", "MetricName": "crash", "Dimensions": [{"Name": "slot", "Value": str(slot)}]}
        return {
            "Id": f"{statistic.lower()}{slot}",
            "MetricStat": {"Metric": metric, "Period": HOUR_S, "Stat": statistic},
        }

    queries = [asked(slot, statistic) for slot in range(7) for statistic in ("Sum", "SampleCount")]
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for page in reader.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end
    ):
        for line in page["MetricDataResults"]:
            times = (int(time.timestamp()) for time in line["Timestamps"])
            found[line["Id"]].update(zip(times, line["Values"], strict=True))
    return {
        (str(slot), at): (found[f"sum{slot}"][at], count)
        for slot in range(7)
        for at, count in found[f"samplecount{slot}"].items()
    }


class Everything:
    """A server under all of it, and what was acknowledged."""

    def __init__(self, data: Path, work: Path) -> None:
        self.server = LiveServer(data, **SETTINGS)
        self.ledger = Ledger()
        self.chance = random.Random(20)
        self._bills = {cost: write(work / f"{cost}.csv", cost) for cost in ("1", "2")}
        self._held, self._import = "", 0
        self._others: dict[str, int] = {}

    def die_while_starting(self, times: int) -> None:
        """Ended while the schema is brought to the newest and the log is read."""
        for _ in range(times):
            self.server.process = None
            starting = threading.Thread(target=self._try_to_start)
            starting.start()
            starting.join(self.chance.uniform(0.5, 6.0))
            until(lambda: self.server.process, "a process")
            self.server.kill()
            starting.join()

    def _try_to_start(self) -> None:
        with suppress(AssertionError):  # it was killed before it was ready
            self.server.start()

    def start(self) -> None:
        """Start whole, and note what else is in the bill."""
        self.server.start()
        self._others = exported(self.server)

    def run(self, die: Callable[[], None]) -> None:
        """Write, import the other bill, and die at some moment."""
        self._wanted = "2" if self._held == "1" else "1"
        self._import = begin(self.server, self._bills[self._wanted])

        def wait_and_die() -> None:
            threading.Event().wait(self.chance.uniform(0.2, 6.0))
            die()

        run_clients(self.server, self.ledger, wait_and_die)

    def check(self, acknowledged: list[Batch], name: str) -> None:
        """After the start: nothing is lost or doubled. Then what was cut is sent again, as SDKs do."""
        state = settled(self.server, self._import).state
        self._held = self._wanted if state == "done" else self._held
        ours = Counter({self._held: LINES} if self._held else {})
        assert exported(self.server) == dict(ours + Counter(self._others))
        retry(address_of(self.server), self.ledger.open)
        retry(address_of(self.server), self.chance.sample(acknowledged, min(5, len(acknowledged))))
        self.tell(f"{name}: {len(acknowledged)} batches acknowledged, import {state}")

    def tell(self, name: str) -> None:
        """Every hour is told as it was sent."""
        wanted = expected(self.ledger.batches)
        newest = max(at for _, at in wanted)
        until(lambda: sum(count for _, count in told(self.server.url, newest).values()) >= _count(wanted), "all")
        found = told(self.server.url, newest)
        wrong = {key: (found.get(key), one) for key, one in wanted.items() if found.get(key) != one}
        print(f"{name}, {_count(wanted):.0f} values there, {len(wrong)} of {len(wanted)} hours wrong")
        assert not wrong
        assert found.keys() == wanted.keys()


def _count(hours: Hours) -> float:
    return sum(count for _, count in hours.values())


def test_nothing_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    unpacked(RELEASES / "0.1.0.tar.xz", tmp_path)
    every = Everything(tmp_path / "data", tmp_path)
    every.die_while_starting(max(KILLS // 4, 1))
    every.start()
    for number in range(KILLS):
        every.run(every.server.kill)
        acknowledged = [batch for batch in every.ledger.batches if batch.acknowledged]
        every.server.start()
        every.check(acknowledged, f"kill {number + 1}")
    before = sum(stored(every.server.data_dir).values())
    threading.Event().wait(ROLLED_S)
    every.server.kill()
    every.die_while_starting(max(KILLS // 4, 1))
    every.server.start()  # which drops the raw points of days that are rolled up
    until(lambda: sum(stored(every.server.data_dir).values()) < before / 2, "raw points are dropped")
    every.tell(f"of {before} raw points {sum(stored(every.server.data_dir).values())} are left")
    assert every.server.stop() == 0


def test_nothing_is_lost_or_doubled_by_power_cuts(disk: Disk, tmp_path: Path) -> None:
    unpacked(RELEASES / "0.1.0.tar.xz", disk.mount)
    os.sync()  # what unpacks it does not
    every = Everything(disk.mount / "data", tmp_path)
    every.start()
    acknowledged: list[Batch] = []

    def cut() -> None:
        assert every.server.process is not None
        os.killpg(every.server.process.pid, signal.SIGSTOP)
        acknowledged[:] = [batch for batch in every.ledger.batches if batch.acknowledged]
        took = disk.copy(tmp_path / "copy.img")
        every.server.kill()
        assert took < COPY_S, f"the copy took {took:.2f} s: too slow to stand for a power cut"

    for number in range(CUTS):
        every.run(cut)
        disk.detach()
        (tmp_path / "copy.img").replace(disk.image)
        disk.attach()
        every.server.start()
        every.check(list(acknowledged), f"cut {number + 1}")
    assert every.server.stop() == 0
