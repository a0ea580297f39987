"""`/rest/v1/tail-sampling`: what is kept of traces when they have ended."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.client import trace_sampling_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.traces.preferences import TailPolicy, TracePreferences

PATH = "/rest/v1/tail-sampling"
_Region = Annotated[str, Meta(max_length=64, description="Without it, the region of this server.")]


class PlaceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where."""

    region: _Region = ""


class TailSampled(Struct, frozen=True):
    """What the operations need. `account` and `region` are those of callers that have none."""

    preferences: TracePreferences
    account: str
    region: str

    async def get(self, call: Call[PlaceQuery, None]) -> wire.TailSampling:
        """What is kept."""
        return await self._read(call.principal, call.query.region)

    async def put(self, call: Call[PlaceQuery, wire.PutTailSampling]) -> wire.TailSampling:
        """Say what to keep."""
        asked = call.body
        policy = TailPolicy(asked.enabled, asked.share, asked.slow_ms, asked.delay_s)
        await self.preferences.put(*self._place(call.principal, call.query.region), policy)
        return await self._read(call.principal, call.query.region)

    def _place(self, principal: Principal, region: str) -> tuple[str, str]:
        return principal.account or self.account, region or self.region

    async def _read(self, principal: Principal, region: str) -> wire.TailSampling:
        place = self._place(principal, region)
        policy, _ = await self.preferences.get(TailPolicy, *place)
        return wire.TailSampling(*place, policy.enabled, policy.share, policy.slow_ms, policy.delay_s)


def operations(needs: TailSampled) -> list[Operation]:
    """The operations."""
    return [
        Operation("GET", PATH, "get tail sampling", "What is kept of traces when they have ended.", needs.get,
                  wire.TailSampling, query=PlaceQuery, tag="traces"),
        Operation("PUT", PATH, "put tail sampling", "Keep traces that failed or were slow, and a share of the others.",
                  needs.put, wire.TailSampling, query=PlaceQuery, body=wire.PutTailSampling, role=Role.WRITE,
                  tag="traces"),
    ]  # fmt: skip
