"""Which role a request needs: what the route says that answers it, asked by the guard and by the audit.

A REST operation and a page declare their role where they are declared; any other route is a `DoorRoute`. So there is no
second list to fall behind. A path that no route has needs `read` to look and `write` for anything else.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_RoleOf = Callable[[str], Role | None]


class DoorRoute(Route):
    """A route that is neither a page nor a REST operation, with the role that its callers need."""

    def __init__(self, path: str, endpoint: Callable[..., Any], needs: Role, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.needs = needs


class Roles:
    """The roles that routes declare, in the order in which they are tried.

    Raises TypeError for a route that declares none, unless anybody may have its path: `is_open`.
    """

    def __init__(self, routes: Iterable[BaseRoute] = (), is_open: Callable[[str], bool] = lambda path: False) -> None:
        self._fixed: dict[str, list[_RoleOf]] = {}
        self._patterns: list[tuple[re.Pattern[str], _RoleOf]] = []
        for route in routes:
            role_of = declared(route) if isinstance(route, Route) else None
            if not isinstance(route, Route) or role_of is None:
                path = getattr(route, "path", "")
                if is_open(path):
                    continue
                raise TypeError(f"cannot serve {path or route}: it declares no role; make it a DoorRoute")
            if "{" in route.path:
                self._patterns.append((route.path_regex, role_of))
            else:
                self._fixed.setdefault(route.path, []).append(role_of)

    def needed(self, method: str, path: str) -> Role:
        """The role that `method` on `path` needs."""
        for role_of in self._fixed.get(path, ()):
            role = role_of(method)
            if role is not None:
                return role
        for pattern, role_of in self._patterns:
            if pattern.match(path):
                role = role_of(method)
                if role is not None:
                    return role
        return Role.READ if method in SAFE_METHODS else Role.WRITE


def declared(route: Route) -> _RoleOf | None:
    """The role that a route declares, by method (None for a method that it does not have); None where it declares
    none."""
    operation_of = getattr(route.endpoint, "operation_of", None)
    if operation_of is not None:

        def of_operation(method: str) -> Role | None:
            operation = operation_of(method)
            return None if operation is None else operation.role or Role.FINANCE

        return of_operation
    role: Role | None = getattr(route, "needs", None) or getattr(route.endpoint, "needs", None)
    methods = route.methods
    return None if role is None else lambda method: role if methods is None or method in methods else None
