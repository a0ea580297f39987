"""Words of connecting: what was found near, how a connection stands, and what the pages ask to connect."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.base.loading import Loading
from trimtab.client.api import Client
from trimtab.sources.readings.prometheus import Wanted
from trimtab.sources.readings.reading import Progress


class Kind(StrEnum):
    """What can be connected and is read by this server."""

    PROMETHEUS = "prometheus"
    KUBERNETES = "kubernetes"
    SLURM = "slurm"


class Near(Struct, frozen=True):
    """Something that can be connected. `place` is a URL, a context or a profile; `problem` says why it cannot be."""

    kind: str
    name: str
    place: str = ""
    detail: str = ""
    problem: str = ""


class State(StrEnum):
    """How a connection is."""

    READING = "reading"
    FOLLOWING = "following"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self in (State.DONE, State.FAILED, State.STOPPED)


class Standing(Struct, frozen=True):
    """How a connection stands. Times in ms."""

    id: str
    kind: Kind
    name: str
    state: State
    begun_ms: int
    by: str
    progress: Progress
    problem: str = ""


class Connector(Protocol):
    """What the pages ask of `wiring.connecting.Connecting`."""

    commands_allowed: bool
    """Whether the settings let it run SLURM's commands on this machine."""

    def announced(self) -> Loading | None:
        """What a program beside this one loads into this server."""
        ...

    def near(self) -> Sequence[Near]:
        """What is near. Blocks for a second or two."""
        ...

    def client(self, principal: Principal) -> Client:
        """A client of this server's own API, as somebody; for threads."""
        ...

    async def prometheus(self, wanted: Wanted, by: str) -> Standing:
        """Connect one. Raises InvalidInput, Forbidden, Unavailable, SetupError, Conflict."""
        ...

    async def kubernetes(self, context: str, by: str) -> Standing:
        """Connect the cluster of a context of the server's kubeconfig, or of its own pod. Raises the same."""
        ...

    async def slurm(self, by: str, files: Sequence[Path] = ()) -> Standing:
        """Read SLURM by its commands, or files that they printed. Raises the same, AccessDenied."""
        ...

    def standings(self) -> Sequence[Standing]:
        """Every connection of this server, the newest first."""
        ...

    async def stop(self, id_: str) -> None:
        """End one, and forget it. Raises NotFound."""
        ...
