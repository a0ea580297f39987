"""The gate of a look at what listens on this very machine: its own addresses only, and none of trimtab's ports.

An administrator who looks for sources needs no entry for it: what is found is connected to through the gate, with one.
"""

import socket

import psutil

from trimtab.egress.address import Address, Forbidden, Place, host_of, literal
from trimtab.egress.gate import Gate
from trimtab.egress.own import is_ours


class ThisMachine(Gate, frozen=True):
    """Lets through to addresses of this machine."""

    @classmethod
    def beside(cls, gate: Gate) -> "ThisMachine":
        """With what another gate knows of trimtab's own ports."""
        return cls(gate.entries, gate.own, gate.configured, gate.resolve)

    def addresses(self, host: str, port: int) -> list[tuple[int, Address]]:
        """The address itself. Raises Forbidden for a name, for another machine's, and for a port of trimtab's own."""
        place, address = Place(host_of(host), port), literal(host)
        if address is None or not is_ours(address):
            raise Forbidden(f"cannot look at {place}: it is no address of this machine")
        if self.own.taken(address, port) or place in self.own.stores():
            raise Forbidden(f"cannot look at {place}: trimtab itself listens there")
        return [(int(socket.AF_INET if address.version == 4 else socket.AF_INET6), address)]


def own_addresses() -> list[str]:
    """The IPv4 addresses of this machine, loopback first."""
    found = {one.address for each in psutil.net_if_addrs().values() for one in each if one.family == socket.AF_INET}
    return sorted(found, key=lambda address: (not address.startswith("127."), address))
