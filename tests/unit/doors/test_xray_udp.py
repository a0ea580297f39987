"""The daemon's port: a header and a document; what cannot be taken is counted; a full log loses nothing."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Throttled
from trimtab.doors.xray_udp import NO_HEADER, XRayDoor
from trimtab.inventory.sources import SourceLedger
from trimtab.store.state.database import State
from trimtab.store.telemetry.batch import Appended
from trimtab.traces.documents.intake import SegmentIntake
from trimtab.traces.model import Span
from trimtab.traces.sizes import TraceSizes

HEADER = b'{"format": "json", "version": 1}\n'
SEGMENT = {
    "name": "shop",
    "id": "defdfd9912dc5a56",
    "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    "start_time": 1.5,
    "end_time": 2,
}


class Kept:
    """A writer that keeps spans; while `full` it takes none."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.full = False
        self.sizes = TraceSizes()

    async def write(self, spans: Sequence[Span], key: str | None = None) -> Appended:
        if self.full:
            raise Throttled("the log is full")
        self.spans += spans
        return Appended(1, duplicate=False)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def ledger(state: State) -> SourceLedger:
    return SourceLedger(state, ManualClock())


@pytest.fixture
def door(kept: Kept, ledger: SourceLedger) -> XRayDoor:
    intake = SegmentIntake(kept)  # type: ignore[arg-type]  # it only writes
    return XRayDoor(intake, ledger, "123456789012", "us-east-1")


def test_documents_are_kept_at_the_next_flush(door: XRayDoor, kept: Kept, ledger: SourceLedger) -> None:
    door.datagram(HEADER + json.dumps(SEGMENT).encode())
    door.datagram(b'{"format":"json","version":1}\n' + json.dumps(SEGMENT | {"id": "a" * 16}).encode())
    assert [] == kept.spans
    asyncio.run(door.flush())
    assert {"defdfd9912dc5a56", "a" * 16} == {span.span_id for span in kept.spans}
    (source,) = ledger.list()
    assert ("xray-udp", "shop", 2) == (source.door, source.name, source.rows)


def test_what_cannot_be_taken_is_counted_with_a_reason(door: XRayDoor, kept: Kept, ledger: SourceLedger) -> None:
    door.datagram(b"no header")
    door.datagram(b'{"format":"xml","version":1}\n{}')
    door.datagram(HEADER)  # a daemon's health check
    door.datagram(HEADER + b"{")
    asyncio.run(door.flush())
    assert [] == kept.spans
    found = {one.reason: one.rows for one in ledger.rejections(10)}
    assert 2 == found[NO_HEADER]
    assert any("ParseError" in reason for reason in found)


def test_a_full_log_loses_nothing(door: XRayDoor, kept: Kept) -> None:
    kept.full = True
    door.datagram(HEADER + json.dumps(SEGMENT).encode())
    with pytest.raises(Throttled):
        asyncio.run(door.flush())
    assert "1 X-Ray segments are lost" in asyncio.run(door.flush_last())
    kept.full = False
    asyncio.run(door.flush())
    assert 1 == len(kept.spans)
