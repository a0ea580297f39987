"""Up to which version a cluster's pods were read: what changed while nobody looked is asked for first."""

from pathlib import Path

from msgspec import Struct

from trimtab.sources.kept import Kept


class _State(Struct):
    source: str
    server: str
    version: str = ""


class Cursor:
    """How far one cluster was read for one server."""

    def __init__(self, directory: Path, source: str, server: str) -> None:
        """Read it, or begin. Raises SetupError where the file cannot be used."""
        self._kept = Kept(directory, "kubernetes", source, server, _State(source, server))
        self.path = self._kept.path

    @property
    def version(self) -> str:
        """The version of the pods that are there; "" at the beginning."""
        return self._kept.state.version

    def advance(self, version: str) -> None:
        """Everything up to `version` is there: kept before this returns. Raises SetupError."""
        self._kept.state.version = version
        self._kept.save()
