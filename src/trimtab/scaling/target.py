"""What the engine scales: the port that every kind of target implements.

A target says how many replicas it has and is asked for another number. It never decides. `owner` names a controller
that decides over it already (an HPA, KEDA, a policy of its group): such a target is never written to; its policy is
replayed and the difference offered.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Standing:
    """A target now: replicas that serve, that are on their way, and what was last asked for."""

    ready: int
    coming: int
    desired: int
    owner: str | None = None


class Target(Protocol):
    """Something with a number of replicas. Errors are those of `base.errors`; `Unavailable` means: ask again later."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def standing(self) -> Standing:
        """How many there are."""
        ...

    async def scale(self, desired: int, reason: str) -> None:
        """Ask for `desired` replicas; `reason` goes into the audit. Repeating the same number changes nothing."""
        ...

    async def preview(self, desired: int) -> str:
        """What `scale` would do, in words, without doing it."""
        ...
