"""`Profiles`: training profiles of runs, as typed Python calls over a `Client`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from trimtab.client import profiles_wire as wire
from trimtab.client.api import Client

PART = 8 << 20
"""Bytes of a file in one request: well below what a server takes."""


class Profiles:
    """The calls about profiles. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def upload(self, files: Sequence[tuple[Path, str]], sent: Callable[[int], None] = lambda _: None) -> str:
        """Send files under names of their own (role write); returns the upload's id. `sent` hears bytes as they go."""
        id_ = self._client.call("POST", "/rest/v1/profiles/uploads", wire.ProfileUpload).id
        for path, name in files:
            offset = 0
            with path.open("rb") as opened:
                while (part := opened.read(PART)) or not offset:
                    query = [("name", name), ("offset", str(offset))]
                    self._client.put_bytes(f"/rest/v1/profiles/uploads/{id_}", part, wire.ProfileSent, query)
                    offset += len(part)
                    sent(len(part))
                    if not part:
                        break
        return id_

    def start(self, request: wire.StartProfileImport) -> wire.ProfileImport:
        """Begin to import an upload (role write); `import_` tells how far it is."""
        return self._client.call("POST", "/rest/v1/profiles/imports", wire.ProfileImport, body=request)

    def import_(self, id_: str) -> wire.ProfileImport:
        """How far an import is."""
        return self._client.call("GET", f"/rest/v1/profiles/imports/{id_}", wire.ProfileImport)

    def of(self, job: str, cluster: str = "") -> wire.RunProfile:
        """The profile of a run."""
        return self._client.call("GET", "/rest/v1/profiles", wire.RunProfile, query=_run(job, cluster))

    def drop(self, job: str, cluster: str = "") -> int:
        """Let go of a run's profile (role write); how many files it was."""
        return self._client.call("DELETE", "/rest/v1/profiles", wire.ProfileDropped, query=_run(job, cluster)).files


def _run(job: str, cluster: str) -> list[tuple[str, str]]:
    return [("job", job), *([("cluster", cluster)] if cluster else [])]
