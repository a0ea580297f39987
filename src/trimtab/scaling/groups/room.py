"""The room of Auto Scaling groups as doors are given it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.jobs.periodic import Job
from trimtab.scaling.documents import DocumentStore, Place
from trimtab.scaling.groups.model import Group, GroupPolicy
from trimtab.scaling.groups.settle import due_ms, settle
from trimtab.store.state.database import State

T = TypeVar("T")
_TURN_S = 5.0


class LaunchConfiguration(Struct):
    """A launch configuration, in AWS's members."""

    arn: str
    created_ms: int
    form: dict[str, Any]


class Engine(Protocol):
    """What decides by metrics, and runs what a group desires: `acting.Acting`."""

    async def put_policy(self, group: Group, policy: GroupPolicy) -> None:
        """Decide by a policy."""
        ...

    async def delete_policy(self, group: Group, policy: GroupPolicy) -> None:
        """Decide by it no more."""
        ...

    async def follow(self, group: Group) -> None:
        """A group changed."""
        ...

    async def alarms_of(self, group: Group) -> dict[str, list[str]]:
        """The ARNs of the alarms that name each of a group's policies."""
        ...

    async def forecast(
        self, group: Group, policy: str, start_ms: int, end_ms: int
    ) -> tuple[list[int], Sequence[float], Sequence[float]]:
        """Hours, load and replicas of a forecast."""
        ...


class GroupsRoom(Struct):
    """Groups and launch configurations. Every change settles the group at the present time, in one transaction.

    `engine` hears of every group whose desired number or policies changed.
    """

    store: DocumentStore[Group]
    launches: DocumentStore[LaunchConfiguration]
    clock: Clock
    engine: Engine | None = None

    @classmethod
    def of(cls, state: State, clock: Clock) -> "GroupsRoom":
        """The room over a state database."""
        groups = DocumentStore(state, clock, "group", Group, due_ms)
        return cls(groups, DocumentStore(state, clock, "launch-configuration", LaunchConfiguration), clock)

    async def create(self, place: Place, group: Group) -> Group:
        """Keep a new group, whose first instances begin no cooldown. Raises Conflict."""
        settle(group, self.clock.now_ms())
        group.cooldown_ms = 0
        await self.store.create(place, group.name, group)
        await self.tell(group)
        return group

    async def get(self, place: Place, name: str) -> Group:
        """A group as it is now. Raises NotFound."""
        group = await self.store.get(place, name)
        settle(group, self.clock.now_ms())
        return group

    async def listed(self, scope: Scope, place: Place) -> list[Group]:
        """The groups of a place, as they are now, by name."""
        found = [group for _, _, group in await self.store.listed(scope, place)]
        for group in found:
            settle(group, self.clock.now_ms())
        return found

    async def change(self, place: Place, name: str, work: Callable[[Group, int], T]) -> T:
        """Change a group by `work(group, now_ms)`; it is settled before and after. Raises NotFound, what it raises."""
        now_ms = self.clock.now_ms()

        def changed(group: Group) -> tuple[T, Group, bool]:
            settle(group, now_ms)
            before = group.desired
            given = work(group, now_ms)
            settle(group, now_ms)
            return given, group, group.desired != before

        given, group, moved = await self.store.change(place, name, changed)
        if moved:
            await self.tell(group)
        return given

    async def of_instance(self, scope: Scope, place: Place, id_: str) -> Group:
        """The group that an instance is in. Raises NotFound."""
        for group in await self.listed(scope, place):
            if any(one.id == id_ for one in group.instances):
                return group
        raise NotFound(f"Instance Id not found - No managed instance found for instance ID: {id_}")

    async def turn(self) -> None:
        """Do what is due: schedules, heartbeats that ran out, refreshes."""
        for place, name in await self.store.due(self.clock.now_ms()):
            try:
                await self.change(place, name, lambda group, now_ms: None)
            except NotFound:  # deleted meanwhile
                continue

    def jobs(self) -> list[Job]:
        """What the room does by itself; a change is one transaction, so that several servers may try."""
        return [Job("settle Auto Scaling groups", _TURN_S, self.turn)]

    async def tell(self, group: Group) -> None:
        """Tell the engine that a group changed."""
        if self.engine is not None:
            await self.engine.follow(group)
