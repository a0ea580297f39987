"""Every operation and page there is, from the tables that declare them; nothing of what they need is called."""

import importlib
import pkgutil
import time
from collections.abc import Mapping
from typing import Any, cast
from unittest.mock import MagicMock

from starlette.routing import Route

import trimtab.doors.aws as aws_door
from trimtab.doors.aws.service import Operations, Service
from trimtab.doors.rest.routes import Dependencies
from trimtab.doors.rest.routes import operations as rest_operations
from trimtab.doors.rest.spec import Operation
from trimtab.settings import Settings
from trimtab.web import app as web


def rest() -> list[Operation]:
    """The operations of REST, in the order of their document."""
    anything = cast(Any, MagicMock())  # not None: a room that is not there has no operations
    needs = dict.fromkeys(Dependencies.__struct_fields__, anything)
    given = {"settings": Settings(), "auth_required": False, "checks": {}}
    return rest_operations(Dependencies(**{**needs, **given}))


def pages() -> list[Route]:
    """The routes of the pages, without those of their assets."""
    routes = [route for route in web.routes(cast(Any, MagicMock())) if isinstance(route, Route)]
    return [route for route in routes if not route.path.startswith("/static")]


def aws() -> list[Service]:
    """The services of the AWS door, over rooms that are not there; those of one service in several tables too."""
    tables: dict[int, Operations[Any]] = {}
    for module in pkgutil.walk_packages(aws_door.__path__, aws_door.__name__ + "."):
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, Operations):
                tables[id(one)] = one
    services = [table.bind(MagicMock()) for table in tables.values()]
    return sorted((one for one in services if one.operations), key=lambda one: one.model.name)


def filled(shape: Any, given: Mapping[str, str], default: str, name: str = "", depth: int = 0) -> Any:
    """A value of a botocore shape with its required members: texts as `given` by the member's name (lower case)."""
    if depth > 5:
        return {}
    match shape.type_name:
        case "string":
            known = next((value for part, value in given.items() if part in name.lower()), default)
            return shape.enum[0] if shape.enum else known
        case "integer" | "long" | "float" | "double":
            return 60 if "eriod" in name else 1
        case "timestamp":
            return time.time() - (3600 if "tart" in name else -60)
        case "boolean":
            return True
        case "blob":
            return b"{}"
        case "list":
            return [filled(shape.member, given, default, name.removesuffix("s"), depth + 1)]
        case "structure":
            members = {key: shape.members[key] for key in shape.required_members}
            return {key: filled(member, given, default, key, depth + 1) for key, member in members.items()}
    return {}
