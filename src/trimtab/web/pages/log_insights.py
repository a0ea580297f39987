"""`/logs?mode=insights`: Logs Insights beside the search, with its vocabulary and the queries that were saved."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.logs.insights import vocabulary
from trimtab.logs.insights.discovery import SAMPLE, discovered
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.model import Group
from trimtab.logs.read import EventQuery
from trimtab.logs.room import LogsRoom
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.format import BYTES
from trimtab.web.logs.insights import MODE, Answer, answered, export_rows, found_of, read_insights, still
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/logs"
VOCABULARY = PATH + "/vocabulary.json"
_FORM_BYTES = 32_768
_MOST_FIELDS = 300
_FIELDS_TTL_S = 30.0


def insights_of(site: Site) -> InsightsRoom:
    """The room. Raises NotFound where there is none."""
    if site.state.log_insights is None:
        raise NotFound("this server answers no queries of logs")
    return site.state.log_insights


async def page(site: Site, request: Request, view: View, groups: Sequence[Group]) -> Response:
    """The page in this mode."""
    room, view = insights_of(site), still(view)
    asked = read_insights(view, groups, site.state.region)
    saved, hosts = await asyncio.gather(
        room.saved.listed(asked.account, asked.region, language="CWLI"), site.fleet.hosts(view.scope)
    )
    answer = None
    if asked.text.strip():
        names = frozenset(host.name for host in hosts)
        answer = await answered(room, site.cache, site.state.clock, view, asked, names)
    return site.page(
        request,
        view,
        "log_insights",
        timed=True,
        groups=groups,
        asked=asked,
        answer=answer or Answer(),
        ran=answer is not None,
        bytes_unit=BYTES,
        saved=[(one, link(PATH, _of_saved(view, one.query, one.groups))) for one in saved],
        examples=[(name, view.url(query=text, page=None, chart=None)) for name, text in vocabulary.EXAMPLES],
        words_of={
            "Commands": vocabulary.COMMANDS,
            "Over rows": vocabulary.AGGREGATES,
            "Functions": vocabulary.FUNCTIONS,
            "Operators": vocabulary.OPERATORS,
        },
        may_write=view.principal.may(Role.WRITE),
        words_source=view.url(path=VOCABULARY, drop=("query", "page", "chart", "mode")),
    )


async def as_table(site: Site, request: Request, view: View, groups: Sequence[Group]) -> Response:
    """All rows as CSV."""
    names, rows = await _exported(site, view, groups)
    return respond.table(request, "logs-insights", names, rows)


async def as_json(site: Site, request: Request, view: View, groups: Sequence[Group]) -> Response:
    """All rows as JSON, an object each; what is missing is left out."""
    names, rows = await _exported(site, view, groups)
    objects = [{name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows]
    return respond.json(request, {"columns": names, "rows": objects})


def routes(site: Site) -> list[BaseRoute]:
    """The vocabulary, and saving."""

    async def words(request: Request) -> Response:
        view = site.view(request, "1h")
        logs = _logs(site)
        asked = read_insights(view, await logs.explorer.groups(view.scope), site.state.region)
        names = tuple(group.id for group in asked.groups)
        key = ("log fields", view.scope, names, view.window.start_ms // 60_000, view.window.end_ms // 60_000)
        fields = await site.cache.get(key, _FIELDS_TTL_S, lambda: _fields(logs, view, asked.groups))
        return respond.json(
            request,
            {
                "commands": [_word(word) for word in vocabulary.COMMANDS],
                "functions": [_word(word) for word in (*vocabulary.AGGREGATES, *vocabulary.FUNCTIONS)],
                "operators": [_word(word) for word in vocabulary.OPERATORS],
                "fields": [{"name": name, "form": name, "says": f"in {share} % of events"} for name, share in fields],
            },
        )

    async def save(request: Request) -> Response:
        view, form = site.view(request, "1h"), await read_form(request, _FORM_BYTES)
        room = insights_of(site)
        groups = [name for name in form.get("groups", "").split("\n") if name.strip()]
        here = read_insights(view, await _logs(site).explorer.groups(view.scope), site.state.region)
        if form.get("do") == "delete":
            await room.saved.remove(here.account, here.region, form.get("id", ""))
        else:
            name, text = form.get("name", "").strip(), form.get("query", "").strip()
            if not 0 < len(name) <= 255:
                raise InvalidInput("cannot save the query: expected a name of 1 to 255 characters", field="name")
            parse(text)
            same = [one for one in await room.saved.listed(here.account, here.region) if one.name == name]
            await room.saved.put(here.account, here.region, name, text, groups, same[0].id if same else "")
        back = [("mode", MODE), *(("group", name.strip()) for name in groups), ("query", form.get("query", ""))]
        return RedirectResponse(link(PATH, [pair for pair in back if pair[1]]), 303)

    return [
        Route(VOCABULARY, site.guarded(words, bound=True)),
        Route(PATH + "/queries", site.guarded(save, Role.WRITE), methods=["POST"]),
    ]


def _logs(site: Site) -> LogsRoom:
    if site.state.logs is None:
        raise NotFound("this server keeps no logs")
    return site.state.logs


async def _exported(site: Site, view: View, groups: Sequence[Group]) -> tuple[list[str], list[list[str | None]]]:
    asked = read_insights(view, groups, site.state.region)
    found, _ = await found_of(insights_of(site), site.cache, site.state.clock, view, asked)
    return export_rows(found)


async def _fields(logs: LogsRoom, view: View, groups: Sequence[Group]) -> list[tuple[str, int]]:
    """The fields of the newest events, the most frequent first."""
    query = EventQuery(start_ms=view.window.start_ms, end_ms=view.window.end_ms, limit=SAMPLE, backward=True)
    events = (await logs.reader.page(view.scope, list(groups), query)).events if groups else []
    found = dict.fromkeys(vocabulary.COLUMNS, 0) | dict(discovered(events))
    order = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return order[:_MOST_FIELDS]


def _of_saved(view: View, query: str, groups: Sequence[str]) -> list[tuple[str, str]]:
    """The address of a saved query: over its own groups, where it has some."""
    dropped = ("query", "page", "chart", *(("group",) if groups else ()))
    kept = [pair for pair in view.parameters if pair[0] not in dropped]
    return [*kept, *(("group", name) for name in groups), ("query", query)]


def _word(word: vocabulary.Word) -> dict[str, Any]:
    return {"name": word.name, "form": word.form, "says": word.says}
