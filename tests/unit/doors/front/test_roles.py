"""What a request needs is what its route declares; a route that declares nothing is not served."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Needs, Role
from trimtab.doors.guard import is_open
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.spec import Operation
from trimtab.doors.roles import DoorRoute, Roles


async def nothing(*_: object) -> Response:
    return Response()


async def page(request: Request) -> Response:
    return Response()


def operation(method: str, path: str, role: Role | None) -> Operation:
    return Operation(method, path, "x", "X.", nothing, None, role=role)


def endpoint(path: str, **roles: Role | None) -> Route:
    return Route(path, Endpoint([operation(method, path, role) for method, role in roles.items()]))


page.needs = Needs(Role.FINANCE, bound=True)  # type: ignore[attr-defined]
ROUTES: list[BaseRoute] = [
    endpoint("/rest/v1/keys", GET=Role.ADMIN, POST=Role.ADMIN),
    endpoint("/rest/v1/statements/check", POST=Role.FINANCE),
    endpoint("/rest/v1/statements/{month}", GET=Role.FINANCE, DELETE=Role.WRITE),
    endpoint("/rest/v1/about", GET=None),
    DoorRoute("/v1/metrics", page, Role.WRITE, methods=["POST"]),
    DoorRoute("/api/v1/query", page, Role.READ, methods=["GET", "POST"]),
    Route("/costs", page),
    DoorRoute("/rest/{path:path}", Endpoint([]), Role.FINANCE),
]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/rest/v1/keys", Role.ADMIN),
        ("HEAD", "/rest/v1/keys", Role.ADMIN),
        ("POST", "/rest/v1/statements/check", Role.FINANCE),  # a post that only tries
        ("GET", "/rest/v1/statements/2026-08", Role.FINANCE),
        ("DELETE", "/rest/v1/statements/2026-08", Role.WRITE),
        ("GET", "/rest/v1/about", Role.FINANCE),  # anybody who is let in
        ("POST", "/v1/metrics", Role.WRITE),
        ("POST", "/api/v1/query", Role.READ),
        ("GET", "/costs", Role.FINANCE),
        ("HEAD", "/costs", Role.FINANCE),
        ("POST", "/costs", Role.WRITE),  # it has no such method
        ("GET", "/nowhere", Role.READ),
        ("PROPFIND", "/nowhere", Role.WRITE),
    ],
)
def test_the_role_is_the_routes(method: str, path: str, role: Role) -> None:
    assert Roles(ROUTES).needed(method, path).role == role


def test_a_route_without_a_role_is_not_served_unless_anybody_may_have_it() -> None:
    with pytest.raises(TypeError, match="cannot serve /forgotten: it declares no role"):
        Roles([Route("/forgotten", nothing)], is_open)
    assert Roles([Route("/login", nothing)], is_open).needed("GET", "/elsewhere") == Needs(Role.READ)
