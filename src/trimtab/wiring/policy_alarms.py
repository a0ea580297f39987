"""The alarms of scaling policies, kept where all alarms are."""

import json
from collections.abc import Iterable

from msgspec import Struct

from trimtab.alarms.form import kind_of
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.rows import Stored
from trimtab.alarms.store import AlarmStore, Filter
from trimtab.base.partitions import partition_of
from trimtab.scaling.engine.alarms import Breach, Tracking, forms
from trimtab.scaling.engine.model import TargetKey

_MOST_ALARMS = 1000


class PolicyAlarms(Struct, frozen=True):
    """`scaling.engine.alarms.Alarms` over CloudWatch's alarms."""

    store: AlarmStore

    async def firing(self, key: TargetKey, arn: str) -> list[str]:
        """The names of those in ALARM that name a policy as their action."""
        return [one.key.name for one in await self._firing(key, arn)]

    async def breaching(self, key: TargetKey, arn: str) -> list[Breach]:
        """Those in ALARM, and how far beyond their threshold the newest point is."""
        return [one for one in map(_breach, await self._firing(key, arn)) if one is not None]

    async def naming(self, account: str, region: str, arns: Iterable[str]) -> dict[str, list[str]]:
        """The alarms that name each policy as an action."""
        found: dict[str, list[str]] = {arn: [] for arn in arns}
        if not found:
            return found
        prefix = f"arn:{partition_of(region)}:autoscaling:{region}:{account}:scalingPolicy:"
        for alarm in await self.store.listed(account, region, Filter(action_prefix=prefix), _MOST_ALARMS):
            actions = alarm.actions
            for arn in {*actions.ok, *actions.alarm, *actions.insufficient} & found.keys():
                found[arn].append(alarm.key.arn)
        return found

    async def put(self, tracking: Tracking) -> None:
        """Make the alarms of a policy, or make them anew."""
        key, wanted = tracking.key, forms(tracking)
        await self._delete(key, [name for name in tracking.alarms if name not in wanted])
        for name, form in wanted.items():
            await self.store.put(kind_of(form), AlarmKey(key.account, key.region, name), form, {})

    async def remove(self, tracking: Tracking) -> None:
        """Delete them."""
        await self._delete(tracking.key, tracking.alarms)

    async def _delete(self, key: TargetKey, names: Iterable[str]) -> None:
        going = list(names)
        if going:
            await self.store.delete(key.account, key.region, going)

    async def _firing(self, key: TargetKey, arn: str) -> list[Stored]:
        wanted = Filter(state=StateValue.ALARM, action_prefix=arn)
        found = await self.store.listed(key.account, key.region, wanted, _MOST_ALARMS)
        return [one for one in found if one.actions.enabled and arn in one.actions.alarm]


def _breach(alarm: Stored) -> Breach | None:
    data = json.loads(alarm.state.data or "{}")
    points = [one for one in data.get("recentDatapoints") or () if isinstance(one, (int, float))]
    threshold = data.get("threshold", alarm.form.get("Threshold"))
    if not points or not isinstance(threshold, (int, float)):
        return None
    out = not str(alarm.form.get("ComparisonOperator", "")).startswith("LessThan")
    return Breach(alarm.key.name, float(points[-1]) - float(threshold), out)
