"""A dashboard as a request opens it: the body, the range and the variables of the URL, and what its panels show."""

from collections.abc import Sequence

from msgspec import Struct
from starlette.requests import Request

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.reports.dashboards.data import Answer
from trimtab.reports.dashboards.model import Body
from trimtab.reports.dashboards.room import Opened
from trimtab.reports.dashboards.timing import Span
from trimtab.web.site import Site
from trimtab.web.view import View, link, read_view
from trimtab.web.window import RANGES, Window, read_window

_TTL_S = 3.0
POINTS = 600
"""Points a line: a panel is rarely wider than 800 pixels, and 24 panels of 8 lines are sent at once."""
_MOST_AT_ONCE = 100


class Board(Struct, frozen=True):
    """An opened dashboard. `path` is where its parts are: its page's address, or that of a link."""

    opened: Opened
    view: View
    scope: Scope
    path: str

    @property
    def span(self) -> Span:
        """The range of the URL."""
        window = self.view.window
        return Span(window.start_ms, window.end_ms, window.moving)

    def part(self, name: str, *further: tuple[str, str]) -> str:
        """The address of a part (`series.json`, `panels`) over the same range and variables."""
        kept = [pair for pair in self.view.parameters if pair[0].startswith("var-")]
        return link(f"{self.path}/{name}", [*further, *kept, *self.view.window.parameters])

    async def answers(self, site: Site, indices: tuple[int, ...]) -> list[Answer]:
        """What the panels show; shared by all who ask the same within some seconds."""
        room, opened, window = site.state.dashboards, self.opened, self.view.window
        grain = 1000 * max(int(window.span.seconds) // POINTS, 1)
        place = (window.start_ms // grain, window.end_ms // grain)
        values = tuple(one.value for one in opened.chosen)
        key = ("dashboard", self.scope, opened.name, opened.version, opened.modified_ms, values, place, indices)
        return await site.cache.get(key, _TTL_S, lambda: room.answers(self.scope, opened, self.span, indices, POINTS))


async def open_board(
    site: Site, request: Request, account: str, name: str, scope: Scope | None = None, path: str = ""
) -> Board:
    """The dashboard that a request asks for; with `scope` what the holder of a link may see. Raises NotFound."""
    seen = request.state.principal.scope if scope is None else scope
    given = {key: value for key, value in request.query_params.multi_items() if key.startswith("var-")}
    opened = await site.state.dashboards.open(account, name, seen, given)
    view = board_view(site, request, opened.body)
    return Board(opened, view, seen, path or f"/dashboards/{name}")


def board_view(site: Site, request: Request, body: Body) -> View:
    """The view of a request, over the body's own range where the URL names none."""
    now = site.state.clock.now_ms()
    view = read_view(request, now, None, "3h")
    if body.start and not any(name in ("range", "from") for name, _ in view.parameters):
        return replace(view, window=_own(site, body, now))
    return view


def _own(site: Site, body: Body, now_ms: int) -> Window:
    span = site.state.dashboards.span(body)
    if not span.moving:
        return read_window({"from": str(span.start_ms), "to": str(span.end_ms)}, now_ms, None)
    length = span.end_ms - span.start_ms
    choice = next((name for name, size in RANGES.items() if size == length), f"{length // 60_000}m")
    return read_window({}, now_ms, None, choice)


def numbers(wanted: Sequence[str], count: int) -> dict[int, int | None]:
    """`w=3` and `w=3:1764000000000` as index and since. Raises InvalidInput."""
    found: dict[int, int | None] = {}
    for text in wanted:
        index, _, since = text.partition(":")
        if not index.isdecimal() or not (since == "" or since.isdecimal()) or int(index) >= count:
            raise InvalidInput(f"cannot read panel {text!r}: expected w=<number below {count}>", field="w")
        found[int(index)] = int(since) if since else None
    if not found or len(found) > _MOST_AT_ONCE:
        raise InvalidInput(f"cannot read panels: expected 1 to {_MOST_AT_ONCE} of w=<number>", field="w")
    return found
