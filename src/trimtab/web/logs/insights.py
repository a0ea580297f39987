"""Logs Insights on the Logs page: the question in the URL, its answer as rows with links, and what went wrong where."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock, iso, to_ms
from trimtab.base.errors import InvalidInput, NotFound, QueryAborted, TrimtabError
from trimtab.base.records import replace
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.pointers import read_pointer
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.insights.run import Ask, Found, Scanned, parse_in
from trimtab.logs.insights.sources import MAX_GROUPS
from trimtab.logs.model import Group
from trimtab.store.telemetry.client import ReadLimits
from trimtab.web.cache import SharedCache
from trimtab.web.logs.charted import Charted, charted
from trimtab.web.view import View

MODE = "insights"
A_PAGE = 200  # UI.md: paginate at 200 rows
_TTL_S = 30.0
_LIMITS = ReadLimits(seconds=60, memory_mb=1024)
_PTR = "@ptr"
_HOSTS = ("host", "host.name", "hostname", "node", "@logStream")
_BESIDE_MS = 300_000
_TIME = "%Y-%m-%d %H:%M:%S.%f"


class Cell(Struct, frozen=True):
    """A value and where it leads, if anywhere; `title` says where."""

    text: str | None
    link: str = ""
    title: str = ""


class Mistake(Struct, frozen=True):
    """What is wrong with a text: the parts before, at and behind it, and its place in characters."""

    why: str
    before: str
    at: str
    behind: str
    start: int
    end: int


class InsightsQuestion(Struct, frozen=True):
    """A query over groups of one account and region; `left_out` others were asked for, or could have been."""

    text: str
    groups: Sequence[Group]
    chosen: tuple[str, ...]
    left_out: int
    account: str
    region: str

    def ask(self, view: View) -> Ask:
        """The same as the room takes it."""
        names = [group.name for group in self.groups]
        window, unmask = view.window, view.principal.may(Role.ADMIN)
        return Ask(self.text, self.account, self.region, names, window.start_ms, window.end_ms, unmask=unmask)


class Answer(Struct, frozen=True):
    """What came of a question: rows, or what was wrong."""

    names: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
    scanned: Scanned | None = None
    seconds: float = 0.0
    chart: Charted | None = None
    mistake: Mistake | None = None
    complaint: str = ""


def read_insights(view: View, groups: Sequence[Group], region: str) -> InsightsQuestion:
    """The question in the URL over the groups that the viewer sees; the first of them where it names none."""
    chosen = view.all("group")
    wanted = [group for group in groups if group.name in chosen] if chosen else list(groups)
    first = wanted[0] if wanted else None
    account, of = (first.account, first.region) if first else (view.principal.account or "", region)
    same = [group for group in wanted if (group.account, group.region) == (account, of)]
    return InsightsQuestion(
        view.get("query"), same[:MAX_GROUPS], chosen, len(wanted) - len(same[:MAX_GROUPS]), account, of
    )


async def answered(
    room: InsightsRoom, cache: SharedCache, clock: Clock, view: View, asked: InsightsQuestion, hosts: frozenset[str]
) -> Answer:
    """The answer as the page shows it."""
    try:
        found, seconds = await found_of(room, cache, clock, view, asked)
    except QueryProblem as problem:
        return Answer(mistake=_mistake(asked.text, problem))
    except (InvalidInput, NotFound, QueryAborted) as problem:
        return Answer(complaint=str(problem))
    shown = [at for at, name in enumerate(found.names) if name != _PTR]
    pages = max(-(-len(found.rows) // A_PAGE), 1)
    page = min(max(_number(view.get("page")), 1), pages)
    names = [found.names[at] for at in shown]
    rows = found.rows[(page - 1) * A_PAGE : page * A_PAGE]
    linked = [_linked(view, found.names, row, shown, hosts) for row in rows]
    picture = charted(parse_in("CWLI", asked.text), found.names, found.rows, view.get("chart"))
    return Answer(names, linked, len(found.rows), page, pages, found.scanned, seconds, picture)


async def found_of(
    room: InsightsRoom, cache: SharedCache, clock: Clock, view: View, asked: InsightsQuestion
) -> tuple[Found, float]:
    """The rows and how long they took (seconds), shared by all who ask the same within half a minute.

    Raises as LogInsights.run.
    """
    grain = int(_TTL_S * 1000)
    window = view.window
    key = (
        ("insights", asked.account, asked.region, asked.text, view.principal.may(Role.ADMIN)),
        view.scope,
        tuple(group.id for group in asked.groups),
        window.start_ms // grain,
        window.end_ms // grain,
    )

    async def run() -> tuple[Found, float]:
        began = clock.monotonic()
        found = await room.insights.run(view.scope, asked.ask(view), _LIMITS)
        return found, clock.monotonic() - began

    return await cache.get(key, _TTL_S, run)


def export_rows(found: Found) -> tuple[list[str], list[list[str | None]]]:
    """Names and rows for CSV and JSON, without the pointers."""
    shown = [at for at, name in enumerate(found.names) if name != _PTR]
    return [found.names[at] for at in shown], [[row[at] for at in shown] for row in found.rows]


def still(view: View) -> View:
    """The view without refreshes: an answer stays as it is until it is asked for again."""
    return replace(view, live=False)


def _mistake(text: str, problem: QueryProblem) -> Mistake:
    start, end = min(problem.start, len(text)), min(problem.end, len(text))
    return Mistake(str(problem), text[:start], text[start:end] or " ", text[end:], start, end)


def _linked(
    view: View, names: Sequence[str], row: Sequence[str | None], shown: Sequence[int], hosts: frozenset[str]
) -> list[Cell]:
    """Cells with links: to what the stream said around an event, to its trace, to the host's metrics then."""
    values = dict(zip(names, row, strict=True))
    around = _around(view, values.get(_PTR))
    at_ms = _time(values.get("@timestamp"))
    cells = []
    for at in shown:
        name, text = names[at], row[at]
        if name == "@timestamp" and around:
            cells.append(Cell(text, around, "What its stream said before and after"))
        elif name == "@traceId" and text:
            cells.append(Cell(text, f"/traces/{text}", "The trace"))
        elif name in _HOSTS and text in hosts:
            cells.append(Cell(text, _host(view, text, at_ms), "The host's metrics at that moment"))
        else:
            cells.append(Cell(text))
    return cells


def _around(view: View, pointer: str | None) -> str:
    if not pointer:
        return ""
    try:
        found = read_pointer(pointer)
    except TrimtabError:
        return ""
    return view.url(around=f"{found.group}.{found.at.time_ms}.{found.at.id}")


def _host(view: View, name: str, at_ms: int | None) -> str:
    if at_ms is None:
        return view.ranged(f"/hosts/{name}")
    return f"/hosts/{name}?from={iso(at_ms - _BESIDE_MS)}&to={iso(at_ms + _BESIDE_MS)}"


def _time(text: str | None) -> int | None:
    try:
        return to_ms(datetime.strptime(text or "", _TIME).replace(tzinfo=UTC))
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 1
