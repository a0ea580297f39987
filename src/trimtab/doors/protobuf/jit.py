"""Compile a function with numba: without the GIL, and kept on disk where there is a place for it.

Only modules that `kernels.Kernels` loads may import this one: numba costs 0.5 s and 100 MB, and may be absent.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def _stamp() -> str:
    """A short hash of this package's text. numba's cache notices a change of the function's own file only, and what
    is inlined from here would stay as it was; with the stamp in the name of the cache entry it does not.
    """
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


def is_cached(function: Any) -> bool:
    """Whether an earlier run kept `function`, a compiled one (or there is no place to keep it)."""
    directory = function.stats.cache_path
    return directory is None or any(Path(directory).glob(f"*.{function.py_func.__qualname__}-*.nbi"))
