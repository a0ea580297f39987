"""The gate: which addresses a connection may go to. All that goes out over HTTP passes it, twice.

*When a URL is put* (`admit`): a place beyond the public internet must be on the list. What an administrator puts joins
it; others are told what to ask for. *When a connection is made* (`addresses`): the name is resolved once, every address
that comes is judged, and the connection goes to one of those that were returned. A name that changes its answer in
between gains nothing. Metadata services of clouds, trimtab's own ports and its databases are refused whatever the list
says.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.egress import asker
from trimtab.egress.address import (
    Address,
    Forbidden,
    Kind,
    Place,
    forbidden,
    host_of,
    kind_of,
    literal,
    never,
    parse_place,
    parse_url,
)
from trimtab.egress.entries import Entries, Entry
from trimtab.egress.own import OwnPorts
from trimtab.settings import Settings
from trimtab.store.state.database import State

Resolve = Callable[[str, int], Sequence[tuple[int, Address]]]
"""The addresses of a host with their socket family, in the order to try. Raises OSError."""
_PUT_S = 3.0
"""How long a name may take to resolve while a caller waits for their change."""


def resolve(host: str, port: int) -> list[tuple[int, Address]]:
    """By the system's resolver. Raises OSError."""
    found = []
    for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = literal(str(place[0]).partition("%")[0])
        if address is not None:
            found.append((int(family), address))
    return found


class Gate(Struct, frozen=True):
    """The gate of a process. `configured` are places that the server's settings name: whoever set them allowed them."""

    entries: Entries
    own: OwnPorts
    configured: frozenset[Place] = frozenset()
    resolve: Resolve = field(default=resolve)

    @classmethod
    def of(cls, settings: Settings, state: State, clock: Clock) -> "Gate":
        """Over a state database."""
        return cls(Entries(state, clock), OwnPorts(settings))

    def naming(self, urls: Iterable[str]) -> "Gate":
        """The same gate for what the settings name: these URLs need no entry. Raises SetupError for what is none."""
        try:
            named = frozenset(parse_url(url).place for url in urls)
        except InvalidInput as problem:
            raise SetupError(f"{problem}; a URL of the settings") from None
        for place in named:
            if why := forbidden(place):
                raise SetupError(f"cannot send to {place}, which the settings name: {why}")
        return Gate(self.entries, self.own, self.configured | named, self.resolve)

    def addresses(self, host: str, port: int) -> list[tuple[int, Address]]:
        """Where a connection may go, in the order to try. Raises OSError where the name does not resolve, Forbidden.

        Blocks: it asks the resolver, and may ask the state database.
        """
        place = Place(host_of(host), port)
        if why := forbidden(place):
            raise self._refused(place, why)
        found = self.resolve(place.host, port)
        problem = self._never(place, found)
        if problem:
            raise self._refused(place, problem)
        usable = self._usable(place, found)
        if found and not usable:
            raise self._unlisted(place, found)
        return usable

    async def pin(self, url: str) -> str:
        """The address that a program which this one starts connects to for `url`. Raises InvalidInput, Unavailable."""
        place = parse_url(url).place
        try:
            found = await asyncio.to_thread(self.addresses, place.host, place.port)
        except OSError as problem:
            raise Unavailable(f"cannot reach {place}: {problem.strerror or problem}") from None
        if not found:
            raise Unavailable(f"cannot reach {place}: the name has no address")
        return str(found[0][1])

    async def admit(self, url: str, what: str) -> None:
        """Check a URL that somebody puts, for `what`. Raises InvalidInput, and Forbidden with what to ask for.

        A place that is not public joins the list where its asker may allow it, and so does a name that does not resolve
        yet. Others' unresolved names are judged when they are connected to.
        """
        place = parse_url(url).place
        who = asker.current()
        if why := forbidden(place):
            raise await asyncio.to_thread(self._refused, place, why)
        try:
            found = await asyncio.wait_for(asyncio.to_thread(self.resolve, place.host, place.port), _PUT_S)
        except (OSError, TimeoutError):
            found = []
        await asyncio.to_thread(self._admit, place, found, who, what)

    def allow(self, text: str, note: str) -> Entry:
        """Put `host:port` on the list; whoever calls has checked that the asker may. Raises InvalidInput, Forbidden."""
        place = parse_place(text)
        problem = forbidden(place)
        try:
            found = [] if problem else self.resolve(place.host, place.port)
        except OSError:
            found = []
        problem = problem or self._never(place, found)
        if problem:
            raise Forbidden(f"cannot allow {place}: {problem}")
        return self.entries.add(place, note, asker.current().name)

    def _admit(self, place: Place, found: Sequence[tuple[int, Address]], who: asker.Asker, what: str) -> None:
        problem = self._never(place, found)
        if problem:
            raise self._refused(place, problem)
        if found and all(kind_of(address) is Kind.PUBLIC for _, address in found):
            return
        if found and self._usable(place, found):
            return
        if who.may_allow:
            self.entries.add(place, what, who.name)
        elif found:
            raise self._unlisted(place, found)

    def _never(self, place: Place, found: Sequence[tuple[int, Address]]) -> str:
        for _, address in found:
            if kind_of(address) is Kind.NEVER:
                return _of(place, address, never(address))
            if self.own.taken(_plain(address), place.port):
                return _of(place, address, "trimtab itself listens there")
        return "it is a database of trimtab's own" if place in self.own.stores() else ""

    def _usable(self, place: Place, found: Sequence[tuple[int, Address]]) -> list[tuple[int, Address]]:
        """Those that are public, or on the list by name or by address."""
        if all(kind_of(address) is Kind.PUBLIC for _, address in found) or place in self.configured:
            return list(found)
        if self.entries.has(place):
            return list(found)
        return [
            one
            for one in found
            if kind_of(one[1]) is Kind.PUBLIC or self.entries.has(Place(str(_plain(one[1])), place.port))
        ]

    def _unlisted(self, place: Place, found: Sequence[tuple[int, Address]]) -> Forbidden:
        """The list says which address it was; the caller, who may have guessed names of this network, is not told."""
        private = next(address for _, address in found if kind_of(address) is not Kind.PUBLIC)
        at = "" if str(private) == place.host else f" ({private})"
        self.entries.refused(place, f"it is on no public network{at}", asker.current().name)
        return Forbidden(
            f"cannot send to {place}: it is on no public network; an administrator must allow it first: "
            f"`trimtab egress allow {place}`"
        )

    def _refused(self, place: Place, problem: str) -> Forbidden:
        self.entries.refused(place, problem, asker.current().name)
        return Forbidden(f"cannot send to {place}: {problem}")


def _plain(address: Address) -> Address:
    return getattr(address, "ipv4_mapped", None) or address


def _of(place: Place, address: Address, problem: str) -> str:
    return problem if str(address) == place.host else f"it resolves to {address}: {problem}"
