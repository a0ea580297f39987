"""On whose behalf the code runs: the caller of a request, which the door sets around it.

What asks for a new address goes out of many rooms, several calls below the door; the context carries who it is, into
threads and tasks too. Outside of a request it is nobody, who may add nothing to the list.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct


class Asker(Struct, frozen=True):
    """A caller. `may_allow`: they administer the whole server, so what they ask for joins the list."""

    name: str
    may_allow: bool = False


NOBODY = Asker("trimtab")
_current: ContextVar[Asker] = ContextVar("asker", default=NOBODY)


def current() -> Asker:
    """Who asks now."""
    return _current.get()


@contextmanager
def asking(asker: Asker) -> Iterator[None]:
    """Within it, `asker` asks."""
    token = _current.set(asker)
    try:
        yield
    finally:
        _current.reset(token)
