"""The whole state, exported and imported: typed calls over a `Client`. Errors are those of `Client`."""

import os
from collections.abc import Iterator
from pathlib import Path

from trimtab.base.errors import SetupError
from trimtab.client import state_wire as wire
from trimtab.client.api import Client

PART = 16 << 20


def export(client: Client, *, secrets: bool = True) -> Iterator[bytes]:
    """The state as a file, part by part (role admin, over everything)."""
    return client.stream("/rest/v1/state/export", [("secrets", str(secrets).lower())])


def export_to(client: Client, file: Path, *, secrets: bool = True) -> int:
    """The state into a file that only its owner may read; its size in bytes. Raises SetupError."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            for part in export(client, secrets=secrets):
                out.write(part)
            size = out.tell()
        partial.replace(file)
    except OSError as problem:
        raise SetupError(f"cannot write {file}: {problem.strerror}") from problem
    finally:
        partial.unlink(missing_ok=True)
    return size


def import_(client: Client, file: Path, *, replace: bool = False, check: bool = False) -> wire.StateImported:
    """Send a file and have the server begin anew with it, or only try (role admin, over everything)."""
    offset = 0
    try:
        with file.open("rb") as opened:
            while (part := opened.read(PART)) or not offset:
                sent = client.put_bytes("/rest/v1/state/file", part, wire.StateFile, [("offset", str(offset))])
                offset = sent.bytes
                if not part:
                    break
    except OSError as problem:
        raise SetupError(f"cannot read {file}: {problem.strerror}") from problem
    body = wire.ImportState(replace=replace, check=check)
    return client.call("POST", "/rest/v1/state/import", wire.StateImported, body=body)
