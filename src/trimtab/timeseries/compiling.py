"""Compile functions with numba: without the interpreter's lock, and kept on disk where there is a place for it.

Only what computes over long series imports this: numba costs 0.5 s and 100 MB, which no other process need pay.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiler(
    *folders: Path,
    division_by_zero: Literal["python", "numpy"] = "python",
    inline: Literal["never", "always"] = "never",
) -> Callable[[F], F]:
    """A decorator that has a function compiled at its first call, or loaded from the cache of an earlier run.

    The text of every module in `folders` is part of the name under which the machine code is kept: what is inlined from
    a changed neighbour must not stay as it was. `division_by_zero` "numpy" gives infinities in place of an error, which
    lets the compiler do without a check after every call. `inline` "always" puts the function into those that call it.
    """
    texts = b"".join(path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py")))
    stamp = hashlib.blake2b(texts, digest_size=4).hexdigest()

    def compiled(function: F) -> F:
        function.__qualname__ += f"-{stamp}"
        try:
            made: F = njit(function, nogil=True, cache=True, error_model=division_by_zero, inline=inline)
        except RuntimeError:  # numba finds no directory that it may write: a read-only installation without a home
            made = njit(function, nogil=True, error_model=division_by_zero, inline=inline)
        return made

    return compiled
