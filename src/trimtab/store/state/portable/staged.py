"""A state that the server is to begin with: checked and laid ready while it ran, taken at its next start.

A server remembers much of what the state says, and so do its jobs; none of them runs while it is replaced.
"""

import logging
from pathlib import Path

from trimtab.base.errors import InvalidInput
from trimtab.base.whole_file import sync_folder
from trimtab.store.state.database import State
from trimtab.store.state.portable.load import load

logger = logging.getLogger(__name__)

_READY, _REFUSED = "state.import", "state.import.refused"


def lay_ready(file: Path, data_dir: Path) -> None:
    """Have the next start begin with `file`, which lies in `data_dir` and was tried: it moves."""
    file.replace(data_dir / _READY)
    sync_folder(data_dir)


def take(state: State, data_dir: Path) -> None:
    """Begin with the file that was laid ready, if one was. Killed in the middle, it is done at the next start."""
    file = data_dir / _READY
    if not file.exists():
        return
    try:
        counts = load(state, file, replace=True)
        logger.info("the state is what was imported: %d rows", sum(counts.values()))
        file.unlink()
    except InvalidInput as problem:  # it fitted when it was laid ready
        logger.error("the state stays as it was; the file is kept as %s: %s", _REFUSED, problem)
        file.replace(data_dir / _REFUSED)
    sync_folder(data_dir)
