"""A request as the pages see it: who asks, for which range, live or paused, in which theme; links to its variants."""

from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request

from trimtab.access.principal import Principal
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.jobs.schedule import named_zone
from trimtab.web.window import Window, read_window

THEME_COOKIE = "trimtab_theme"
ZONE_COOKIE = "trimtab_zone"
_FILES = (".json", ".csv", ".png", ".svg", ".pdf", ".xlsx", ".md", ".txt", ".zip")
"""How addresses of files end: what they hold is UTC, whoever takes it."""


class View(Struct, frozen=True):
    """One view of one page."""

    path: str
    parameters: tuple[tuple[str, str], ...]
    window: Window
    live: bool
    theme: str
    principal: Principal
    now_ms: int
    origin: str

    @property
    def scope(self) -> Scope:
        """What the viewer may see."""
        return self.principal.scope

    def get(self, name: str, default: str = "") -> str:
        """The last value of parameter `name`."""
        return dict(self.parameters).get(name, default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of parameter `name`."""
        return tuple(value for key, value in self.parameters if key == name)

    def place(self, account: str, region: str) -> tuple[str, str]:
        """The account and region that the URL means, else the viewer's account and these. Raises NotFound where the
        viewer may not see them."""
        account = self.get("account") or self.principal.account or account
        region = self.get("region") or region
        accounts, regions = self.scope.accounts, self.scope.regions
        if (accounts is not None and account not in accounts) or (regions is not None and region not in regions):
            raise NotFound(f"nothing is known of account {account} in {region}")
        return account, region

    def url(self, *, path: str | None = None, drop: tuple[str, ...] = (), **changes: str | None) -> str:
        """This view with parameters replaced (None removes one): every link on a page is made so."""
        gone = {*drop, *changes}
        kept = [pair for pair in self.parameters if pair[0] not in gone]
        kept += [(name, value) for name, value in changes.items() if value is not None]
        return link(path or self.path, kept)

    def ranged(self, path: str) -> str:
        """Another page over the same range, where the viewer chose one."""
        chosen = [(name, value) for name, value in self.parameters if name in ("range", "from", "to", "live")]
        return link(path, chosen)


def link(path: str, parameters: list[tuple[str, str]]) -> str:
    """`path?query`, readable where URLs allow it."""
    return path + (f"?{urlencode(parameters, safe='/:,|*')}" if parameters else "")


def zone_of(request: Request) -> str:
    """The name of the time zone in which a page's viewer reads times; "" for UTC, as for every file."""
    name = request.cookies.get(ZONE_COOKIE, "")
    if not name or request.url.path.endswith(_FILES):
        return ""
    try:
        named_zone(name)
    except InvalidInput:
        return ""
    return name


def read_view(request: Request, now_ms: int, first_ms: int | None, default_range: str = "auto") -> View:
    """The view that a request asks for. Raises InvalidInput where its range cannot be read."""
    parameters = tuple((name, value) for name, value in request.query_params.multi_items() if value != "")
    window = read_window(dict(parameters), now_ms, first_ms, default_range)
    theme = request.cookies.get(THEME_COOKIE, "")
    return View(
        path=request.url.path,
        parameters=parameters,
        window=window,
        live=window.moving and dict(parameters).get("live") != "off",
        theme=theme if theme in ("light", "dark") else "",
        principal=request.state.principal,
        now_ms=now_ms,
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )
