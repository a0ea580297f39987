"""Series whose anomalies nobody wants to see: they are still watched, and shown again when the mute ends."""

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import anomaly_mutes as table


class Mute(Struct, frozen=True):
    """A muted series, until `until_ms` (0: for good)."""

    series: int
    account: str
    region: str
    until_ms: int
    muted_by: str
    created_ms: int


class MuteStore:
    """Mutes and unmutes series."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def mute(self, series: int, account: str, region: str, until_ms: int, by: str) -> Mute:
        """Mute a series; another mute of it is replaced."""
        made = Mute(series, account, region, until_ms, by, self._clock.now_ms())

        def put(connection: Connection) -> None:
            connection.execute(delete(table).where(table.c.series == str(series)))
            connection.execute(
                insert(table).values(
                    series=str(series),
                    account=account,
                    region=region,
                    until_ms=until_ms,
                    muted_by=by,
                    created_ms=made.created_ms,
                )
            )

        await self._state.change(put)
        return made

    async def unmute(self, series: int) -> None:
        """Show the anomalies of a series again. Raises NotFound where it is not muted."""
        gone = await self._state.change(
            lambda connection: connection.execute(delete(table).where(table.c.series == str(series))).rowcount
        )
        if not gone:
            raise NotFound(f"cannot unmute series {series}: it is not muted")

    async def active(self) -> list[Mute]:
        """The mutes that hold now, the newest first."""
        now_ms = self._clock.now_ms()
        query = select(table).order_by(table.c.created_ms.desc(), table.c.series)
        rows = await self._state.read(lambda connection: connection.execute(query).mappings().all())
        found = [
            Mute(int(row["series"]), row["account"], row["region"], row["until_ms"], row["muted_by"], row["created_ms"])
            for row in rows
        ]
        return [one for one in found if one.until_ms == 0 or one.until_ms > now_ms]
