"""Role × door × operation: each route and each operation of AWS lets in whom it declares, and refuses all others.

The tables are those of the program as it is composed; what they would call is replaced.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

import boto3
import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Match, Route

import every_operation
from boto_in_process import sent
from trimtab import app
from trimtab.access.keys import AwsKey
from trimtab.access.principal import Needs, Principal, Role, scope_of
from trimtab.access.scope import RowRule
from trimtab.base.clock import SystemClock
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.gateway import Gateway, GatewayOptions, is_aws_request
from trimtab.doors.aws.service import Answer, Operation, Request, Service
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, Policy, is_open
from trimtab.doors.roles import declared
from trimtab.settings import Settings
from trimtab.web.navigation import navigation_of, tabs

ACCOUNT, REGION, BOUND = "123456789012", "us-east-1", "bound"
LET_IN = 299
"""What stands for an answer."""
ROWS = (RowRule("team", frozenset(("vision",))),)
PEOPLE: Mapping[str, Principal] = {
    **{role.value: Principal(role.value, None, role, scope_of(None)) for role in Role},
    BOUND: Principal(BOUND, None, Role.ADMIN, scope_of(None, ROWS)),
}


class Keys:
    """A token and an AWS key of each, called as their roles."""

    def principal_of_token(self, token: str) -> Principal | None:
        return PEOPLE.get(token)

    def principal_of_session(self, session: str) -> None:
        return None

    def secret_of(self, access_key_id: str) -> AwsKey | None:
        who = PEOPLE.get(access_key_id)
        return None if who is None else AwsKey(access_key_id, "secret", ACCOUNT, who)


@dataclass(frozen=True)
class Composed:
    """The program's doors, without what is behind them."""

    routes: list[Route]
    site: Starlette
    guard: Guard
    services: tuple[Service, ...]


async def stand_in(scope: Any, receive: Any, send: Any) -> None:
    """Answers for what a route would."""
    await Response(status_code=LET_IN)(scope, receive, send)


async def called(request: Request, context: Any) -> Answer:
    """Answers for what an operation would."""
    raise AwsError("LetIn", "the operation was called")


@pytest.fixture(scope="module")
def doors() -> Composed:
    rooms = MagicMock()
    rooms.settings, rooms.auth_required = Settings(), True
    rooms.stores.ingest_logs = [MagicMock() for _ in range(4)]
    watched, *_ = app.build_doors(rooms, MagicMock())
    front: Any = watched.inner
    site = front._site._site
    routes = [route for route in site.routes if isinstance(route, Route)]
    assert len(routes) == len(site.routes)
    for route in routes:
        route.app = stand_in
    guard = Guard(Policy(auth_required=True, check_host=False), Keys(), front._guard._roles)
    services = tuple(front._aws._options.services)
    for service in services:
        operations: Any = service.operations
        operations.update({name: replace(one, call=called, raw=None, dialect=None) for name, one in operations.items()})
    return Composed(routes, site, guard, services)


def address(route: Route) -> str:
    """A path of a route."""
    path = re.sub(r"{(\w+):int}", "1", route.path)
    return re.sub(r"{\w+(:\w+)?}", "x", path)


def answering(doors: Composed, method: str, path: str) -> Route:
    """The route that the router gives a request to."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return next(route for route in doors.routes if route.matches(scope)[0] is Match.FULL)


def test_every_route_declares_what_it_needs(doors: Composed) -> None:
    assert [route.path for route in doors.routes if declared(route) is None and not is_open(route.path)] == []


def test_the_sidebar_has_what_a_caller_may_open(doors: Composed) -> None:
    items = [tab for _, tab in tabs()]
    declarations = {item.path: declared(answering(doors, "GET", item.path)) for item in items}
    found = {path: needs("GET") for path, needs in declarations.items() if needs is not None}
    assert found == {item.path: Needs(item.role, item.bound) for item in items}
    shown = {tab.path for group in navigation_of(PEOPLE[BOUND]) for entry in group.entries for tab in entry.tabs}
    assert {"/", "/costs", "/dashboards"} <= shown
    assert not {"/scaling", "/audit", "/statements"} & shown


def test_every_route_lets_in_whom_it_declares(doors: Composed) -> None:
    wrong, asked = [], 0
    front = Front(doors.site, doors.guard)

    async def everybody() -> None:
        nonlocal asked
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for method, path, needs in requests(doors):
                for who in ("", *PEOPLE):
                    asked += 1
                    headers = {"Authorization": f"Bearer {who}"} if who else {}
                    answer = await client.request(method, path, headers=headers)
                    if (said := problem(answer, needs, who)) is not None:
                        wrong.append(f"{who or 'nobody'} {method} {path}: {said}")

    asyncio.run(everybody())
    assert wrong == []
    assert asked > 3000


def requests(doors: Composed) -> Iterator[tuple[str, str, Needs]]:
    """Each method of each path with what it needs, as the route declares that answers it."""
    for route in doors.routes:
        path = address(route)
        if is_open(path):
            continue
        methods = set(route.methods or ())
        operation_of = getattr(route.endpoint, "operation_of", None)
        if operation_of is not None:
            methods = {method for method in ("GET", "POST", "PUT", "DELETE") if operation_of(method) is not None}
        for method in sorted(methods - {"HEAD"}):
            found = declared(answering(doors, method, path))
            needs = found(method) if found is not None else None
            if needs is not None:
                yield method, path, needs


def problem(answer: httpx.Response, needs: Needs, who: str) -> str | None:
    """What is wrong with an answer; None where nothing."""
    if not who:
        expected, code = 401, "unauthenticated"
    elif not PEOPLE[who].may(needs.role) or (PEOPLE[who].bound and not needs.bound):
        expected, code = 403, "access_denied"
    else:
        expected, code = LET_IN, ""
    said = answer.json()["error"]["code"] if code and answer.status_code == expected else ""
    return None if (answer.status_code, said) == (expected, code) else f"{answer.status_code}, not {expected} {code}"


def test_every_operation_of_aws_lets_in_whom_it_declares(doors: Composed) -> None:
    options = GatewayOptions(doors.services, Keys(), SystemClock(), ACCOUNT, REGION, auth_required=True)
    gateway, wrong, asked = Gateway(options), [], 0
    front = Front(MagicMock(), doors.guard, aws=gateway, is_aws=is_aws_request)
    for service in doors.services:
        client: Any = client_of(service, front)
        names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
        for operation in service.operations.values():
            for who, code in expected_of(operation):
                asked += 1
                client._request_signer._credentials = Credentials(who, "secret")
                got = code_of(client, names[operation.name])
                if got.removesuffix("Exception") not in code:
                    wrong.append(f"{who} {service.model.name}:{operation.name}: {got}, not {code}")
    assert wrong == []
    assert asked > 1800


def expected_of(operation: Operation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Whom to ask an operation as, and the codes of what they are to be answered."""
    below = [role for role in Role if not role.includes(operation.needs)]
    yield operation.needs.value, ("LetIn",)
    if below:
        yield below[-1].value, ("AccessDenied",)
    yield BOUND, ("LetIn",) if operation.bound else ("AccessDenied",)
    yield "unknown", ("InvalidClientTokenId", "UnrecognizedClient", "InvalidToken")


def client_of(service: Service, front: Front) -> Any:
    """The boto3 client of a service, over no socket."""
    config = Config(retries={"max_attempts": 0}, parameter_validation=False, inject_host_prefix=False)
    made = boto3.client(
        service.model.name, region_name=REGION, endpoint_url="http://127.0.0.1", config=config,
        aws_access_key_id="x", aws_secret_access_key="secret",
    )  # fmt: skip

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return asyncio.run(sent(front, request))

    made.meta.events.register("before-send.*", send)
    return made


def code_of(client: Any, method: str) -> str:
    """The code of the error that a call is answered with, in whatever form the protocol has for it."""
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    try:
        getattr(client, method)(**(every_operation.filled(shape, {}, "name") if shape else {}))
    except ClientError as problem:
        assert problem.response["Error"]["Message"]
        return str(problem.response["Error"]["Code"])
    return "answered"
