"""The inventory as checks see it: resources by AWS's type, with the owner that the inventory names."""

from collections.abc import Mapping, Sequence

from trimtab.access.scope import Scope
from trimtab.advice.facts import Thing
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom


async def things(inventory: InventoryRoom, scope: Scope, kinds: Sequence[str]) -> Mapping[str, Sequence[Thing]]:
    """The resources of `kinds` by kind."""
    found: dict[str, list[Thing]] = {}
    for one in await inventory.resources.of_type(scope, *kinds):
        found.setdefault(one.resource_type, []).append(thing_of(one, one.resource_type))
    return found


async def read_kinds(inventory: InventoryRoom, scope: Scope) -> frozenset[str]:
    """Kinds of which everything was read at some place."""
    return frozenset(kind for _, _, kind in await inventory.readings.of(scope))


def thing_of(one: Resource, kind: str) -> Thing:
    """A resource of the inventory."""
    ref = one.ref
    return Thing(
        ref.path,
        kind,
        ref.id,
        one.name,
        one.type,
        ref.account,
        ref.region,
        one.owner,
        one.tags,
        one.attributes,
        ref.provider,
    )
