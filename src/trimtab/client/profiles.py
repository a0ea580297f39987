"""`Profiles`: training profiles of runs, as typed Python calls over a `Client`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from trimtab.client import profiles_wire as wire
from trimtab.client.calls import Calls

PART = 8 << 20
"""Bytes of a file in one request: well below what a server takes."""


class Profiles(Calls):
    """The calls about profiles. Errors are those of `Client`."""

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
        return self._call("POST", "/rest/v1/profiles/imports", wire.ProfileImport, body=request)

    def import_(self, id_: str) -> wire.ProfileImport:
        """How far an import is."""
        return self._call("GET", f"/rest/v1/profiles/imports/{id_}", wire.ProfileImport)

    def of(self, job: str, cluster: str = "") -> wire.RunProfile:
        """The profile of a run."""
        return self._call("GET", "/rest/v1/profiles", wire.RunProfile, job=job, cluster=cluster)

    def drop(self, job: str, cluster: str = "") -> int:
        """Let go of a run's profile (role write); how many files it was."""
        return self._call("DELETE", "/rest/v1/profiles", wire.ProfileDropped, job=job, cluster=cluster).files
