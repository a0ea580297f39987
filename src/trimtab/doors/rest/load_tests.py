"""`/rest/v1/load-tests`: load tests that were run with `trimtab loadtest run`, and what their machines cost."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.client import load_tests_wire as wire
from trimtab.doors.rest import sizing
from trimtab.doors.rest.sizing import SizingDesk
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.inference.room import InferenceRoom
from trimtab.inference.store import LoadTestStore, RecordedTest

_PATH, _TAG = "/rest/v1/load-tests", "inference"
_ID: Mapping[str, str] = {"id": "The id of the test."}


class TestsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which tests."""

    name: Annotated[str, Meta(max_length=128, description="Only tests of this name.")] = ""


class LoadTesting(Struct, frozen=True):
    """What the operations need."""

    room: InferenceRoom

    @property
    def store(self) -> LoadTestStore:
        """The tests that were recorded."""
        return self.room.tests

    def desk(self) -> SizingDesk:
        """What the operations of sizing need."""
        room = self.room
        return SizingDesk(room.advisor, room.policies, room.adoption, room.orders, room.account, room.region)

    def kept(self, one: RecordedTest) -> wire.Kept:
        """A test with what its machine costs."""
        test = typed.decode(one.test, type=wire.LoadTest)
        price = self.room.advisor.price(test.instance_type)
        if price is None:
            return wire.Kept(one.id, test, one.recorded_ms)
        thousand = price.per_thousand(test.capacity.value) if test.capacity else None
        costs = str(price.per_hour), price.currency, None if thousand is None else f"{thousand:f}"
        return wire.Kept(one.id, test, one.recorded_ms, *costs)


def operations(needs: LoadTesting) -> list[Operation]:
    """The operations on load tests."""

    async def listed(call: Call[TestsQuery, None]) -> wire.Tests:
        found = await needs.store.listed(call.principal.scope, call.query.name)
        return wire.Tests([needs.kept(one) for one in found])

    async def record(call: Call[NoQuery, wire.LoadTest]) -> wire.Kept:
        account = call.principal.account or needs.room.account
        return needs.kept(await needs.store.record(account, call.body.name, call.body.started_ms, call.body))

    async def get(call: Call[NoQuery, None]) -> wire.Kept:
        return needs.kept(await needs.store.get(call.principal.scope, call.path["id"]))

    async def remove(call: Call[NoQuery, None]) -> wire.Removed:
        await needs.store.delete(call.principal.scope, call.path["id"])
        return wire.Removed(call.path["id"])

    one: Any = {"path_parameters": _ID, "errors": (404,), "tag": _TAG}
    return [
        Operation("GET", _PATH, "list load tests", "Recorded load tests, the newest first.", listed, wire.Tests,
                  query=TestsQuery, tag=_TAG),
        Operation("POST", _PATH, "record load test", "Keep the result of `trimtab loadtest run --json`.", record,
                  wire.Kept, body=wire.LoadTest, role=Role.WRITE, tag=_TAG),
        Operation("GET", f"{_PATH}/{{id}}", "get load test", "One load test.", get, wire.Kept, **one),
        Operation("DELETE", f"{_PATH}/{{id}}", "remove load test", "Delete a load test.", remove, wire.Removed,
                  role=Role.WRITE, **one),
        *sizing.operations(needs.desk()),
    ]  # fmt: skip
