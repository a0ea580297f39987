"""Recommendations over a real engine: found, proved, kept and published."""

import asyncio
from decimal import Decimal

import numpy as np
import pytest
from tests.unit.advice.rightsizing.conftest import ACCOUNT, NOW_MS, REGION, Place, Times, Values, steady

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Action, Pillar
from trimtab.advice.rightsizing.applying import change
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Recommendation
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.store import Wanted
from trimtab.advice.rightsizing.use import DAY_MS
from trimtab.base.errors import NotFound
from trimtab.metrics import model as metrics

_ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/"


def kept(place: Place, kind: Kind) -> dict[str, Recommendation]:
    place.fill()
    asyncio.run(place.room.recompute(NOW_MS))
    found = asyncio.run(place.room.store.listed(EVERYTHING, Wanted(kind=kind.value)))
    return {one.recommendation.subject.id: one.recommendation for one in found}


def machines(place: Place) -> None:
    """One too large, one too small, one that fits, one idle, and one that is not measured."""
    for id_, type_, cpu, memory in (
        ("i-large", "m5.2xlarge", 8.0, 10.0),
        ("i-small", "m5.2xlarge", 99.0, 60.0),
        ("i-fits", "m6a.2xlarge", 60.0, 60.0),
        ("i-dear", "m5.2xlarge", 60.0, 60.0),
    ):
        place.machine("instance", id_, type_, _ARN + id_, State="running", PlatformDetails="Linux/UNIX")
        place.measure("AWS/EC2", "CPUUtilization", lambda t, c=cpu: np.minimum(steady(c)(t), 100.0), InstanceId=id_)
        place.measure("CWAgent", "mem_used_percent", steady(memory), InstanceId=id_)
    place.machine("instance", "i-idle", "c5.large", _ARN + "i-idle", State="running")
    place.measure("AWS/EC2", "CPUUtilization", steady(1.0), InstanceId="i-idle")
    place.measure("AWS/EC2", "NetworkOut", steady(1000.0), InstanceId="i-idle")
    place.machine("instance", "i-silent", "c5.large", _ARN + "i-silent")
    place.machine("instance", "i-strange", "x9.huge", _ARN + "i-strange")
    place.machine("instance", "i-stopped", "c5.large", _ARN + "i-stopped", State="stopped")


def test_machines_are_told_apart(place: Place) -> None:
    machines(place)
    found = kept(place, Kind.INSTANCE)
    assert set(found) == {"i-large", "i-small", "i-fits", "i-dear", "i-idle", "i-silent", "i-strange"}
    large = found["i-large"]
    assert large.finding is Finding.OVER
    assert {"CPUOverprovisioned", "MemoryOverprovisioned"} <= set(large.reasons)
    first = large.advised[0]
    assert first.over == 0.0
    assert first.risk == 0.0
    assert first.saving is not None
    assert first.saving > 200
    assert first.projected[Axis.CPU] < 0.95
    assert first.projected[Axis.MEMORY] < 0.95
    assert [one.strategy for one in large.replays] == ["portfolio", "nothing", "documented"]
    costs = {one.strategy: one.cost for one in large.replays}
    assert costs["nothing"] == pytest.approx(Decimal("0.384") * 24 * 13, abs=Decimal("0.01"))
    assert costs["portfolio"] < costs["nothing"]
    small = found["i-small"]
    assert small.finding is Finding.UNDER
    assert "CPUUnderprovisioned" in small.reasons
    assert small.advised[0].option.capacity[Axis.CPU] > 8
    assert small.replays[1].over > 0.5
    assert found["i-fits"].finding is Finding.OPTIMIZED
    assert found["i-dear"].finding is Finding.NOT_OPTIMIZED
    assert found["i-dear"].advised[0].option.name == "m5a.2xlarge"
    assert found["i-idle"].idle
    assert found["i-silent"].finding is Finding.UNAVAILABLE
    assert found["i-strange"].reason == "the catalogue does not know x9.huge"


def test_it_is_published_as_advice(place: Place) -> None:
    machines(place)
    kept(place, Kind.INSTANCE)
    [judged] = [one for one in place.published if one.check == "trimtab-rightsizing-ec2-instance"]
    by_name = {one.part: one for one in judged.findings}
    assert by_name["i-large"].action is Action.RIGHTSIZE
    assert by_name["i-large"].cash == next(iter(kept(place, Kind.INSTANCE)["i-large"].advised)).saving
    assert "modify-instance-attribute" in by_name["i-large"].fix
    assert by_name["i-small"].pillar is Pillar.PERFORMANCE
    assert by_name["i-idle"].action is Action.STOP
    assert {one.resource.rsplit("/")[-1] for one in judged.undecided} == {"i-silent", "i-strange"}


def test_memory_that_is_not_measured_is_kept(place: Place) -> None:
    place.machine("instance", "i-blind", "m5.2xlarge", _ARN + "i-blind")
    place.measure("AWS/EC2", "CPUUtilization", steady(8.0), InstanceId="i-blind")
    found = kept(place, Kind.INSTANCE)["i-blind"]
    assert found.finding is Finding.OVER
    assert all(one.option.capacity[Axis.MEMORY] >= 32.0 for one in found.advised)
    assert "memory is not measured: none is taken away" in found.notes


def test_a_replay_that_failed_forbids_the_recommendation(place: Place) -> None:
    place.machine("instance", "i-wild", "m5.4xlarge", _ARN + "i-wild")

    def wild(times: Times) -> Values:
        day = (times - times[0]) // DAY_MS
        return np.where(day % 3 == 0, 90.0, 4.0).astype(np.float64)

    place.measure("AWS/EC2", "CPUUtilization", wild, InstanceId="i-wild")
    place.measure("CWAgent", "mem_used_percent", steady(5.0), InstanceId="i-wild")
    found = kept(place, Kind.INSTANCE)["i-wild"]
    for one in found.advised:
        assert one.over <= 0.05
        assert one.option.capacity[Axis.CPU] >= 0.9 * 16
    if not found.advised:
        assert found.reason


def test_volumes_containers_and_databases(place: Place) -> None:
    place.machine("volume", "vol-1", "io1", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-1",
                  VolumeType="io1", Size=500, Iops=8000, State="in-use")  # fmt: skip
    for name, level in (("VolumeReadOps", 360_000.0), ("VolumeWriteOps", 360_000.0)):
        place.measure("AWS/EBS", name, steady(level), VolumeId="vol-1")
    place.machine("volume", "vol-2", "gp3", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-2",
                  VolumeType="gp3", Size=100, Iops=3000, Throughput=125, State="in-use")  # fmt: skip
    place.measure("AWS/EBS", "VolumeReadOps", lambda t: np.zeros(len(t)), VolumeId="vol-2")
    place.measure("AWS/EBS", "VolumeWriteOps", lambda t: np.zeros(len(t)), VolumeId="vol-2")
    found = kept(place, Kind.VOLUME)
    first = found["vol-1"].advised[0]
    assert first.option.facts["type"] == "gp3"
    assert first.saving is not None
    assert first.saving > 400
    assert "--volume-type gp3 --iops 3000" in change(found["vol-1"]).command
    assert found["vol-2"].idle_reason == "no reads or writes in 32 days"
    place.machine("container", "shop/web-0/app", "", cores=4.0, gib=8.0)
    names = {"namespace": "shop", "pod": "web-0", "container": "app"}
    place.measure("", "container_memory_working_set_bytes", steady(1.0 * (1 << 30)), metrics.Kind.GAUGE, **names)
    seconds = lambda t: (t - t[0]) / 1000.0 * 0.5  # noqa: E731  (half a core, counted)
    place.measure("", "container_cpu_usage_seconds_total", seconds, metrics.Kind.COUNTER, **names)
    told = kept(place, Kind.CONTAINER)["shop/web-0/app"]
    assert told.finding is Finding.OVER
    asked = told.advised[0].option.facts
    assert 500 <= asked["milli_cores"] < 1000
    assert 1024 < asked["mib"] < 2048
    assert "kubectl patch pod web-0 -n shop --subresource resize" in change(told).command


def test_preferences_and_details(place: Place) -> None:
    machines(place)
    kept(place, Kind.INSTANCE)
    [one] = asyncio.run(place.room.store.listed(EVERYTHING, Wanted(text="i-large")))
    detailed = asyncio.run(place.room.detailed(EVERYTHING, one.id)).kept.recommendation
    assert len(detailed.replays[0].sizes) == 15
    assert detailed.pick
    with pytest.raises(NotFound):
        asyncio.run(place.room.store.get(Scope(frozenset({"999999999999"}), None, ()), one.id))
    asyncio.run(place.room.store.enrol(ACCOUNT, "Inactive"))
    assert kept(place, Kind.INSTANCE) == {}


def test_what_follows_on_a_start_decides_no_size(place: Place) -> None:
    begun = NOW_MS - 3 * DAY_MS

    def starting(times: Times) -> Values:
        return np.where((times >= begun) & (times < begun + 15 * 60_000), 100.0, 20.0)

    for id_, at in (("i-told", begun), ("i-untold", 0)):
        place.machine("instance", id_, "m5.2xlarge", State="running", LaunchTime=at)
        place.measure("AWS/EC2", "CPUUtilization", starting, InstanceId=id_)
    found = kept(place, Kind.INSTANCE)
    assert [0.2, 1.0] == [pytest.approx(found[id_].observed[Axis.CPU], abs=0.1) for id_ in ("i-told", "i-untold")]
    assert any(one.startswith("started ") for one in found["i-told"].notes)
    assert not any(one.startswith("started ") for one in found["i-untold"].notes)


def test_what_the_network_and_ebs_keep_up_is_held(place: Place) -> None:
    place.machine("instance", "i-disks", "m5.8xlarge", State="running")
    place.measure("AWS/EC2", "CPUUtilization", steady(5.0), InstanceId="i-disks")
    place.measure("AWS/EC2", "EBSReadBytes", steady(600e6 * 3600), InstanceId="i-disks")  # of 850 MB/s
    [told] = kept(place, Kind.INSTANCE).values()
    assert pytest.approx(600 / 850, rel=0.1) == told.observed[Axis.THROUGHPUT]
    assert all(one.option.capacity[Axis.THROUGHPUT] >= 600e6 for one in told.advised)
    assert not any("EBS" in one for one in told.notes)


def test_long_lookbacks_go_on_in_rollups(place: Place) -> None:
    for table in ("metric_rollup_5m", "metric_rollup_1h", "metric_rollup_hours"):
        place.telemetry.command(f"TRUNCATE TABLE {table}")
    place.machine("instance", "i-long", "m5.2xlarge", State="running")
    place.measure("AWS/EC2", "CPUUtilization", steady(8.0), InstanceId="i-long")
    place.fill()
    [(series, _)] = place.room.computing.reader.known(EVERYTHING, Kind.INSTANCE)[0].series.values()
    place.telemetry.command(  # forty days before what raw points there are, at another level, by the hour
        "INSERT INTO metric_rollup_1h (series, time, version, count, sum, minimum, maximum) "
        f"SELECT {series}, fromUnixTimestamp64Milli({NOW_MS} - 33 * {DAY_MS} - number * 3600000 - 3600000, 'UTC'), "
        "if(number = 0, 6, 7), 12, 12 * 50, 40, 60 FROM numbers(960)"
    )
    place.telemetry.command(
        "INSERT INTO metric_rollup_hours (hour, sequence, version, attempt, marks, base, garbage, rolled_at) "
        f"SELECT intDiv({NOW_MS} - 33 * {DAY_MS}, 3600000) - number, 1, 7, 7, 0, 7, 0, 0 FROM numbers(1, 961)"
    )
    subjects = asyncio.run(place.room.subjects(EVERYTHING, Kind.INSTANCE, NOW_MS))
    for lookback, days, peak in ((14, 14, 0.1), (32, 32, 0.1), (93, 72, 0.6)):
        [told] = asyncio.run(place.room.judge_these(subjects, NOW_MS, sizing=Sizing(lookback=lookback)))
        assert (pytest.approx(days, abs=1.1), pytest.approx(peak, abs=0.11)) == (told.days, told.observed[Axis.CPU])
