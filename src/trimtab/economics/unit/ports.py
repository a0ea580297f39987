"""What unit economics asks of rooms that know use: traffic and replicas of models, traced calls, activity of GPUs."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.economics.unit.model import Calls, Deploy, HeldActivity, HostSigns, Served, Traffic
from trimtab.inventory.runs.model import Run


class UseFacts(Protocol):
    """Reads use. All raise QueryAborted, Unavailable."""

    async def traffic(self, scope: Scope, start_ms: int, end_ms: int, step_s: int) -> Mapping[str, Traffic]:
        """By model what it did."""
        ...

    async def served(self, scope: Scope, start_ms: int) -> Mapping[str, Served]:
        """By pod (`namespace/name`) which model it serves."""
        ...

    async def deploys(self, scope: Scope, start_ms: int, end_ms: int) -> Sequence[Deploy]:
        """When services got other versions."""
        ...

    async def calls(self, scope: Scope, start_ms: int, end_ms: int) -> Sequence[Calls]:
        """Traced calls of models by hour, version and tenant."""
        ...

    async def activity(
        self, scope: Scope, runs: Sequence[Run], start_ms: int, end_ms: int
    ) -> Mapping[str, HeldActivity]:
        """By holder how busy its GPUs were."""
        ...

    async def hosts(self, scope: Scope, start_ms: int, end_ms: int) -> Mapping[str, HostSigns]:
        """By node what its processors did."""
        ...

    async def epochs(self, scope: Scope, runs: Sequence[Run]) -> Mapping[str, float]:
        """By holder how many epochs it trained, where that is told."""
        ...
