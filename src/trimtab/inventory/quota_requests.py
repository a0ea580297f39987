"""`QuotaRequests`: who asked for a higher quota. trimtab changes none: who may does it where the quota is kept."""

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import quota_requests

_columns = quota_requests.c


class QuotaRequest(Struct, frozen=True, kw_only=True):
    """Somebody asked for more of a quota."""

    id: str
    account: str
    region: str
    service: str
    code: str
    desired: float
    requester: str
    created_ms: int


class QuotaRequests:
    """Every request, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def add(
        self, place: tuple[str, str], service: str, code: str, desired: float, requester: str
    ) -> QuotaRequest:
        """Note a request of an (account, region)."""
        made = QuotaRequest(
            id=new_id().replace("-", ""),
            account=place[0],
            region=place[1],
            service=service,
            code=code,
            desired=desired,
            requester=requester,
            created_ms=self._clock.now_ms(),
        )
        row = {name: getattr(made, name) for name in QuotaRequest.__struct_fields__}
        await self._state.change(lambda connection: connection.execute(insert(quota_requests).values(row)))
        return made

    async def listed(self, place: tuple[str, str]) -> list[QuotaRequest]:
        """The requests of an (account, region), the newest first."""
        query = select(quota_requests).where(_columns.account == place[0], _columns.region == place[1])
        query = query.order_by(_columns.created_ms.desc(), _columns.id)

        def read(connection: Connection) -> list[QuotaRequest]:
            return [QuotaRequest(**row._mapping) for row in connection.execute(query)]

        return await self._state.read(read)

    async def get(self, place: tuple[str, str], id_: str) -> QuotaRequest:
        """One request. Raises NotFound."""
        for one in await self.listed(place):
            if one.id == id_:
                return one
        raise NotFound(f"there is no request {id_!r}")
