"""The agent's own id: made once, kept in its directory, the first half of its idempotency keys."""

import os
from pathlib import Path

import msgspec

from trimtab.base import typed
from trimtab.base.ids import new_id


class _Kept(msgspec.Struct):
    id: str
    machine: str = ""


def agent_id(directory: Path, machine: str) -> str:
    """The id kept in `directory`, or a new one.

    `machine` is the host's id ("" where it has none). An id that was made on another machine is replaced: two
    machines copied from one image would else send different batches under the same keys, and one would be lost.
    """
    path = directory / "agent-id.json"
    try:
        kept = typed.decode(path.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        kept = None
    if kept is not None and kept.id and (kept.machine == machine or not machine or not kept.machine):
        return kept.id
    kept = _Kept(new_id(), machine)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as handle:
        handle.write(msgspec.json.encode(kept))
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)
    return kept.id
