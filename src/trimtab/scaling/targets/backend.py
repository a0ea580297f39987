"""What the engine scales: the port that every kind of backend implements, and the registry that finds one.

A backend says how many replicas a target has and asks for another number. It never decides. One that another
controller owns (`Standing.owner`) is never written to.
"""

from collections.abc import Iterable
from typing import Protocol

from trimtab.base.errors import InvalidInput
from trimtab.scaling.engine.model import Standing, TargetKey


class Backend(Protocol):
    """One kind of target. Errors are those of `base.errors`; `Unavailable` means: ask again later."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def takes(self, key: TargetKey) -> bool:
        """Whether a target is of this kind and configured here."""
        ...

    async def standing(self, key: TargetKey) -> Standing:
        """How many there are. Raises NotFound, Unavailable."""
        ...

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Ask for `desired` replicas; what came of it, in words. Repeating the same number changes nothing."""
        ...

    async def preview(self, key: TargetKey, desired: int) -> str:
        """What `scale` would do, in words, without doing it."""
        ...


class Backends:
    """The backends of this process, asked in their order."""

    def __init__(self, some: Iterable[Backend] = ()) -> None:
        self._some = list(some)

    def add(self, backend: Backend) -> None:
        """Ask `backend` too, after those that are known."""
        self._some.append(backend)

    def of(self, key: TargetKey) -> Backend | None:
        """The backend that takes a target; None where none is configured (it is observed by its metrics alone)."""
        return next((one for one in self._some if one.takes(key)), None)

    def needed(self, key: TargetKey) -> Backend:
        """The backend that takes a target. Raises InvalidInput that says how one is configured."""
        found = self.of(key)
        if found is None:
            raise InvalidInput(
                f"cannot scale {key.label}: nothing here can change it; name its pool, cluster, webhook or AWS in the "
                "file of TRIMTAB_SCALING_FILE (see the guide of scaling)"
            )
        return found
