"""Compile functions with numba: without the interpreter's lock, and kept on disk where there is a place for it.

numba is imported when the first function is called, not before: it costs 0.5 s and 60 MB, which a process that computes
over no long series need not pay; the server pays it at its first simulation.
"""

import hashlib
import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
_linking = threading.RLock()


class Lazy:
    """A function that is compiled when it is called first; compiled ones that it calls are compiled with it."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._function = function
        self._options = options
        self._made: Callable[..., Any] | None = None
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        return (self._made or self.made())(*arguments)

    def made(self) -> Callable[..., Any]:
        """The function, compiled lazily by numba itself for each signature, or loaded from an earlier run's cache."""
        with _linking:
            if self._made is None:
                self._link()
                njit = importlib.import_module("numba").njit
                try:
                    self._made = njit(self._function, cache=True, **self._options)
                except RuntimeError:  # no directory that numba may write: a read-only installation without a home
                    self._made = njit(self._function, **self._options)
        return cast("Callable[..., Any]", self._made)

    def _link(self) -> None:
        """Put what numba can call in place of each function of this kind that this one names."""
        known: dict[str, Any] = self._function.__globals__
        names: tuple[str, ...] = self._function.__code__.co_names
        modules = [vars(known[name]) for name in names if isinstance(known.get(name), ModuleType)]
        for held in (known, *modules):
            for name in names:
                if isinstance(held.get(name), Lazy):
                    held[name] = held[name].made()


def stamp_of(*folders: Path) -> str:
    """A short hash of the text of every module in `folders`."""
    texts = b"".join(path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py")))
    return hashlib.blake2b(texts, digest_size=4).hexdigest()


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
    stamp = stamp_of(*folders)

    def compiled(function: F) -> F:
        function.__qualname__ += f"-{stamp}"
        return cast("F", Lazy(function, {"nogil": True, "error_model": division_by_zero, "inline": inline}))

    return compiled
