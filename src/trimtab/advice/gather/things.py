"""The inventory as checks see it: resources by AWS's type, with their owners."""

from collections.abc import Mapping, Sequence

from trimtab.access.scope import Scope
from trimtab.advice.facts import Thing
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom

OWNER_KEYS = ("team", "owner", "project", "cost-center", "costcenter", "cost_center", "department")
"""Tags that say whose a resource is, the first that it has; compared without case."""


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
        one.owner or owner_in(one.tags),
        one.tags,
        one.attributes,
        ref.provider,
    )


def owner_in(tags: Mapping[str, str]) -> str:
    """Whose it is by its tags; "" where none says."""
    lower = {key.lower(): value for key, value in tags.items()}
    return next((lower[key] for key in OWNER_KEYS if lower.get(key)), "")
