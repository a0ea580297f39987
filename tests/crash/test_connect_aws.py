"""An account of 2,000 resources in three regions, read by a live server that is killed in the middle of it."""

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest

import live_server
from aws_account import ACCOUNT, KEYS, Recorded, account, is_read, seed
from live_server import LiveServer

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]
REGIONS = ("ap-south-1", "eu-west-1", "us-east-1")
NOT_IN_MOTO = {"EC2 capacity reservations", "EC2 reserved instances", "RDS reserved instances", "quotas"}
NOT_IN_MOTO |= {"Savings Plans", "cost and usage reports", "exports of bills", "audit events"}
PACES = {"ec2": (10.0, 20), "sagemaker": (4.0, 5), "s3": (20.0, 20), "elasticloadbalancing": (10.0, 10)}
"""Calls a second and at once that each region is sent at the most: both generations of ELB are one service here."""


def state(server: LiveServer) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/rest/v1/aws-accounts/{ACCOUNT}", timeout=60).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def done(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["region"], one["name"]) for one in found["read"]["steps"] if one["state"] != "waiting"}


def wait_until(holds: Any, seconds: float = 400) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


def test_a_large_account_is_read_whole_across_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_server, "START_S", 300)  # beside moto, which shares this process
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
        assert expected.total() > 1400  # and some 700 snapshots and addresses that moto has by itself
        aws.calls.clear()
        server = LiveServer(tmp_path / "data")
        try:
            _read_across_a_kill(server, aws, expected)
        finally:
            if server.process is not None and server.process.poll() is None:
                server.stop()


def _read_across_a_kill(server: LiveServer, aws: Recorded, expected: Counter[str]) -> None:
    server.start()
    command = [sys.executable, "-m", "trimtab", "connect", "aws", "--url", server.url, "--endpoint", aws.url, "--yes"]
    command += [word for region in REGIONS for word in ("--region", region)]
    subprocess.run([*command, "--detach", "--json"], check=True, capture_output=True, timeout=120)
    wait_until(lambda: len(done(state(server))) >= 20)
    server.kill()
    first = list(aws.calls)
    aws.calls.clear()
    server.start()
    before = done(state(server))
    assert 20 <= len(before) < 100
    wait_until(lambda: state(server)["read"]["state"] == "done")
    found = state(server)
    _complete(found, expected)
    _not_twice(aws.calls, before)
    calls = [*first, *aws.calls]
    assert [] == [one for one in calls if not is_read(one[0], one[1])]
    for part in (first, aws.calls):  # a process has its own buckets
        _paced(part)
    named = Counter(one[1] for one in calls)
    resources = sum(found["resources"].values())
    assert resources >= 2000
    print(json.dumps({"resources": resources, "calls": len(calls), "kinds": len(named), "steps": len(done(found))}))


def _complete(found: dict[str, Any], expected: Counter[str]) -> None:
    missing = {one["name"] for one in found["read"]["steps"] if one["state"] != "done"}
    assert NOT_IN_MOTO == missing
    assert dict(expected) == {kind: found["resources"].get(kind) for kind in expected}


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
