"""`ScalingEngine`: the REST API of scalable targets as typed Python calls, over a `Client`."""

from typing import Any

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import scaling_engine_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/scaling/targets"


class ScalingEngine(Calls):
    """The calls. Errors are those of `Client`."""

    def listed(self) -> list[wire.Target]:
        """Every target."""
        return self._call("GET", _PATH, wire.Targets).targets

    def find(self, name: str) -> wire.Target:
        """The one target whose id, resource or last part of it is `name`. Raises NotFound, InvalidInput."""
        every = self.listed()
        found = [one for one in every if name in (one.id, one.resource, f"{one.namespace}/{one.resource}")]
        found = found or [one for one in every if one.resource.rpartition("/")[2] == name]
        if not found:
            known = ", ".join(one.resource for one in every) or "none yet"
            raise NotFound(f"cannot find the target {name!r}; there are: {known}")
        if len(found) > 1:
            raise InvalidInput(f"{name!r} is the name of {len(found)} targets; give one of their ids")
        return found[0]

    def get(self, id_: str) -> wire.TargetDetail:
        """A target with all that hangs on it."""
        return self._call("GET", path_of(_PATH, id_), wire.TargetDetail)

    def put(self, body: wire.PutTarget) -> wire.Target:
        """Register a target or change it (role write)."""
        return self._call("PUT", _PATH, wire.Target, body=body)

    def remove(self, id_: str) -> wire.Removed:
        """Deregister a target (role write)."""
        return self._call("DELETE", path_of(_PATH, id_), wire.Removed)

    def put_policy(self, id_: str, name: str, kind: str, document: dict[str, Any]) -> wire.Policy:
        """Make a policy or replace it (role write)."""
        return self._call(
            "PUT", path_of(_PATH, id_, "policies", name), wire.Policy, body=wire.PutPolicy(kind=kind, document=document)
        )

    def remove_policy(self, id_: str, name: str) -> wire.Removed:
        """Delete a policy (role write)."""
        return self._call("DELETE", path_of(_PATH, id_, "policies", name), wire.Removed)

    def put_schedule(self, id_: str, name: str, body: wire.PutSchedule) -> wire.Schedule:
        """Make a scheduled action or replace it (role write)."""
        return self._call("PUT", path_of(_PATH, id_, "schedules", name), wire.Schedule, body=body)

    def remove_schedule(self, id_: str, name: str) -> wire.Removed:
        """Delete a scheduled action (role write)."""
        return self._call("DELETE", path_of(_PATH, id_, "schedules", name), wire.Removed)

    def set_mode(self, id_: str, mode: str, confirm: str = "") -> wire.Target:
        """Switch the mode (role write)."""
        return self._call(
            "PUT", path_of(_PATH, id_, "mode"), wire.Target, body=wire.SetMode(mode=mode, confirm=confirm)
        )

    def scale(self, id_: str, desired: int, reason: str = "") -> wire.Target:
        """Scale by hand (role write)."""
        return self._call(
            "POST", path_of(_PATH, id_, "scale"), wire.Target, body=wire.Scale(desired=desired, reason=reason)
        )

    def chaos(self, id_: str, body: wire.Chaos) -> wire.Killed:
        """Kill a worker or a zone of a local pool (role write)."""
        return self._call("POST", path_of(_PATH, id_, "chaos"), wire.Killed, body=body)

    def decide(self, proposal: str, approve: bool) -> wire.Proposal:
        """Approve or refuse a change (role write)."""
        return self._call(
            "POST", path_of("/rest/v1/scaling/proposals", proposal), wire.Proposal, body=wire.Decide(approve=approve)
        )

    def activities(self, target: str = "", limit: int = 100) -> list[wire.Activity]:
        """What was done, the newest first."""
        return self._call("GET", "/rest/v1/scaling/activities", wire.Activities, limit=limit, target=target).activities
