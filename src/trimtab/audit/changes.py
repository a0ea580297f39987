"""What changed before something: the changes of a time window, those about the same things first."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.model import MANAGEMENT, AuditEvent
from trimtab.audit.read import AuditReader

HOUR_MS = 3_600_000
_MOST = 200
_SHORTEST = 3  # letters of a word: shorter ones are in every name
_EVERYWHERE = frozenset(("prod", "main", "default", "test", "true", "false", "average", "sum"))


class ChangeBefore(Struct, frozen=True):
    """A change; `about` are the words of the question that it speaks of, `minutes` how long before it was."""

    event: AuditEvent
    about: tuple[str, ...]
    minutes: float


class Changes:
    """Answers what changed before a time."""

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader

    async def before(
        self,
        scope: Scope,
        at_ms: int,
        *,
        words: Sequence[str] = (),
        window_ms: int = HOUR_MS,
        account: str = "",
        limit: int = 20,
    ) -> list[ChangeBefore]:
        """Changes of `[at_ms - window_ms, at_ms]` that did not fail.

        `words` are names of resources, services and the like; changes that speak of one come first, before all of
        one that few speak of (a namespace is in every change of a service, an endpoint in its own), then those of
        `account`, then the newest. Raises QueryAborted, Unavailable.
        """
        asked, start_ms, end_ms = telling(words), at_ms - window_ms, at_ms + 1000
        named = await self.about(scope, start_ms, end_ms, words)  # they may be older than the newest of all
        newest = await self.within(scope, start_ms, end_ms)
        found = {(event.account, event.id): event for event in (*named, *newest)}.values()
        told = [
            ChangeBefore(
                event, tuple(word for word in asked if speaks_of(event, word)), (at_ms - event.time_ms) / 60_000
            )
            for event in found
        ]
        spoken = Counter(word for one in told for word in one.about)

        def rank(one: ChangeBefore) -> tuple[float, bool, float]:
            return -sum(1 / spoken[word] for word in one.about), one.event.account != account, one.minutes

        return sorted(told, key=rank)[:limit]

    async def about(self, scope: Scope, start_ms: int, end_ms: int, words: Sequence[str]) -> list[AuditEvent]:
        """The changes of a range that speak of one of `words`, the newest first: what charts mark."""
        asked = telling(words)
        found = await self.within(scope, start_ms, end_ms, asked) if asked else []
        return [event for event in found if any(speaks_of(event, word) for word in asked)]

    async def within(self, scope: Scope, start_ms: int, end_ms: int, about: Sequence[str] = ()) -> list[AuditEvent]:
        """The newest changes of a range that did not fail; with `about`, those that may be about one of these."""
        query = AuditQuery(start_ms, end_ms, facets={"category": (MANAGEMENT,)}, about=about, changes_only=True)
        page = await self._reader.page(scope, query, _MOST)
        return [event for event in page.events if not event.error_code]


def telling(words: Sequence[str]) -> list[str]:
    """Those of `words` that say something: no short ones, none that everything has."""
    return sorted({word for word in words if len(word) >= _SHORTEST and word.lower() not in _EVERYWHERE})


def speaks_of(event: AuditEvent, word: str) -> bool:
    """Whether a change names something: as a resource, in its request, or by its service."""
    small = word.lower()
    named = (*event.resource_names, *event.touched, event.source, event.source.removesuffix(".amazonaws.com"))
    return any(small == name.lower() or f"/{small}" in name.lower() or f":{small}" in name.lower() for name in named)


def summary(event: AuditEvent) -> str:
    """A change in a few words: who did what to which thing."""
    things = [name for name in (*event.touched, *event.resource_names) if not name.startswith("arn:")]
    who = event.user_name or event.session_name or event.user_type or "somebody"
    return f"{who}: {event.name} {things[0]}" if things else f"{who}: {event.name}"
