"""The port to what happened around an anomaly: changes in the audit, deploys, runs. `rooms.py` wires it.

The costs room knows none of these rooms; `economics/around.py` asks them.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.access.scope import Scope


class Sort(StrEnum):
    """What happened."""

    DEPLOY = "deploy"
    CHANGE = "change"
    RUN = "run"


class Place(Struct, frozen=True):
    """Where and when to look: the first day of the anomaly, and the resources, services and accounts that cost more."""

    start_ms: int
    end_ms: int
    resources: tuple[str, ...]
    services: tuple[str, ...]
    accounts: tuple[str, ...]


class Happening(Struct, frozen=True):
    """Something that happened. `about` are the resources and services that it shares with the anomaly; `link` its page.

    `score` orders them: what names a resource that cost more is before what only happened then.
    """

    sort: Sort
    at_ms: int
    title: str
    who: str
    account: str
    about: tuple[str, ...]
    link: str
    score: float


Around = Callable[[Scope, Place], Awaitable[Sequence[Happening]]]


async def nothing(scope: Scope, place: Place) -> Sequence[Happening]:
    """No room is connected."""
    return ()
