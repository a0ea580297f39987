"""Whose logs a call of the API is about, shared by the files that answer `/rest/v1/logs/…`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.base.errors import AccessDenied
from trimtab.doors.rest.spec import Call
from trimtab.logs.model import Group
from trimtab.logs.room import LogsRoom

TAG = "logs"
BY_NAME = Annotated[str, Meta(min_length=1, max_length=512)]


class LogDoors(Struct, frozen=True):
    """What the operations need. `account` is that of callers who have none."""

    room: LogsRoom
    account: str
    region: str

    def place(self, call: Call[Any, Any]) -> tuple[str, str]:
        """The account and region of a call."""
        return call.principal.account or self.account, self.region

    def whole_place(self, call: Call[Any, Any]) -> tuple[str, str]:
        """The same, for what reads or shows all of an account. Raises AccessDenied for who sees some rows only."""
        if call.principal.scope.rows:
            raise AccessDenied(f"cannot do this: {call.principal.name!r} sees some of the account's logs only")
        return self.place(call)

    async def group(self, call: Call[Any, Any], name: str) -> Group:
        """A log group that the caller sees. Raises NotFound."""
        return await self.room.reader.group(call.principal.scope, *self.place(call), name)


class NameQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which one, by name."""

    name: BY_NAME
