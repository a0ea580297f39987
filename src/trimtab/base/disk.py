"""Whether a directory keeps what is written to it."""

import contextlib
import os
from pathlib import Path

_PROBE = ".probe"


def probe(directory: Path) -> None:
    """Write a small file to `directory`, make it durable and remove it. Raises OSError where that fails."""
    file = directory / _PROBE
    try:
        with file.open("wb") as opened:
            opened.write(b"trimtab")
            opened.flush()
            os.fsync(opened.fileno())
        file.unlink()
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
