"""What the demo remembers between runs, in its own data directory: the world that was sent, how far, and the counters.

A run that was interrupted goes on where the last whole slab ended. A world from another version, or one whose
incidents are a week old, is not gone on with.
"""

import shutil
from pathlib import Path

import numpy as np
from msgspec import Struct

from trimtab.base.errors import SetupError
from trimtab.demo.totals import Totals

VERSION = 7
"""Raise it with every change to what is sent: data of two versions do not go together."""
SEED = 7
FRESH_FOR_MS = 7 * 86_400_000
_FOLDER, _FILE, _META = "demo", "notes.npz", "meta"
_SIGN = "This directory belongs to `trimtab demo`, which may wipe it.\n"


class Notes(Struct):
    """`through_ms` is the last time of which everything is stored."""

    anchor_ms: int
    through_ms: int
    totals: Totals
    seed: int = SEED

    def save(self, directory: Path) -> None:
        """Replace the notes in the demo's data directory."""
        path = directory / _FOLDER / _FILE
        temporary = path.with_suffix(".tmp")
        meta = np.array([[VERSION, self.seed, self.anchor_ms, self.through_ms]], float)
        Totals({**self.totals.known, _META: meta}).save(temporary)
        temporary.replace(path)


def recall(directory: Path, now_ms: int) -> Notes | None:
    """The notes of the last run; None where there are none that can be gone on with."""
    try:
        totals = Totals.load(directory / _FOLDER / _FILE)
        version, seed, anchor_ms, through_ms = (int(number) for number in totals.known.pop(_META)[0])
    except (OSError, ValueError, KeyError):
        return None
    usable = version == VERSION and seed == SEED and anchor_ms <= now_ms < anchor_ms + FRESH_FOR_MS
    return Notes(anchor_ms, through_ms, totals, seed) if usable and through_ms <= now_ms else None


def claim(directory: Path) -> None:
    """Make the directory the demo's. Raises SetupError for one that holds something else."""
    if not _is_ours(directory):
        raise SetupError(
            f"cannot use {directory} for the demo: it is not empty and not the demo's; "
            "move it away, or set TRIMTAB_DATA_DIR to another place (the demo's is beside it)"
        )
    (directory / _FOLDER).mkdir(parents=True, exist_ok=True)
    (directory / _FOLDER / "README").write_text(_SIGN)


def wipe(directory: Path) -> None:
    """Delete the demo's directory. Raises SetupError for one that is not the demo's."""
    claim(directory)
    shutil.rmtree(directory)


def _is_ours(directory: Path) -> bool:
    if not directory.exists() or not any(directory.iterdir()):
        return True
    sign = directory / _FOLDER / "README"
    return sign.is_file() and sign.read_text() == _SIGN
