"""Simple and step policies of groups are run by alarms: when one goes into ALARM, and each minute that it stays there.

Source: EC2 Auto Scaling user guide, "Step and simple scaling policies": a simple policy waits for the cooldown of the
last activity; a step policy does not, but does not count the instances that warm up among those that its step changes,
and takes none away while there are some.
"""

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.jobs.lock import Lock
from trimtab.jobs.periodic import Job
from trimtab.scaling.engine.alarms import Alarms
from trimtab.scaling.groups.acting import key_of
from trimtab.scaling.groups.model import Group, GroupPolicy
from trimtab.scaling.groups.policies import SIMPLE, STEP, alarmed
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import set_desired

REPEATED_MS = 60_000
_LOOK_S = 10.0


class AlarmedPolicies(Struct, frozen=True):
    """What runs them; of several servers that share a state the one with the lock does it."""

    groups: GroupsRoom
    alarms: Alarms
    clock: Clock
    lock: Lock

    def jobs(self) -> list[Job]:
        """Looked at more often than they are repeated, so that a new ALARM acts soon."""

        async def turn() -> None:
            if self.lock.held:
                await self.turn()

        return [Job("run the policies of groups whose alarms fire", _LOOK_S, turn)]

    async def turn(self) -> None:
        """Run each policy that an alarm of it in ALARM asks for, at most once a minute."""
        now_ms = self.clock.now_ms()
        for _, _, group in await self.groups.store.listed(EVERYTHING):
            if not group.allows("AlarmNotification"):
                continue
            for policy in group.policies:
                runs = policy.kind in (SIMPLE, STEP) and policy.form.get("Enabled", True)
                if runs and now_ms - policy.alarmed_ms >= REPEATED_MS:
                    await self._run(group, policy)

    async def _run(self, group: Group, policy: GroupPolicy) -> None:
        alarm, beyond = "", 0.0
        if policy.kind == SIMPLE:
            firing = await self.alarms.firing(key_of(group), policy.arn)
            alarm = firing[0] if firing else ""
        else:
            breaches = await self.alarms.breaching(key_of(group), policy.arn)
            worst = max(breaches, key=lambda one: (one.out, abs(one.beyond)), default=None)
            alarm, beyond = ("", 0.0) if worst is None else (worst.alarm, worst.beyond)
        if not alarm:
            return

        def work(group: Group, now_ms: int) -> None:
            known = next((one for one in group.policies if one.arn == policy.arn), None)
            if known is not None:
                _do(group, known, alarm, beyond, now_ms)

        try:
            await self.groups.change((group.account, group.region), group.name, work)
        except NotFound:  # deleted meanwhile
            return


def _do(group: Group, policy: GroupPolicy, alarm: str, beyond: float, now_ms: int) -> None:
    if policy.kind == SIMPLE and now_ms < group.cooldown_ms:
        return
    policy.alarmed_ms = now_ms
    try:
        desired = alarmed(group, policy, beyond, now_ms)
    except InvalidInput:  # no step holds what the metric is beyond the threshold
        return
    if desired == group.desired:
        return
    set_desired(group, desired, f"a monitor alarm {alarm} in state ALARM triggered policy {policy.name}", now_ms)
    if policy.form.get("Cooldown") is not None:
        group.cooldown_ms = now_ms + 1000 * int(policy.form["Cooldown"])
