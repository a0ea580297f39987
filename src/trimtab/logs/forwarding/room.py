"""What is sent on of log events, put together."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.egress.gate import Gate
from trimtab.logs.forwarding.destinations import Destinations
from trimtab.logs.forwarding.filters import SubscriptionFilters
from trimtab.logs.forwarding.keep import KeepForwards
from trimtab.logs.forwarding.queue import ForwardQueue
from trimtab.logs.forwarding.send import GroupForwards
from trimtab.logs.groups import LogGroups
from trimtab.logs.ingest import LogIngest
from trimtab.store.state.database import State


class ForwardingRoom(Struct, frozen=True):
    """Subscription filters and destinations, the queue, and the job of the server that writes into groups."""

    filters: SubscriptionFilters
    destinations: Destinations
    queue: ForwardQueue
    into_groups: GroupForwards

    @classmethod
    def of(cls, state: State, groups: LogGroups, ingest: LogIngest, clock: Clock, gate: Gate) -> "ForwardingRoom":
        """The room over open stores; the ingest is told to keep what filters match."""
        destinations, queue = Destinations(state, clock, gate), ForwardQueue(state, clock)
        filters = SubscriptionFilters(state, clock, destinations, gate)
        ingest.keepers.append(KeepForwards(state, filters, destinations, clock))
        return cls(filters, destinations, queue, GroupForwards(queue, groups, ingest))
