"""The part of the REST API that says who comes in, by itself: for the command line where no server runs."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.room import AccessRoom
from trimtab.doors.rest import access, keys
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.spec import Operation


def access_app(room: AccessRoom, account: str) -> ASGIApp:
    """The operations on keys, groups, service accounts and users, asked by the person at this machine."""
    by_path: dict[str, list[Operation]] = {}
    for operation in (*keys.operations(room, account), *access.operations(room)):
        by_path.setdefault(operation.path, []).append(operation)
    app = Starlette(routes=[Route(path, Endpoint(group)) for path, group in by_path.items()])

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = LOCAL_OPERATOR
        await app(scope, receive, send)

    return asked
