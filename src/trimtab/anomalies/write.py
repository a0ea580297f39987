"""Anomalies into the telemetry store. A row replaces an older one of the same series and start."""

import hashlib
import struct
from collections.abc import Sequence
from typing import Protocol

from trimtab.anomalies.model import Anomaly
from trimtab.store.telemetry.rowbinary import float_array, string
from trimtab.store.telemetry.schema_anomalies import ANOMALIES
from trimtab.store.telemetry.table import Table

_TIMES = struct.Struct("<Qqq")
_NUMBERS = struct.Struct("<BdqbdddqI")  # open, score, peak, direction, value, low, high, picture, revision
AT_ONCE = 1000
"""Rows of a block: about 5 MB."""


class Inserter(Protocol):
    """What this asks of `store.telemetry.client.Telemetry`."""

    def insert(self, table: Table, rows: bytes, token: str) -> None:
        """Insert RowBinary rows as one block."""
        ...


def write(store: Inserter, anomalies: Sequence[Anomaly]) -> None:
    """Write `anomalies` durably; repeating them changes nothing. Blocks. Raises Unavailable."""
    ordered = sorted(anomalies, key=lambda one: one.start_ms)
    for at in range(0, len(ordered), AT_ONCE):
        rows = b"".join(map(_encode, ordered[at : at + AT_ONCE]))
        store.insert(ANOMALIES, rows, hashlib.blake2b(rows, digest_size=16).hexdigest())


def _encode(one: Anomaly) -> bytes:
    return b"".join(
        (
            _TIMES.pack(one.series, one.start_ms, one.end_ms),
            string(one.account),
            string(one.region),
            _NUMBERS.pack(
                one.open,
                one.score,
                one.peak_ms,
                one.direction,
                one.value,
                one.low,
                one.high,
                one.picture_ms,
                one.revision,
            ),
            float_array(one.points),
            float_array(one.lows),
            float_array(one.highs),
        )
    )
