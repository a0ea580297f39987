"""Scaling as an actuator of the actions registry: planned first, on record always."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Plan
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.scaling.engine.model import MOST_REPLICAS, ScalableTarget
from trimtab.scaling.engine.store import TargetStore
from trimtab.scaling.targets.backend import Backends

NAME = "scale"


class Scaler(Struct):
    """Sets a target's number of replicas: `target` is its id, the wish `desired` and `reason`."""

    targets: TargetStore
    backends: Backends
    name: str = NAME

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        """What would be done. Raises NotFound, InvalidInput, Conflict where another controller owns the target."""
        known, desired = await self._asked(target, wish)
        backend = self.backends.needed(known.key)
        standing = await backend.standing(known.key)
        if standing.owner:
            raise Conflict(f"cannot scale {known.key.label}: {standing.owner} owns it; change its policy instead")
        words = await backend.preview(known.key, desired)
        return Plan(words, {"target": known.arn, "from": standing.desired, "to": desired})

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        """Do it. Repeating it asks for the same number again."""
        known, desired = await self._asked(target, wish)
        return await self.backends.needed(known.key).scale(known.key, desired, str(wish.get("reason", "")))

    async def _asked(self, target: str, wish: Mapping[str, Any]) -> tuple[ScalableTarget, int]:
        desired = wish.get("desired")
        if isinstance(desired, bool) or not isinstance(desired, int):
            raise InvalidInput(f"cannot scale to {desired!r}; expected a whole number", field="desired")
        known = await self.targets.get(EVERYTHING, target)
        if not 0 <= desired <= MOST_REPLICAS:  # its own bounds hold before: a forecast may pass the maximum
            raise InvalidInput(f"cannot scale {known.key.label} to {desired} replicas", field="desired")
        return known, desired
