"""The frame around every page: navigation, template environment, and the errors that become pages."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from trimtab.access.principal import Needs, Principal, Role
from trimtab.access.scope import Scope
from trimtab.alarms.firing import Firing
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, QueryAborted, TrimtabError, Unavailable
from trimtab.charts.bars import meter
from trimtab.charts.heatmap import hatch, ramp
from trimtab.charts.sparkline import sparkline
from trimtab.figures.register import REGISTER
from trimtab.kpis.hosts import first_seen_ms
from trimtab.kpis.shared_reads import SharedReads
from trimtab.web import format as words
from trimtab.web import respond
from trimtab.web.alarms.desk import Desk
from trimtab.web.arrivals import Arrivals
from trimtab.web.assets import Assets
from trimtab.web.cache import SharedCache
from trimtab.web.fleet import Fleet
from trimtab.web.gpu_reader import GpuReader
from trimtab.web.services import ServiceReader
from trimtab.web.state import WebState
from trimtab.web.view import THEME_COOKIE, View, read_view
from trimtab.web.window import read_window

_TEMPLATES = Path(__file__).parent / "templates"
_FIRING_S = 5.0
_NAV_COOKIE = "trimtab_nav"
"""The groups of the sidebar that a viewer closed, with dots between (elements/nav-groups.js writes it)."""


class NavItem(Struct, frozen=True):
    """A link of the sidebar. `bound`: the page is also for callers who are bound to tags."""

    name: str
    path: str
    icon: str
    role: Role = Role.READ
    bound: bool = True

    def open_to(self, principal: Principal) -> bool:
        """Whether a caller may have the page."""
        return principal.may(self.role) and (self.bound or not principal.bound)


NAVIGATION: tuple[tuple[str, tuple[NavItem, ...], str], ...] = (
    (
        "Fleet",
        (
            NavItem("Overview", "/", "gauge"),
            NavItem("Hosts & GPUs", "/hosts", "server"),
            NavItem("GPU health", "/gpu-health", "burst", bound=False),
            NavItem("Teams", "/teams", "stack"),
            NavItem("Queue & runs", "/runs", "queue"),
            NavItem("Endpoints", "/endpoints", "broadcast"),
            NavItem("Load tests", "/load-tests", "curve", bound=False),
            NavItem("Batch jobs", "/batch", "files", bound=False),
            NavItem("Functions & jobs", "/serverless", "bolt"),
            NavItem("Service KPIs", "/kpis", "pulse"),
        ),
        "",
    ),
    (
        "Money",
        (
            NavItem("Costs", "/costs", "coins", Role.FINANCE),
            NavItem("Cost per run & token", "/unit-costs", "per", Role.FINANCE),
            NavItem("Tokens", "/tokens", "tag", Role.FINANCE),
            NavItem("Cost anomalies", "/cost-anomalies", "burst", Role.FINANCE),
            NavItem("Budgets", "/budgets", "target", Role.FINANCE),
            NavItem("Purchase plan", "/purchase-plan", "cart", Role.FINANCE, bound=False),
            NavItem("Statements", "/statements", "receipt", Role.FINANCE, bound=False),
            NavItem("Allocation", "/allocation", "split", Role.FINANCE, bound=False),
            NavItem("Untagged cost", "/untagged", "tag", Role.FINANCE, bound=False),
        ),
        "",
    ),
    (
        "Actions",
        (
            NavItem("Advice", "/advice", "bulb"),
            NavItem("Right-sizing", "/rightsizing", "ruler"),
            NavItem("Savings ledger", "/savings", "book", Role.FINANCE),
            NavItem("Alarms", "/alarms", "alert"),
            NavItem("Event rules", "/event-rules", "flow", bound=False),
            NavItem("Scaling", "/scaling", "scale", bound=False),
            NavItem("Simulator", "/simulate", "play"),
            NavItem("Capacity plan", "/capacity-plan", "stack", bound=False),
        ),
        "",
    ),
    (
        "Explore",
        (
            NavItem("Metrics", "/explore/metrics", "chart"),
            NavItem("Logs", "/logs", "lines"),
            NavItem("Traces", "/traces", "trace"),
            NavItem("Audit", "/audit", "shield", bound=False),
            NavItem("Anomalies", "/anomalies", "spike"),
            NavItem("Dashboards", "/dashboards", "grid"),
            NavItem("Analyses", "/analyses", "wave"),
            NavItem("Datasets", "/datasets", "table", Role.FINANCE),
            NavItem("Reports", "/reports", "report", Role.FINANCE, bound=False),
        ),
        "",
    ),
    (
        "Admin",
        (
            NavItem("Data sources", "/sources", "plug", bound=False),
            NavItem("Notifications", "/notifications", "bell", bound=False),
            NavItem("Access", "/access", "key"),
            NavItem("Settings", "/settings", "sliders"),
        ),
        "",
    ),
)
"""UI.md's five groups. Only pages that exist are links; an empty group says what it waits for."""


def navigation_of(principal: Principal) -> list[tuple[str, tuple[NavItem, ...], str]]:
    """The groups as a caller sees them: pages that are not open to it are not there, nor groups without any."""
    shown = [
        (name, tuple(item for item in items if item.open_to(principal)), later) for name, items, later in NAVIGATION
    ]
    return [group for group in shown if group[1] or (group[2] and principal.may(Role.READ))]


_STATUS: tuple[tuple[type[TrimtabError], int, str], ...] = (
    (InvalidInput, 400, "This address cannot be read"),
    (AccessDenied, 403, "Not for this sign-in"),
    (NotFound, 404, "Nothing here"),
    (Conflict, 409, "Not possible now"),
    (QueryAborted, 504, "The question was too large"),
    (Unavailable, 503, "The store does not answer now"),
    (TrimtabError, 500, "That did not work"),
)


class Site:
    """What every page needs besides its own subject."""

    def __init__(self, state: WebState, assets: Assets) -> None:
        self.state = state
        self.cache = SharedCache(state.clock)
        self.fleet = Fleet(state, self.cache)
        reads = SharedReads(state.reader)
        self.gpus = GpuReader(state, self.cache)
        self.services = ServiceReader(state, self.cache, reads, self.gpus)
        self.arrivals = Arrivals(state.clock)
        self.alarms = None if state.alarms is None else Desk(state.alarms, self.cache)
        self._firing: dict[Scope, Firing] = {}
        self._assets = assets
        self._environment = _environment()
        self._environment.globals.update(
            asset=assets.url, navigation=navigation_of, version=state.version, refresh_s=state.refresh_s
        )

    def view(self, request: Request, default_range: str = "auto") -> View:
        """The view that `request` asks for."""
        first = first_seen_ms(self.state.registry, request.state.principal.scope)
        return read_view(request, self.state.clock.now_ms(), first, default_range)

    async def fleet_view(self, request: Request) -> View:
        """The view of a page about GPUs and services: a day where the URL names no range and there are GPUs.

        Who idles is seen over a day, not over the last hour; a machine without GPUs keeps the shorter range.
        """
        day = await self.gpus.any(request.state.principal.scope)
        return self.view(request, "24h" if day else "auto")

    def page(self, request: Request, view: View, template: str, status: int = 200, **facts: Any) -> Response:
        """Render a page; for a live refresh (htmx says `partial`) only its `<main>`. `layout` may be another frame."""
        found = self._environment.get_template(f"pages/{template}.html")
        layout = facts.pop("layout", "base.html")
        if request.headers.get("hx-request-type") == "partial":
            layout = "fragment.html"
        frame = {
            "view": view,
            "firing": self._firing.get(view.scope, Firing()),
            "unevaluated": self.state.evaluation.problem if self.state.evaluation else "",
            "nav_closed": request.cookies.get(_NAV_COOKIE, "").split("."),
        }
        return respond.html(request, found.render({**frame, **facts, "layout": layout}), status)

    def fragment(self, request: Request, view: View, template: str, **facts: Any) -> Response:
        """Render a part of a page by itself."""
        found = self._environment.get_template(f"parts/{template}.html")
        return respond.html(request, found.render({"view": view, **facts}))

    def guarded(
        self, handler: Callable[[Request], Awaitable[Response]], role: Role = Role.READ, *, bound: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        """`handler` behind a check of the caller's role, with trimtab's errors turned into pages (or JSON).

        `bound`: callers who are bound to tags (a team) may have it, as it keeps to what they see.
        """

        async def answer(request: Request) -> Response:
            try:
                if not request.state.principal.may(role):
                    raise AccessDenied(f"this page needs the role {role}; sign in with a token that has it")
                await self._count(request.state.principal.scope)
                return await handler(request)
            except TrimtabError as problem:
                return self._problem(request, problem)

        answer.needs = Needs(role, bound)  # type: ignore[attr-defined]  # `doors.roles` reads it
        return answer

    async def _count(self, scope: Scope) -> None:
        """How many alarms fire, for every page: counted anew some seconds after it was, however many look."""
        if self.alarms is not None:
            count = partial(self.alarms.rooms.firing.now, scope)
            self._firing[scope] = await self.cache.get(("firing", scope), _FIRING_S, count, stale_s=60.0)

    def nothing_at(self, request: Request) -> Response:
        """The page for an address that has none."""
        return self._problem(
            request, NotFound(f"no page has the address {request.url.path}; Ctrl-K finds those that exist")
        )

    def _problem(self, request: Request, problem: TrimtabError) -> Response:
        status, title = next((code, title) for kind, code, title in _STATUS if isinstance(problem, kind))
        if request.url.path.endswith((".json", ".csv")):
            return respond.json(request, {"error": str(problem)}, status)
        now = self.state.clock.now_ms()
        # The page's own range may be what was wrong: the error page has none.
        theme = request.cookies.get(THEME_COOKIE, "")
        bare = View(request.url.path, (), read_window({}, now, None), False, theme, request.state.principal, now, "")
        return self.page(request, bare, "error", status, timed=False, title=title, message=str(problem), code=status)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, sparkline=sparkline, meter=meter, hatch=hatch, ramp=ramp)
    environment.globals.update(figures=REGISTER)
    environment.globals["ui"] = environment.get_template("parts/ui.html").module
    return environment
