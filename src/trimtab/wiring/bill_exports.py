"""Exports of the bill over the stores: where their buckets are. Wired by `app.py`."""

from trimtab.costs.delivery.room import BillExports
from trimtab.logs.exports.places import files_of
from trimtab.wiring.rooms import Rooms


def bill_exports(rooms: Rooms) -> BillExports:
    """The room; a bucket is `s3://name`, or the name of a folder below `exports` of the data directory."""
    exports = rooms.settings.data_dir / "exports"

    def write(bucket: str, key: str, content: bytes) -> None:
        files_of(bucket, "", exports).write(key, content)

    return BillExports.of(rooms.stores.state, rooms.stores.telemetry, rooms.costs.ledger, rooms.clock, write)
