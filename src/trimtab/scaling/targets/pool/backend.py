"""Pools as targets: `custom-resource`, `pool/<name>`."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.scaling.engine.model import CUSTOM, Standing, TargetKey
from trimtab.scaling.targets.pool.pool import Pool

PREFIX = "pool/"


class PoolBackend(Struct, frozen=True):
    """The pools of this process, by name."""

    pools: Mapping[str, Pool]
    name: str = "local process pool"

    def pool_of(self, key: TargetKey) -> Pool | None:
        """The pool of a target; None where it is none of this process."""
        own = key.namespace == CUSTOM and key.resource.startswith(PREFIX)
        return self.pools.get(key.resource.removeprefix(PREFIX)) if own else None

    def takes(self, key: TargetKey) -> bool:
        """Whether the target is a pool of this process."""
        return self.pool_of(key) is not None

    async def standing(self, key: TargetKey) -> Standing:
        """How many workers there are."""
        return self._pool(key).standing()

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Launch or drain workers until there are `desired`."""
        pool = self._pool(key)
        before = pool.desired
        pool.ask_for(desired)
        return f"desired of {pool.name} set from {before} to {desired}"

    async def preview(self, key: TargetKey, desired: int) -> str:
        """What would be launched or drained."""
        change = desired - self._pool(key).desired
        verb = "launch" if change > 0 else "drain"
        return f"{verb} {abs(change)} of {self._pool(key).desired} workers" if change else "nothing changes"

    def _pool(self, key: TargetKey) -> Pool:
        found = self.pool_of(key)
        assert found is not None  # noqa: S101 - `takes` was asked first
        return found
