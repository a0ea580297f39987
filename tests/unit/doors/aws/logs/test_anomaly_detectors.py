"""What ListAnomalies tells of an anomaly, and what UpdateAnomaly makes of it, over the stores and without a server."""

import asyncio
from typing import Any

import pytest

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.anomaly_detectors import operations
from trimtab.doors.aws.service import CallContext, Service
from trimtab.doors.aws.wire.json import JsonCodec
from trimtab.logs.groups import LogGroups
from trimtab.logs.patterns.anomalies import LogAnomaly, Unusual
from trimtab.logs.patterns.anomaly_store import Counted, PatternClock
from trimtab.logs.patterns.room import LogAnomalyRoom
from trimtab.logs.read import LogReader
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "eu-west-1"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"


class Rooms:
    """As much of the rooms as these operations ask."""

    def __init__(self, state: State) -> None:
        self.clock = ManualClock()
        self.groups = LogGroups(state, self.clock)
        self.reader = LogReader(None, self.groups, None, self.clock)  # type: ignore[arg-type]  # no event is read
        self.anomalies = LogAnomalyRoom.of(state, self.clock)

    async def seed(self) -> LogAnomaly:
        group = await self.groups.create(ACCOUNT, REGION, "g")
        now = self.clock.now_ms()
        made = LogAnomaly(
            "a" * 36, ACCOUNT, REGION, "g", "0123456789abcdef", "failed (x) for <*>", "failed (x) for 7", "error",
            Unusual.NEW, now - 1000, now, True, 0.0, "a new pattern", counts={now - 1000: 3},
        )  # fmt: skip
        await self.anomalies.store.write(Counted(group.id, None, PatternClock(now - 1000, now), [], [made]))
        return made


@pytest.fixture
def rooms(state: State) -> Rooms:
    return Rooms(state)


async def call(rooms: Rooms, name: str, **request: Any) -> Any:
    service: Service = operations.bind(rooms)  # type: ignore[arg-type]  # see Rooms
    context = CallContext(LOCAL_OPERATOR, ACCOUNT, REGION, Scope.of(ACCOUNT, REGION), "id")
    answer = await service.operations[name].call(request, context)
    JsonCodec(service.model, service.model.operation(name)).write(answer, "id")  # it has the model's form
    return answer


def test_detectors_are_made_changed_listed_and_deleted(rooms: Rooms) -> None:
    async def scenario() -> None:
        await rooms.seed()
        arn = (await call(rooms, "CreateLogAnomalyDetector", logGroupArnList=[GROUP], detectorName="d"))[
            "anomalyDetectorArn"
        ]
        found = await call(rooms, "GetLogAnomalyDetector", anomalyDetectorArn=arn)
        assert ("d", [GROUP], "ANALYZING", 21) == (
            found["detectorName"], found["logGroupArnList"], found["anomalyDetectorStatus"],
            found["anomalyVisibilityTime"],
        )  # fmt: skip
        await call(rooms, "UpdateLogAnomalyDetector", anomalyDetectorArn=arn, enabled=False, anomalyVisibilityTime=7)
        (listed,) = (await call(rooms, "ListLogAnomalyDetectors", filterLogGroupArn=GROUP))["anomalyDetectors"]
        assert ("PAUSED", 7) == (listed["anomalyDetectorStatus"], listed["anomalyVisibilityTime"])
        with pytest.raises(AwsError):
            await call(rooms, "CreateLogAnomalyDetector", logGroupArnList=[GROUP])
        await call(rooms, "DeleteLogAnomalyDetector", anomalyDetectorArn=arn)
        assert [] == (await call(rooms, "ListLogAnomalyDetectors"))["anomalyDetectors"]

    asyncio.run(scenario())


def test_anomalies_are_listed_and_suppressed(rooms: Rooms) -> None:
    async def scenario() -> None:
        made = await rooms.seed()
        arn = (await call(rooms, "CreateLogAnomalyDetector", logGroupArnList=[GROUP]))["anomalyDetectorArn"]
        (found,) = (await call(rooms, "ListAnomalies", anomalyDetectorArn=arn))["anomalies"]
        assert ("HIGH", "Active", True, 32) == (
            found["priority"], found["state"], found["active"], len(found["patternId"]),
        )  # fmt: skip
        assert [False, False, False, False, False, False, True] == [one["isDynamic"] for one in found["patternTokens"]]
        assert r"failed\ \(x\)\ for\ \S*" == found["patternRegex"]
        assert {str(made.first_ms): 3} == found["histogram"]
        await call(
            rooms, "UpdateAnomaly", anomalyDetectorArn=arn, anomalyId=made.id, suppressionType="LIMITED",
            suppressionPeriod={"value": 2, "suppressionUnit": "HOURS"},
        )  # fmt: skip
        (quiet,) = (await call(rooms, "ListAnomalies", suppressionState="SUPPRESSED"))["anomalies"]
        assert (True, rooms.clock.now_ms() + 7_200_000) == (quiet["suppressed"], quiet["suppressedUntil"])
        assert [] == (await call(rooms, "ListAnomalies", suppressionState="UNSUPPRESSED"))["anomalies"]
        await call(rooms, "UpdateAnomaly", anomalyDetectorArn=arn, patternId=found["patternId"])
        (again,) = (await call(rooms, "ListAnomalies", suppressionState="UNSUPPRESSED"))["anomalies"]
        assert again["state"] == "Active"
        with pytest.raises(AwsError):
            await call(rooms, "UpdateAnomaly", anomalyDetectorArn=arn)

    asyncio.run(scenario())
