"""The frame around every page: template environment, what all pages show, and the errors that become pages."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from trimtab.access.principal import Needs, Principal, Role
from trimtab.access.scope import Scope
from trimtab.alarms.firing import Firing
from trimtab.base import patience
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, QueryAborted, TrimtabError, Unavailable
from trimtab.base.viewer_zone import reading_in
from trimtab.charts.bars import meter
from trimtab.charts.heatmap import hatch, ramp
from trimtab.charts.sparkline import sparkline
from trimtab.figures.register import REGISTER
from trimtab.kpis.hosts import first_seen_ms
from trimtab.kpis.shared_reads import SharedReads
from trimtab.web import format as words
from trimtab.web import respond, skeleton
from trimtab.web.alarms.desk import Desk
from trimtab.web.arrivals import Arrivals
from trimtab.web.assets import Assets
from trimtab.web.cache import SharedCache
from trimtab.web.connect.loading import loading
from trimtab.web.fleet import Fleet
from trimtab.web.gpu_reader import GpuReader
from trimtab.web.investigate.about import investigation_of
from trimtab.web.navigation import HOME, entry_of, home_key, home_of, navigation_of, place_of
from trimtab.web.services import ServiceReader
from trimtab.web.state import WebState
from trimtab.web.view import THEME_COOKIE, View, read_view, zone_of
from trimtab.web.window import read_window

_TEMPLATES = Path(__file__).parent / "templates"
_FIRING_S = 5.0
_LOOKED_AT_S = 3 * 86_400.0
_PATIENCE_S = 0.5
"""How long a page waits, all in all, for facts to be brought up to now: half of what a cold page may take."""
_NAV_COOKIE = "trimtab_nav"
"""The groups of the sidebar that a viewer closed, with dots between (elements/nav-groups.js writes it)."""
_COOKIE_S = 31_536_000
HOME_COOKIE = "trimtab_home"
"""The tab of Home that a viewer looked at last."""

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
        self._loading: tuple[str, ...] = ()
        self._opened_s: float | None = None
        self._assets = assets
        self._environment = _environment()
        self._environment.globals.update(
            asset=assets.url, navigation=navigation_of, version=state.version, refresh_s=state.refresh_s
        )

    def is_looked_at(self) -> bool:
        """Whether a browser opened a page since the start, and within three days."""
        return self._opened_s is not None and self.state.clock.monotonic() - self._opened_s < _LOOKED_AT_S

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
        """Render a page; for a live refresh (htmx says `partial`) only its `<main>`. `layout` may be another frame.

        `moment` (when, and how far around) is what its link to an investigation is about; by default its whole range.
        """
        found = self._environment.get_template(f"pages/{template}.html")
        layout = facts.pop("layout", "base.html")
        moment = facts.pop("moment", None)
        if request.headers.get("hx-request-type") == "partial":
            layout = "fragment.html"
        named = {
            "investigate": investigation_of(view, moment) if facts.get("timed") or moment is not None else "",
            **self._around(request, view),
        }
        answer = respond.html(request, found.render({**named, **facts, "layout": layout}), status)
        if status == 200 and layout == "base.html":
            _remember_home(request)
        return answer

    def _around(self, request: Request, view: View) -> dict[str, Any]:
        """What every page shows around its subject."""
        return {
            "view": view,
            "firing": self._firing.get(view.scope, Firing()),
            "unevaluated": self.state.evaluation.problem if self.state.evaluation else "",
            "loading": self._loading if view.principal.sees_all else (),
            "known_until": self.gpus.known_until,
            "nav_closed": request.cookies.get(_NAV_COOKIE, "").split("."),
            "nav_home": home_of(view.principal, request.cookies.get(HOME_COOKIE, "")),
            **_place(view),
        }

    def _frame(self, request: Request) -> str:
        """A page without a subject, that of one which is being worked out."""
        _remember_home(request)
        found = self._environment.get_template("pages/coming.html")
        return found.render(self._around(request, self._bare(request)))

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
            with reading_in(zone_of(request)), patience.of(_patience_s(request), self.state.clock):
                opened = skeleton.is_opened(request)
                if opened:
                    self._opened_s = self.state.clock.monotonic()
                work = self._made(request, handler, role)
                found = await (skeleton.answer(request, work, lambda: self._frame(request)) if opened else work)
                for name, value in _remembered(request).items():
                    found.set_cookie(name, value, max_age=_COOKIE_S, httponly=True, samesite="lax")
                return found

        answer.needs = Needs(role, bound)  # type: ignore[attr-defined]  # `doors.roles` reads it
        return answer

    async def _made(self, request: Request, handler: Callable[[Request], Awaitable[Response]], role: Role) -> Response:
        """The answer of a handler, or the page that says why there is none."""
        try:
            if not request.state.principal.may(role):
                raise AccessDenied(f"this page needs the role {role}; sign in with a token that has it")
            await self._count(request.state.principal)
            return await handler(request)
        except TrimtabError as problem:
            return self._problem(request, problem)

    async def _count(self, principal: Principal) -> None:
        """How many alarms fire and what is loading, for every page: asked anew every few seconds, however many look."""
        scope = principal.scope
        self._loading = await self.cache.get(("loading",), _FIRING_S, lambda: loading(self.state), stale_s=60.0)
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
        facts = {"title": title, "message": str(problem), "code": status}
        return self.page(request, self._bare(request), "error", status, timed=False, **facts)

    def _bare(self, request: Request) -> View:
        """A view without the page's own range, which may be what is wrong with it."""
        now, theme = self.state.clock.now_ms(), request.cookies.get(THEME_COOKIE, "")
        theme = theme if theme in ("light", "dark") else ""
        return View(request.url.path, (), read_window({}, now, None), False, theme, request.state.principal, now, "")


def remember(request: Request, cookie: str, value: str) -> None:
    """Have the browser keep a choice for a year. Call it before what takes time: after it the answer may have begun."""
    _remembered(request)[cookie] = value


def _remembered(request: Request) -> dict[str, str]:
    found: dict[str, str] = request.scope.setdefault("trimtab.remembered", {})
    return found


def _remember_home(request: Request) -> None:
    if request.url.path in (tab.path for tab in HOME.tabs):
        remember(request, HOME_COOKIE, home_key(request.url.path))


def _patience_s(request: Request) -> float | None:
    """What is read by a program, changes anything, or is made before anybody looks, waits for what is so now."""
    if getattr(request.state, "waits", False):
        return None
    shown = request.method in ("GET", "HEAD") and not request.url.path.endswith((".json", ".csv"))
    return _PATIENCE_S if shown else None


def _place(view: View) -> dict[str, Any]:
    """Where a page stands: the entry of the sidebar, its tabs that the viewer may open, and which of them it is."""
    place = place_of(view.path)
    if place is None:
        return {"nav_entry": None, "nav_tab": None}
    return {"nav_entry": entry_of(place[0], view.principal), "nav_tab": place[1]}


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
