"""Compile a function with numba: without the GIL, and kept on disk where there is a place for it.

Only what scores series imports this: numba costs 0.5 s and 100 MB, which no other process need pay.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def _stamp() -> str:
    """A short hash of this package's text: what is inlined from a changed neighbour must not stay as it was."""
    texts = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.blake2b(texts, digest_size=4).hexdigest()


_STAMP = _stamp()


def compiled(function: F) -> F:
    """`function`, to be compiled at its first call or loaded from the cache of an earlier run."""
    function.__qualname__ += f"-{_STAMP}"
    try:
        made: F = njit(function, nogil=True, cache=True)
    except RuntimeError:  # numba finds no directory that it may write: a read-only installation without a home
        made = njit(function, nogil=True)
    return made
