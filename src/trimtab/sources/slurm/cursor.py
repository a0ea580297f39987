"""Up to when a cluster's accounting is in trimtab: so that a look asks for little."""

from pathlib import Path

from msgspec import Struct

from trimtab.sources.kept import Kept


class _State(Struct):
    source: str
    server: str
    through_ms: int = 0


class Cursor:
    """How far one source was read for one server."""

    def __init__(self, directory: Path, source: str, server: str) -> None:
        """Read it, or begin. Raises SetupError where the file cannot be used."""
        self._kept = Kept(directory, "slurm", source, server, _State(source, server))
        self.path = self._kept.path

    @property
    def through_ms(self) -> int:
        """All before is there; 0 where nothing is."""
        return self._kept.state.through_ms

    def advance(self, through_ms: int) -> None:
        """All before `through_ms` is there: kept before this returns. Raises SetupError."""
        self._kept.state.through_ms = max(through_ms, self._kept.state.through_ms)
        self._kept.save()
