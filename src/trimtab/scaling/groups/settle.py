"""What a group does by itself: it launches, replaces and ends instances until they are what is desired.

`settle` is called with the present time before every read and after every change, and by a job when something is due.
What it does depends on nothing but the document and the time.
"""

import hashlib
from collections.abc import Callable

from trimtab.base.clock import iso
from trimtab.scaling.groups.model import (
    ENDING,
    HEALTHY,
    IN_SERVICE,
    LAUNCHING,
    MOST_ACTIVITIES,
    PENDING,
    PENDING_WAIT,
    STANDBY,
    TERMINATING,
    TERMINATING_WAIT,
    UNHEALTHY,
    WARM,
    Activity,
    Group,
    Instance,
)
from trimtab.scaling.groups.schedules import next_time

GLOBAL_TIMEOUT_S = 172_800
"""The longest that an instance waits for a hook: 48 hours, or 100 heartbeats where that is less (user guide)."""


def settle(group: Group, now_ms: int) -> None:
    """Do what is due."""
    _schedules(group, now_ms)
    _waits(group, now_ms)
    _replace(group, now_ms)
    _refresh(group, now_ms)
    _match(group, now_ms)
    _warm(group, now_ms)
    _balance(group, now_ms)
    del group.activities[MOST_ACTIVITIES:]


def due_ms(group: Group) -> int | None:
    """When something happens by itself."""
    times = [one.wait_ms for one in group.instances if one.hook]
    times += [one.next_ms for one in group.schedules if one.next_ms is not None]
    times += [one.next_ms for one in group.refreshes if one.status == "InProgress"]
    age_ms = 1000 * int(group.form.get("MaxInstanceLifetime") or 0)
    times += [one.launched_ms + age_ms for one in group.serving] if age_ms else []
    return min(times, default=None)


def set_desired(group: Group, desired: int, why: str, now_ms: int) -> None:
    """Another desired number; the cause of what follows is `why`."""
    if desired != group.desired:
        group.desired, before = desired, group.desired
        group.cooldown_ms = now_ms + 1000 * group.cooldown_s
        _cause(group, f"{_at(now_ms)} {why} changing the desired capacity from {before} to {desired}.")
    settle(group, now_ms)


def begin_ending(group: Group, one: Instance, cause: str, now_ms: int) -> Activity:
    """Take an instance out of service: it ends, or waits for its hook."""
    one.state, one.hooks_done = TERMINATING, []
    activity = note(group, f"Terminating EC2 instance: {one.id}", cause, now_ms, one)
    activity.status, activity.end_ms, activity.progress = "InProgress", None, 50
    _advance(group, one, now_ms)
    return activity


def complete(group: Group, one: Instance, result: str, now_ms: int) -> None:
    """A lifecycle action ended with `result` (CONTINUE or ABANDON)."""
    hook, one.hook, one.token, one.wait_ms = one.hook, "", "", 0
    one.hooks_done.append(hook)
    if one.state == PENDING_WAIT and result == "ABANDON":
        begin_ending(group, one, f"{_at(now_ms)} the lifecycle hook {hook} was abandoned.", now_ms)
        return
    if result == "ABANDON":  # the hooks that remain are skipped
        one.hooks_done = [known.name for known in group.hooks]
    one.state = PENDING if one.state == PENDING_WAIT else TERMINATING
    _advance(group, one, now_ms)
    settle(group, now_ms)


def note(group: Group, description: str, cause: str, now_ms: int, one: Instance) -> Activity:
    """Write an activity down, the newest first."""
    group.made += 1
    id_ = _made_id(group, f"activity {group.made}", 32)
    dashed = f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}"
    details = {"Availability Zone": one.zone, "Subnet ID": str(group.form.get("VPCZoneIdentifier", "")).split(",")[0]}
    kept = {key: value for key, value in details.items() if value}
    group.activities.insert(0, Activity(dashed, description, cause, now_ms, end_ms=now_ms, details=kept))
    return group.activities[0]


def _schedules(group: Group, now_ms: int) -> None:
    for one in list(group.schedules):
        if one.next_ms is None or one.next_ms > now_ms:
            continue
        at_ms, one.next_ms = one.next_ms, next_time(one.form, now_ms)
        if not group.allows("ScheduledActions"):
            continue
        form = one.form
        group.least = form.get("MinSize", group.least)
        group.most = form.get("MaxSize", group.most)
        desired = form.get("DesiredCapacity", min(max(group.desired, group.least), group.most))
        set_desired(group, min(max(desired, group.least), group.most),
                    f"a scheduled action {one.name} due at {iso(at_ms)} updated the group,", now_ms)  # fmt: skip
        if one.next_ms is None:
            group.schedules.remove(one)


def _waits(group: Group, now_ms: int) -> None:
    """Hooks whose heartbeat ran out end with their default result."""
    for one in list(group.instances):
        if one.hook and one.wait_ms <= now_ms:
            hook = next((known for known in group.hooks if known.name == one.hook), None)
            complete(group, one, hook.result if hook else "CONTINUE", now_ms)


def _replace(group: Group, now_ms: int) -> None:
    if not (group.allows("HealthCheck") and group.allows("ReplaceUnhealthy") and group.allows("Terminate")):
        return
    age_ms = 1000 * int(group.form.get("MaxInstanceLifetime") or 0)
    for one in list(group.serving):
        if one.health == UNHEALTHY:
            why = f"{_at(now_ms)} an instance was taken out of service in response to a user health-check."
            begin_ending(group, one, why, now_ms)
        elif age_ms and one.state == IN_SERVICE and now_ms - one.launched_ms >= age_ms:
            why = f"{_at(now_ms)} an instance was taken out of service as it reached its maximum lifetime."
            begin_ending(group, one, why, now_ms)


def _refresh(group: Group, now_ms: int) -> None:
    """Replace some of what a refresh still has to, keeping the share healthy that it asks for."""
    refresh = next((one for one in group.refreshes if one.status == "InProgress"), None)
    if refresh is None or not group.allows("InstanceRefresh") or refresh.next_ms > now_ms:
        return
    here = {one.id: one for one in group.serving}
    refresh.old = [one for one in refresh.old if one in here]
    preferences = refresh.form.get("Preferences") or {}
    if not refresh.old:
        refresh.status, refresh.end_ms = "Successful", now_ms
        return
    least = preferences.get("MinHealthyPercentage", 90)
    at_once = max(1, group.desired - -(-group.desired * least // 100))
    busy = sum(one.state != IN_SERVICE for one in group.serving)
    for id_ in refresh.old[: max(0, at_once - busy)]:
        why = f"{_at(now_ms)} an instance was taken out of service in response to an instance refresh."
        begin_ending(group, here[id_], why, now_ms)
    warm_up = preferences.get("InstanceWarmup", group.form.get("DefaultInstanceWarmup") or 0)
    refresh.next_ms = now_ms + 1000 * max(0, int(warm_up))


def _match(group: Group, now_ms: int) -> None:
    """Launch what is missing, end what is too much."""
    while len(group.serving) < group.desired and group.allows("Launch"):
        _launch(group, now_ms)
    over = len(group.serving) - group.desired
    if over > 0 and group.allows("Terminate"):
        for one in _victims(group)[:over]:
            count = len(group.serving)
            why = f"{_at(now_ms)} an instance was taken out of service in response to a difference between desired "
            why += f"and actual capacity, shrinking the capacity from {count} to {count - 1}."
            begin_ending(group, one, _taken(group) + why, now_ms)


def _launch(group: Group, now_ms: int, *, warm: bool = False) -> None:
    count = len(group.serving)
    why = (f"{_taken(group)}{_at(now_ms)} an instance was started in response to a difference between desired and "
           f"actual capacity, increasing the capacity from {count} to {count + 1}.")  # fmt: skip
    ready = next((one for one in group.instances if one.warm), None) if not warm else None
    if ready is not None:
        ready.state, ready.hooks_done = PENDING, []
        note(group, f"Launching a new EC2 instance from warm pool: {ready.id}", why, now_ms, ready)
        _advance(group, ready, now_ms)
        return
    group.made += 1
    id_ = f"i-{_made_id(group, f'instance {group.made}', 17)}"
    type_ = str(group.form.get("_InstanceType") or "")
    protected = bool(group.form.get("NewInstancesProtectedFromScaleIn"))
    one = Instance(id_, type_, _emptiest(group), PENDING, now_ms, str(group.version), protected=protected)
    group.instances.append(one)
    if warm:
        one.state = WARM + str((group.warm or {}).get("PoolState") or "Stopped")
        note(group, f"Launching a new EC2 instance into warm pool: {id_}", why, now_ms, one)
        return
    note(group, f"Launching a new EC2 instance: {id_}", why, now_ms, one)
    _advance(group, one, now_ms)


def _advance(group: Group, one: Instance, now_ms: int) -> None:
    """Let an instance go on: to the next hook that it has not passed, else into service or away."""
    transition = ENDING if one.leaving else LAUNCHING
    hook = next((known for known in group.hooks if known.transition == transition and known.name not in one.hooks_done),
                None)  # fmt: skip
    if hook is not None:
        one.state = TERMINATING_WAIT if one.leaving else PENDING_WAIT
        one.hook, one.wait_ms = hook.name, now_ms + 1000 * hook.heartbeat_s
        one.token = _made_id(group, f"token {one.id} {hook.name} {now_ms}", 32)
        return
    if one.leaving:
        group.instances.remove(one)
        for activity in group.activities:
            if activity.status == "InProgress" and activity.description.endswith(one.id):
                activity.status, activity.end_ms, activity.progress = "Successful", now_ms, 100
    else:
        one.state = IN_SERVICE


def _warm(group: Group, now_ms: int) -> None:
    """Fill or empty the warm pool: what may be prepared, less what is desired, and no less than its least size."""
    if group.warm is None:
        return
    prepared = group.warm.get("MaxGroupPreparedCapacity", -1)
    size = (group.most if prepared is None or prepared < 0 else prepared) - group.desired
    wanted = max(size, group.warm.get("MinSize", 0), 0)
    while sum(one.warm for one in group.instances) < wanted and group.allows("Launch"):
        _launch(group, now_ms, warm=True)
    waiting = [one for one in group.instances if one.warm]
    for one in waiting[wanted:] if group.allows("Terminate") else []:
        begin_ending(group, one, f"{_at(now_ms)} an instance was taken out of the warm pool.", now_ms)


def _balance(group: Group, now_ms: int) -> None:
    """One step: while a zone has two instances more than another, start one there and end one here."""
    if not (group.allows("AZRebalance") and group.allows("Launch") and group.allows("Terminate")):
        return
    if len(group.zones) < 2 or any(one.state != IN_SERVICE for one in group.serving):
        return
    for _ in range(len(group.instances)):
        counts = _counts(group)
        full, empty = max(counts, key=lambda zone: counts[zone]), min(counts, key=lambda zone: counts[zone])
        able = [one for one in group.serving if one.zone == full and not one.protected and one.state == IN_SERVICE]
        if counts[full] - counts[empty] < 2 or not able:
            return
        begin_ending(group, able[0], f"{_at(now_ms)} instances were launched to balance instances in zones "
                     f"{full} and {empty}.", now_ms)  # fmt: skip
        _match(group, now_ms)


def _counts(group: Group) -> dict[str, int]:
    counts = dict.fromkeys(group.zones, 0)
    for one in group.serving:
        counts[one.zone] = counts.get(one.zone, 0) + 1
    return counts


def _emptiest(group: Group) -> str:
    counts = {zone: number for zone, number in _counts(group).items() if zone in group.zones}
    return min(counts, key=lambda zone: (counts[zone], zone))


_ORDERS: dict[str, Callable[[Instance], tuple[int, str]]] = {
    "OldestInstance": lambda one: (one.launched_ms, one.id),
    "NewestInstance": lambda one: (-one.launched_ms, one.id),
    "OldestLaunchConfiguration": lambda one: (int(one.version), one.id),
    "OldestLaunchTemplate": lambda one: (int(one.version), one.id),
    "ClosestToNextInstanceHour": lambda one: (-(one.launched_ms % 3_600_000), one.id),
    "Default": lambda one: (int(one.version), one.id),
    "AllocationStrategy": lambda one: (int(one.version), one.id),
}


def _victims(group: Group) -> list[Instance]:
    """Whom a scale-in takes, in order: of the fullest zone, by the group's policy; the protected are spared."""
    policy = (group.form.get("TerminationPolicies") or ["Default"])[0]
    order = _ORDERS.get(policy, _ORDERS["Default"])
    left = [one for one in group.serving if not one.protected]
    counts, found = _counts(group), []
    while left:
        one = min(left, key=lambda one: (one.health == HEALTHY, -counts.get(one.zone, 0), *order(one)))
        counts[one.zone] = counts.get(one.zone, 1) - 1
        left.remove(one)
        found.append(one)
    return found


def _cause(group: Group, sentence: str) -> None:
    group.form["_Cause"] = sentence + "  "


def _taken(group: Group) -> str:
    return str(group.form.get("_Cause", ""))


def _at(now_ms: int) -> str:
    return f"At {iso(now_ms)[:19]}Z"


def _made_id(group: Group, what: str, digits: int) -> str:
    """An id that depends on nothing but the group and what it is for, so that a repeated settling gives the same."""
    return hashlib.blake2b(f"{group.arn} {group.created_ms} {what}".encode(), digest_size=20).hexdigest()[:digits]


__all__ = ["GLOBAL_TIMEOUT_S", "STANDBY", "begin_ending", "complete", "due_ms", "note", "set_desired", "settle"]
