"""The room of functions: those created here, and those that an account's reading told of, until they are changed."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.partitions import partition_of
from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.scaling.documents import DocumentStore, Place
from trimtab.scaling.engine.model import Standing, TargetKey
from trimtab.scaling.functions.model import LATEST, LambdaFunction, Provisioned, Version, provision
from trimtab.store.state.database import State

T = TypeVar("T")
ACCOUNT_LIMIT = 1000
"""Concurrent executions of an account and region: Lambda's default quota."""
UNRESERVED_LEAST = 100
"""What must stay unreserved: Lambda's own rule."""
NAMESPACE, DIMENSION = "lambda", "lambda:function:ProvisionedConcurrency"


class FunctionsRoom(Struct, frozen=True):
    """Functions by place and name."""

    store: DocumentStore[LambdaFunction]
    resources: ResourceStore
    clock: Clock

    @classmethod
    def of(cls, state: State, clock: Clock) -> "FunctionsRoom":
        """The room over a state database."""
        return cls(DocumentStore(state, clock, "function", LambdaFunction), ResourceStore(state), clock)

    async def create(self, place: Place, function: LambdaFunction) -> None:
        """Keep a new function. Raises Conflict for one that was created or read already."""
        if any(one.name == function.name for one in await self._read(EVERYTHING, place)):
            raise Conflict(f"there is already a function {function.name!r}")
        await self.store.create(place, function.name, function)

    async def get(self, place: Place, name: str) -> LambdaFunction:
        """A function, created or read. Raises NotFound."""
        try:
            return await self.store.get(place, name)
        except NotFound:
            for one in await self._read(EVERYTHING, place):
                if one.name == name:
                    return one
        account, region = place
        raise NotFound(f"Function not found: arn:{partition_of(region)}:lambda:{region}:{account}:function:{name}")

    async def listed(self, scope: Scope, place: Place) -> list[LambdaFunction]:
        """The functions of a place, by name."""
        own = {name: one for _, name, one in await self.store.listed(scope, place)}
        read = {one.name: one for one in await self._read(scope, place)}
        return [found for _, found in sorted({**read, **own}.items())]

    async def change(self, place: Place, name: str, work: Callable[[LambdaFunction, int], T]) -> T:
        """Change a function by `work(function, now_ms)`; one that was read is kept from then on. Raises NotFound."""
        now_ms = self.clock.now_ms()
        try:
            return await self.store.change(place, name, lambda one: work(one, now_ms))
        except NotFound:
            known = await self.get(place, name)  # raises where it is nowhere
            if not known.origin:
                raise
            given = work(known, now_ms)
            await self.store.create(place, name, known)
            return given

    async def held(self, place: Place, name: str) -> int:
        """Provisioned concurrency that is asked for, of all versions and aliases. Raises NotFound."""
        return (await self.get(place, name)).provisioned_total

    async def _read(self, scope: Scope, place: Place) -> list[LambdaFunction]:
        found = await self.resources.of_type(scope, "lambda:function")
        return [function_of(one) for one in found if (one.ref.account, one.ref.region) == place]


def function_of(resource: Resource) -> LambdaFunction:
    """A function as an account's reading tells of it."""
    facts = resource.attributes
    members = ("Runtime", "MemorySize", "Timeout", "CodeSize", "PackageType", "Architectures")
    form: dict[str, Any] = {name: facts[name] for name in members if facts.get(name) is not None}
    modified_ms = int(facts.get("LastModified") or resource.seen_ms)
    latest = Version(LATEST, form, modified_ms, "")
    made = LambdaFunction(resource.name, resource.arn, modified_ms, [latest], tags=dict(resource.tags),
                          origin=resource.origin or "inventory")  # fmt: skip
    if facts.get("ReservedConcurrency") is not None:
        made.reserved = int(facts["ReservedConcurrency"])
    for one in facts.get("ProvisionedConcurrency") or ():
        number = int(one.get("Requested") or 0)
        made.provisioned[str(one.get("Qualifier"))] = Provisioned(number, 0, number)
    return made


class FunctionsBackend(Struct, frozen=True):
    """Provisioned concurrency of functions that were created here, as what the engine scales and schedules."""

    functions: FunctionsRoom

    @property
    def name(self) -> str:
        """What it is called."""
        return "functions"

    def takes(self, key: TargetKey) -> bool:
        """A version or alias: `function:NAME:QUALIFIER`."""
        return key.namespace == NAMESPACE and key.dimension == DIMENSION

    async def standing(self, key: TargetKey) -> Standing:
        """Environments that are ready and that are being allocated. Raises NotFound."""
        place, name, qualifier = _named(key)
        known = (await self.functions.get(place, name)).provisioned.get(qualifier)
        if known is None:
            return Standing(0, 0, 0)
        ready = known.available(self.functions.clock.now_ms())
        return Standing(ready, known.requested - ready, known.requested)

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Ask for so many; 0 takes the configuration away."""
        place, name, qualifier = _named(key)

        def work(function: LambdaFunction, now_ms: int) -> None:
            if desired:
                provision(function, qualifier, desired, now_ms)
            else:
                function.provisioned.pop(qualifier, None)

        await self.functions.change(place, name, work)
        return f"{name}:{qualifier} is provisioned with {desired}"

    async def preview(self, key: TargetKey, desired: int) -> str:
        """What `scale` would do."""
        _, name, qualifier = _named(key)
        return f"would provision {name}:{qualifier} with {desired}"


def _named(key: TargetKey) -> tuple[Place, str, str]:
    _, _, rest = key.resource.partition("function:")
    name, _, qualifier = rest.partition(":")
    return (key.account, key.region), name, qualifier
