"""AWS as targets: groups, ECS services, SageMaker variants, Lambda provisioned concurrency, and through Application
Auto Scaling whatever else has a scalable dimension. The calls are `cloud.scaling`'s.

Only what the settings' file lets (`act_on`) is written. A target with a scaling policy of its own in AWS is owned by
it: that policy is told, and replayed, and never fought.
"""

import asyncio
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol

from msgspec import Struct

from trimtab.base.errors import AccessDenied
from trimtab.scaling.engine.model import Standing, TargetKey
from trimtab.scaling.targets.file import AwsSettings


class Calls(Protocol):
    """`cloud.scaling` for one region: blocking; raises NotFound, Unavailable, AccessDenied."""

    def standing(self, namespace: str, resource: str, dimension: str) -> Mapping[str, Any]:
        """`ready`, `coming`, `desired`, and where a policy owns it `owner` and `manifest`."""
        ...

    def scale(self, namespace: str, resource: str, dimension: str, desired: int) -> str:
        """Ask for a number; the call that was made, in words."""
        ...

    def call_of(self, namespace: str, resource: str, dimension: str, desired: int) -> str:
        """The call that `scale` would make."""
        ...


class AwsBackend(Struct, frozen=True):
    """AWS in the regions of the targets. `calls` gives the client of a region and endpoint ("": AWS's own)."""

    settings: AwsSettings
    calls: Callable[[str, str], Calls]
    name: str = "AWS"

    def takes(self, key: TargetKey) -> bool:
        """Whether the file lets this target be scaled."""
        return any(fnmatchcase(f"{key.namespace}:{key.resource}", one) for one in self.settings.act_on)

    async def standing(self, key: TargetKey) -> Standing:
        """How many there are, as AWS says. Raises NotFound, Unavailable, AccessDenied."""
        found = await asyncio.to_thread(self._calls(key).standing, key.namespace, key.resource, key.dimension)
        return Standing(
            found["ready"], found["coming"], found["desired"], found.get("owner"), found.get("manifest"),
            found.get("zones") or {},
        )  # fmt: skip

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Ask AWS. Raises AccessDenied for what the file does not let."""
        if not self.takes(key):
            raise AccessDenied(f"cannot scale {key.label}: act_on of [aws] does not name it")
        return await asyncio.to_thread(self._calls(key).scale, key.namespace, key.resource, key.dimension, desired)

    async def preview(self, key: TargetKey, desired: int) -> str:
        """The call that would be made."""
        return self._calls(key).call_of(key.namespace, key.resource, key.dimension, desired)

    def _calls(self, key: TargetKey) -> Calls:
        return self.calls(key.region, self.settings.endpoint_url)
