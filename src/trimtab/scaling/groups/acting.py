"""Groups and the engine: a group's tracking and predictive policies are decided by the engine, and its desired number
may be realised by a process pool of this machine, which the tag `trimtab:pool` names.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import NotFound
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.engine.alarms import Alarms, Tracking
from trimtab.scaling.engine.forecasting import HOUR_MS, Forecasts
from trimtab.scaling.engine.model import (
    CUSTOM,
    CUSTOM_DIMENSION,
    GROUP_DIMENSION,
    GROUPS,
    Form,
    Kind,
    Mode,
    Standing,
    Suspended,
    TargetKey,
)
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.scaling.groups.model import IN_SERVICE, Group, GroupPolicy
from trimtab.scaling.groups.policies import PREDICTIVE, TRACKING
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import set_desired
from trimtab.scaling.targets.backend import Backends

PREFIX = "autoScalingGroup/"
POOL_TAG = "trimtab:pool"
_DOCUMENTS = {TRACKING: (Kind.TRACKING, "TargetTrackingConfiguration"),
              PREDICTIVE: (Kind.PREDICTIVE, "PredictiveScalingConfiguration")}  # fmt: skip


def key_of(group: Group) -> TargetKey:
    """A group as the engine names it."""
    return TargetKey(group.account, group.region, GROUPS, PREFIX + group.name, GROUP_DIMENSION)


class GroupsBackend(Struct, frozen=True):
    """Groups kept here as what the engine scales."""

    groups: GroupsRoom

    @property
    def name(self) -> str:
        """What it is called."""
        return "groups"

    def takes(self, key: TargetKey) -> bool:
        """Every group that is kept here."""
        return key.namespace == GROUPS and key.resource.startswith(PREFIX)

    async def standing(self, key: TargetKey) -> Standing:
        """How many serve and are on their way. Raises NotFound."""
        group = await self.groups.get(*_place(key))
        ready = [one for one in group.serving if one.state == IN_SERVICE]
        zones: dict[str, int] = {}
        for one in ready:
            zones[one.zone] = zones.get(one.zone, 0) + 1
        return Standing(len(ready), len(group.serving) - len(ready), group.desired, zones=zones)

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Set the desired number within the group's bounds."""

        def work(group: Group, now_ms: int) -> int:
            if not group.allows("AlarmNotification"):
                return group.desired
            wanted = min(max(desired, group.least), group.most)
            set_desired(group, wanted, f"a scaling policy ({reason})", now_ms)
            return wanted

        found = await self.groups.change(*_place(key), work)
        return f"the desired capacity is {found}"

    async def preview(self, key: TargetKey, desired: int) -> str:
        """What `scale` would do."""
        group = await self.groups.get(*_place(key))
        return f"would set the desired capacity of {group.name} from {group.desired} to {desired}"


def _place(key: TargetKey) -> tuple[tuple[str, str], str]:
    return (key.account, key.region), key.resource.removeprefix(PREFIX)


class Acting(Struct, frozen=True):
    """What the engine does for groups: the port that the room of groups asks."""

    engine: ScalingRoom
    backends: Backends

    async def put_policy(self, group: Group, policy: GroupPolicy) -> None:
        """Have the engine decide by a policy of a kind that looks at metrics by itself; one that tracks has alarms."""
        await self.alarms.put(_tracking(group, policy))
        if policy.kind not in _DOCUMENTS:
            return
        kind, member = _DOCUMENTS[policy.kind]
        await self._register(group)
        enabled = policy.form.get("Enabled", True)
        await self.engine.policies.put(EVERYTHING, key_of(group), policy.name, kind, policy.form[member], enabled)

    async def delete_policy(self, group: Group, policy: GroupPolicy) -> None:
        """Have it decide so no more; its alarms go with it."""
        await self.alarms.remove(_tracking(group, policy))
        if policy.kind in _DOCUMENTS:
            await self.engine.policies.delete(EVERYTHING, key_of(group), policy.name)

    @property
    def alarms(self) -> Alarms:
        """The alarms of policies."""
        return self.engine.readings.alarms

    async def alarms_of(self, group: Group) -> dict[str, list[str]]:
        """The ARNs of the alarms that name each of its policies, by the policy's ARN."""
        return await self.alarms.naming(group.account, group.region, [one.arn for one in group.policies])

    async def follow(self, group: Group) -> None:
        """A group changed: its bounds hold for the engine too; a pool that it names runs what it desires."""
        if group.deleting:
            for one in group.policies:
                await self.alarms.remove(_tracking(group, one))
            if any(one.kind in _DOCUMENTS for one in group.policies):
                await self.engine.targets.delete(EVERYTHING, key_of(group))
        elif any(one.kind in _DOCUMENTS for one in group.policies):
            await self._register(group)
        pool = group.tags.get(POOL_TAG, ("", False))[0]
        if pool:
            key = TargetKey(group.account, group.region, CUSTOM, f"pool/{pool}", CUSTOM_DIMENSION)
            backend = self.backends.of(key)
            if backend is not None:
                await backend.scale(key, group.desired, f"the group {group.name} desires {group.desired}")

    async def forecast(
        self, group: Group, policy: str, start_ms: int, end_ms: int
    ) -> tuple[list[int], Sequence[float], Sequence[float]]:
        """Hours, load and replicas of a predictive policy's forecast in force; empty before 24 hours are known."""
        target = await self.engine.targets.named(EVERYTHING, key_of(group))
        known = next((one for one in await self.engine.policies.of(target) if one.name == policy), None)
        if known is None:
            raise NotFound(f"No predictive scaling policy {policy} found for {group.name}.")
        made = await Forecasts(self.engine.readings).of(target, known, self.engine.clock.now_ms())
        hours = [made.start_ms + HOUR_MS * at for at in range(len(made.load))]
        inside = [at for at, hour in enumerate(hours) if start_ms <= hour < end_ms]
        return [hours[at] for at in inside], _some(made.load, inside), _some(made.replicas, inside)

    async def _register(self, group: Group) -> None:
        off = not group.allows("AlarmNotification")
        form = Form(group.least, group.most, Suspended(off, off, False), mode=Mode.ACT)
        await self.engine.targets.put(key_of(group), form)


def _tracking(group: Group, policy: GroupPolicy) -> Tracking:
    document = policy.form["TargetTrackingConfiguration"] if policy.kind == TRACKING else None
    id_ = policy.arn.split(":")[6]
    return Tracking(key=key_of(group), label=group.name, id=id_, arn=policy.arn, document=document)


def _some(values: Array, at: Sequence[int]) -> list[float]:
    return [float(values[one]) for one in at]
