"""`Costs`: bills as typed Python calls, over a `Client`."""

from collections.abc import Callable, Iterator
from pathlib import Path

from trimtab.client import costs_wire as wire
from trimtab.client.calls import Calls

PART = 8 << 20
"""Bytes of a file in one request: well below what a server takes."""


class Costs(Calls):
    """The calls about bills. Errors are those of `Client`."""

    def start(self, request: wire.StartImport) -> wire.Import:
        """Begin an import (role admin); `one` tells how far it is."""
        return self._call("POST", "/rest/v1/costs/imports", wire.Import, body=request)

    def one(self, id_: int) -> wire.Import:
        """An import with its receipt or its progress."""
        return self._call("GET", f"/rest/v1/costs/imports/{id_}", wire.Import)

    def imports(self) -> wire.ImportList:
        """The newest imports, and what every source holds."""
        return self._call("GET", "/rest/v1/costs/imports", wire.ImportList)

    def mappings(self) -> list[wire.Mapping]:
        """The mappings of providers' columns to FOCUS that come with trimtab."""
        return self._call("GET", "/rest/v1/costs/mappings", wire.MappingList).mappings

    def drop(self, source: str, month: int | None = None) -> int:
        """Take a month (or all) of a source out (role admin); returns the lines that went."""
        return self._call("DELETE", "/rest/v1/costs/periods", wire.Dropped, source=source, month=month).lines

    def upload(self, path: Path, sent: Callable[[int], None] = lambda _: None) -> str:
        """Send a file, or a folder's files, to the server (role admin); returns the location to import.

        `sent` hears how many bytes went with each part.
        """
        id_ = self._client.call("POST", "/rest/v1/costs/uploads", wire.Upload).id
        for file, name in _files(path):
            offset = 0
            with file.open("rb") as opened:
                while part := opened.read(PART):
                    query = [("name", name), ("offset", str(offset))]
                    self._client.put_bytes(f"/rest/v1/costs/uploads/{id_}", part, wire.Uploaded, query)
                    offset += len(part)
                    sent(len(part))
        return f"upload:{id_}"

    def export(self, *, version: str, start: str, end: str, format_: str = "csv") -> Iterator[bytes]:
        """The bill as FOCUS, CSV or Parquet, part by part."""
        query = [("version", version), ("start", start), ("end", end), ("format", format_)]
        return self._client.stream("/rest/v1/costs/export", query)


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield file, relative.as_posix()
