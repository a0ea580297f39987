"""An account of 2,000 resources in three regions, read by a process that is killed in the middle of it."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from aws_account import ACCOUNT, KEYS, Recorded, account, is_read, seed
from trimtab.accounts.model import ORIGIN, Read, ReadState, Step, StepState
from trimtab.accounts.store import AccountStore
from trimtab.inventory.resources import ResourceStore
from trimtab.store.state.database import State

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]
REGIONS = ("ap-south-1", "eu-west-1", "us-east-1")
NOT_IN_MOTO = {"EC2 capacity reservations", "EC2 reserved instances", "RDS reserved instances", "quotas"}
NOT_IN_MOTO |= {"Savings Plans", "cost and usage reports", "exports of bills", "audit events"}
PACES = {"ec2": (10.0, 20), "sagemaker": (4.0, 5), "s3": (20.0, 20), "elasticloadbalancing": (10.0, 10)}
"""Calls a second and at once that each region is sent at the most: both generations of ELB are one service here."""


class Reader:
    """A process that reads the account, and what it has kept so far."""

    def __init__(self, data: Path, endpoint: str) -> None:
        self.data = data
        self._command = [sys.executable, str(Path(__file__).with_name("account_reader.py")), str(data), endpoint]
        self._state = State.open("", data)
        self.store, self.resources = AccountStore(self._state), ResourceStore(self._state)

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*self._command, *REGIONS])

    def read(self) -> Read | None:
        return asyncio.run(self.store.last(ACCOUNT))

    def steps(self) -> list[Step]:
        read = self.read()
        return asyncio.run(self.store.steps(read.id)) if read else []

    def done(self) -> set[tuple[str, str]]:
        return {(one.region, one.name) for one in self.steps() if one.state is not StepState.WAITING}

    def counted(self) -> dict[str, int]:
        return asyncio.run(self.resources.counted(ACCOUNT, ORIGIN))

    def close(self) -> None:
        self._state.close()


def test_a_large_account_is_read_whole_across_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    with account() as aws:
        aws.clock = time.monotonic
        sizes = dict(zip(REGIONS, (180, 200, 220), strict=True))
        seeded = {
            region: seed(aws, region, instances=size, volumes=70, buckets=20 if region == "us-east-1" else 0)
            for region, size in sizes.items()
        }
        expected: Counter[str] = sum((Counter(one) for one in seeded.values()), Counter())
        assert expected.total() > 1400  # and more than 700 snapshots that moto has by itself
        aws.calls.clear()
        reader = Reader(tmp_path / "data", aws.url)
        try:
            _read_across_a_kill(reader, aws, expected)
        finally:
            reader.close()


def _read_across_a_kill(reader: Reader, aws: Recorded, expected: Counter[str]) -> None:
    process = reader.start()
    until = time.monotonic() + 300
    while len(reader.done()) < 20:
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.1)
    process.kill()
    process.wait(60)
    first, before = list(aws.calls), reader.done()
    aws.calls.clear()
    assert 20 <= len(before) < 100
    assert reader.start().wait(600) == 0
    _complete(reader, expected)
    _not_twice(aws.calls, before)
    calls = [*first, *aws.calls]
    assert [] == [one for one in calls if not is_read(one[0], one[1])]
    for part in (first, aws.calls):  # a process has its own buckets
        _paced(part)
    resources = sum(reader.counted().values())
    assert resources >= 2000
    facts = {"resources": resources, "calls": len(calls), "operations": len({one[1] for one in calls})}
    print(json.dumps({**facts, "steps": len(reader.done()), "steps_before_the_kill": len(before)}))


def _complete(reader: Reader, expected: Counter[str]) -> None:
    read, found = reader.read(), reader.counted()
    assert read is not None
    assert ReadState.DONE is read.state
    assert NOT_IN_MOTO == {one.name for one in reader.steps() if one.state is not StepState.DONE}
    assert dict(expected) == {kind: found.get(kind) for kind in expected}


def _not_twice(calls: list[tuple[str, str, float]], before: set[tuple[str, str]]) -> None:
    """What was done before the kill is not done again."""
    once = {"EC2 instances": "DescribeInstances", "EBS volumes": "DescribeVolumes"}
    for name, operation in once.items():
        left = [region for region in REGIONS if (region, name) not in before]
        asked = [one for one in calls if one[1] == operation]
        assert len(asked) <= 2 * len(left), f"{operation} again, where only {left} were left"


def _paced(calls: list[tuple[str, str, float]]) -> None:
    """No more of the operations of a service in any second than all its regions may have."""
    times: dict[str, list[float]] = defaultdict(list)
    for _, named, at in calls:
        if named.startswith("SageMaker."):
            times["sagemaker"].append(at)
        elif named in ("DescribeInstances", "DescribeVolumes", "DescribeSnapshots", "DescribeSubnets"):
            times["ec2"].append(at)
    for service, found in times.items():
        per_s, burst = PACES[service]
        for begin in found:
            within = sum(begin <= at < begin + 2 for at in found)
            assert within <= len(REGIONS) * (burst + 2 * per_s), f"{within} calls of {service} in two seconds"
