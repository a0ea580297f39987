"""What a request needs: what the route says that answers it, asked by the guard and by the audit.

A REST operation and a page declare their role where they are declared, and whether callers who are bound to tags may
ask; any other route is a `DoorRoute`. So there is no second list to fall behind. A path that no route has needs `read`
to look and `write` for anything else, and is not for those who are bound.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Needs, Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_NeedsOf = Callable[[str], Needs | None]


class DoorRoute(Route):
    """A route that is neither a page nor a REST operation, with what its callers need."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], needs: Role, *, bound: bool = False, **options: Any
    ) -> None:
        super().__init__(path, endpoint, **options)
        self.needs = Needs(needs, bound)


class Roles:
    """What routes declare, in the order in which they are tried.

    Raises TypeError for a route that declares none, unless anybody may have its path: `is_open`.
    """

    def __init__(self, routes: Iterable[BaseRoute] = (), is_open: Callable[[str], bool] = lambda path: False) -> None:
        self._fixed: dict[str, list[_NeedsOf]] = {}
        self._patterns: list[tuple[re.Pattern[str], _NeedsOf]] = []
        for route in routes:
            needs_of = declared(route) if isinstance(route, Route) else None
            if not isinstance(route, Route) or needs_of is None:
                path = getattr(route, "path", "")
                if is_open(path):
                    continue
                raise TypeError(f"cannot serve {path or route}: it declares no role; make it a DoorRoute")
            if "{" in route.path:
                self._patterns.append((route.path_regex, needs_of))
            else:
                self._fixed.setdefault(route.path, []).append(needs_of)

    def needed(self, method: str, path: str) -> Needs:
        """What `method` on `path` needs."""
        for needs_of in self._fixed.get(path, ()):
            needs = needs_of(method)
            if needs is not None:
                return needs
        for pattern, needs_of in self._patterns:
            if pattern.match(path):
                needs = needs_of(method)
                if needs is not None:
                    return needs
        return Needs(Role.READ if method in SAFE_METHODS else Role.WRITE)


def declared(route: Route) -> _NeedsOf | None:
    """What a route declares, by method (None for a method that it does not have); None where it declares nothing."""
    operation_of = getattr(route.endpoint, "operation_of", None)
    if operation_of is not None:

        def of_operation(method: str) -> Needs | None:
            operation = operation_of(method)
            return None if operation is None else Needs(operation.role or Role.FINANCE, operation.bound)

        return of_operation
    needs: Needs | None = getattr(route, "needs", None) or getattr(route.endpoint, "needs", None)
    methods = route.methods
    return None if needs is None else lambda method: needs if methods is None or method in methods else None
