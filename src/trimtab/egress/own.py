"""The ports that trimtab itself listens on, which nothing is sent to: no caller reaches its doors or its engine through
it. The server writes down what it listens on, so that the jobs process knows it too."""

import json
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from msgspec import Struct

from trimtab.egress.address import Address, Place, host_of
from trimtab.settings import OFF, Settings
from trimtab.store.telemetry.client import server_endpoint

_FILE = "listening.json"


class OwnPorts(Struct, frozen=True):
    """Of one data directory: ports of this machine, and `stores`, the databases that the settings name."""

    settings: Settings

    def taken(self, address: Address, port: int) -> bool:
        """Whether `port` of `address` is one of trimtab's own."""
        return port in self._ports() and is_ours(address)

    def stores(self) -> frozenset[Place]:
        """The telemetry server and the state database, where they are not embedded."""
        found = set()
        if self.settings.clickhouse_url:
            at = server_endpoint(self.settings.clickhouse_url)
            found.add(Place(host_of(at.host), at.port))
        state = urlsplit(self.settings.state_url)
        if state.hostname:
            found.add(Place(host_of(state.hostname), state.port or 5432))
        return frozenset(found)

    def _ports(self) -> frozenset[int]:
        own = self.settings
        known = {_port(own.http_addr)}
        doors = (
            own.otlp_http_addr,
            own.otlp_grpc_addr,
            own.emf_addr,
            own.xray_udp_addr,
            own.syslog_addr,
        )
        if not (own.data_dir / _FILE).exists():  # before the first start; later a door's port may be another program's
            known |= {_port(one) for one in doors}
        for file, read in (("engine/engine.json", _engine), (_FILE, _listening)):
            try:
                known |= read((self.settings.data_dir / file).read_text(encoding="utf-8"))
            except (OSError, ValueError, KeyError, TypeError):  # it does not run yet, or writes the file just now
                continue
        return frozenset(known - {0})


def _port(address: str) -> int:
    return 0 if address == OFF else int(address.rpartition(":")[2])


def _engine(text: str) -> set[int]:
    return {int(json.loads(text)["port"])}


def _listening(text: str) -> set[int]:
    return {int(one) for one in json.loads(text)}


def write_listening(directory: Path, bound: Iterable[socket.socket] = ()) -> None:
    """Write down every TCP port that this process listens on now, and those of sockets on which it will."""
    found = {int(one.getsockname()[1]) for one in bound}
    found |= {one.laddr.port for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    new = directory / f"{_FILE}.new"
    new.write_text(json.dumps(sorted(found)), encoding="utf-8")
    new.replace(directory / _FILE)


def is_ours(address: Address) -> bool:
    """Whether an address is this machine's: only such a one can be bound to."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
