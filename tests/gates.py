"""Gates of outgoing connections for tests: one over a state database, and one that lets everything on loopback out."""

import os
from pathlib import Path
from typing import cast

from trimtab.base.clock import Clock, SystemClock
from trimtab.egress.address import Place
from trimtab.egress.entries import Entries, Entry
from trimtab.egress.gate import Gate
from trimtab.egress.own import OwnPorts
from trimtab.settings import OFF, Settings
from trimtab.store.state.database import State

_QUIET = Settings(
    http_addr=OFF, otlp_http_addr=OFF, otlp_grpc_addr=OFF, emf_addr=OFF, statsd_addr=OFF, xray_udp_addr=OFF,
    data_dir=Path(os.devnull),
)  # fmt: skip


class _Everything(Entries):
    """Every place is listed, and nothing is kept."""

    def add(self, place: Place, note: str, made_by: str) -> Entry:
        return Entry(place, note, made_by, 0)

    def has(self, place: Place) -> bool:
        return True

    def refused(self, place: Place, reason: str, asked_by: str) -> None:
        return


def open_gate() -> Gate:
    """Lets out whatever is not refused whatever the list says."""
    nothing = cast("State", None)
    return Gate(_Everything(nothing, SystemClock()), OwnPorts(_QUIET))


def gate_of(state: State, clock: Clock | None = None) -> Gate:
    """The list in `state`; trimtab itself listens nowhere."""
    return Gate(Entries(state, clock or SystemClock()), OwnPorts(_QUIET))
