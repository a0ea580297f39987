"""`Egress`: the list of places that trimtab may connect to as typed Python calls, over a `Client`."""

from trimtab.client import egress_wire as wire
from trimtab.client.calls import Calls

_PATH = "/rest/v1/egress"


class Egress(Calls):
    """The calls about outgoing connections (role admin). Errors are those of `Client`."""

    def listed(self) -> wire.EgressList:
        """What may be connected to, and what was refused."""
        return self._call("GET", _PATH, wire.EgressList)

    def allow(self, place: str, note: str = "") -> wire.EgressEntry:
        """Let `host:port` be connected to."""
        return self._call("POST", _PATH, wire.EgressEntry, body=wire.AllowEgress(place, note))

    def remove(self, place: str) -> wire.EgressEntry:
        """Let it be connected to no more."""
        return self._call("DELETE", _PATH, wire.EgressEntry, place=place)
