"""Sources and rejections, and their rows in the state tables."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from trimtab.store.state.tables import rejections as rejections_table
from trimtab.store.state.tables import sources as sources_table


class Source(Struct, frozen=True):
    """One client of one door. `last_seen_ms` is when rows of it were last accepted (its first contact if never)."""

    id: str
    door: str
    name: str
    account: str
    region: str
    first_seen_ms: int
    last_seen_ms: int
    rows: int = 0
    bytes: int = 0
    rejected: int = 0
    rows_per_s: float = 0.0
    """Rows a second over the last minute."""

    def age_s(self, now_ms: int) -> float:
        """Seconds since rows were last accepted."""
        return max(0, now_ms - self.last_seen_ms) / 1000


class Rejection(Struct, frozen=True):
    """`rows` rows of `source` (a `Source.id`) that were refused for `reason`, the last of them at `at_ms`."""

    source: str
    at_ms: int
    reason: str
    example: str
    rows: int


class Refused(Struct):
    """A rejection as it is counted; `row_id` once the state database has it."""

    source: str
    reason: str
    example: str
    since_ms: int
    at_ms: int
    rows: int
    row_id: int | None = None


def read_ledger(connection: Connection, sources_kept: int, rejections_kept: int) -> tuple[list[Source], list[Refused]]:
    """The newest sources and rejections, the oldest of them first."""
    kept = sources_table.c
    newest = select(sources_table).order_by(kept.last_seen_ms.desc()).limit(sources_kept)
    sources = [
        Source(
            row.id,
            row.door,
            row.name,
            row.account,
            row.region,
            row.first_seen_ms,
            row.last_seen_ms,
            row.rows,
            row.bytes,
            row.rejected,
        )
        for row in connection.execute(newest)
    ]
    last = select(rejections_table).order_by(rejections_table.c.id.desc()).limit(rejections_kept)
    refused = [
        Refused(row.source, row.reason, row.example, row.at_ms, row.at_ms, row.rows, row.id)
        for row in connection.execute(last)
    ]
    return sources[::-1], refused[::-1]


def write_ledger(
    connection: Connection, changed: Sequence[Source], refused: Sequence[Refused], gone: set[str], rejections_kept: int
) -> None:
    """Write what changed, give new rejections their row ids, and drop the oldest beyond `rejections_kept`."""
    for name in gone:
        connection.execute(delete(sources_table).where(sources_table.c.id == name))
    for source in changed:
        counted = {
            "last_seen_ms": source.last_seen_ms,
            "rows": source.rows,
            "bytes": source.bytes,
            "rejected": source.rejected,
        }
        done = connection.execute(sources_table.update().where(sources_table.c.id == source.id).values(**counted))
        if not done.rowcount:
            fixed = {
                "id": source.id,
                "door": source.door,
                "name": source.name,
                "account": source.account,
                "region": source.region,
                "detail": "{}",
                "first_seen_ms": source.first_seen_ms,
            }
            connection.execute(sources_table.insert().values(**fixed, **counted))
    for item in refused:
        _write_refused(connection, item)
    if refused:
        kept = select(rejections_table.c.id).order_by(rejections_table.c.id.desc()).offset(rejections_kept).limit(1)
        last = connection.execute(kept).scalar()
        if last is not None:
            connection.execute(delete(rejections_table).where(rejections_table.c.id <= last))


def _write_refused(connection: Connection, item: Refused) -> None:
    counted = {"at_ms": item.at_ms, "rows": item.rows}
    if item.row_id is not None:
        connection.execute(rejections_table.update().where(rejections_table.c.id == item.row_id).values(**counted))
        return
    fixed = {"source": item.source, "reason": item.reason, "example": item.example}
    made = connection.execute(rejections_table.insert().values(**fixed, **counted))
    item.row_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
