"""Who may come in, as one thing: keys, groups, service accounts, people, and who was refused."""

from msgspec import Struct

from trimtab.access.grants import GROUP, SERVICE, GrantStore
from trimtab.access.keys import KeyStore, Machines
from trimtab.access.lockout import Lockout
from trimtab.access.people import People
from trimtab.access.refusals import Refusals
from trimtab.base.clock import Clock
from trimtab.store.state.database import State


class AccessRoom(Struct, frozen=True):
    """Of one state database. Use one a process."""

    keys: KeyStore
    groups: GrantStore
    services: GrantStore
    people: People
    lockout: Lockout
    refusals: Refusals

    @classmethod
    def of(cls, state: State, clock: Clock, machines: Machines | None = None) -> "AccessRoom":
        """Over a state database; `machines` as for a `KeyStore`."""
        keys = KeyStore(state, clock, machines)
        groups, services = (GrantStore(state, clock, kind, keys.forget) for kind in (GROUP, SERVICE))
        lockout = Lockout(state, clock)
        return cls(keys, groups, services, People(state, clock, keys, lockout), lockout, Refusals(state, clock))
