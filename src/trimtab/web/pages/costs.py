"""`/costs`: what was billed by any group over time, what changed and why, commitments, and saved views."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import to_datetime
from trimtab.base.coins import coins, signed
from trimtab.base.errors import NotFound
from trimtab.costs.anomalies.model import Anomaly
from trimtab.costs.explorer import words as cost_words
from trimtab.costs.explorer.drivers import Change, Driver
from trimtab.costs.explorer.spans import NAMES
from trimtab.costs.explorer.terms import facet_text, metric_text
from trimtab.costs.model import CostQuery
from trimtab.costs.periods import Period
from trimtab.costs.room import CostsRoom
from trimtab.figures.areas.costs import OF_METRIC
from trimtab.web import respond
from trimtab.web.audit.changes import ChangesPanel, changes_panel
from trimtab.web.costs import pictures
from trimtab.web.costs.ahead import ahead_of, facts_of
from trimtab.web.costs.anomaly_rows import marks, row
from trimtab.web.costs.anomaly_source import anomalies_of
from trimtab.web.costs.pledges import Pledges, pledge_tiles, read_pledges
from trimtab.web.costs.question import (
    METRICS,
    PERIODS,
    Question,
    chips,
    choices,
    drill,
    read_question,
    span_words,
    value_name,
    with_filter,
)
from trimtab.web.costs.sheet import Answer, Line, Sheet, ask, bill_extent, bill_mark
from trimtab.web.costs.together import together_tile
from trimtab.web.form import read_form
from trimtab.web.pages.cost_text import IMPORT_FILE, IMPORT_S3
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.tiles import Tile
from trimtab.web.view import View

_PATH = "/costs"
_AROUND_MS = 302_400_000
"""Three and a half days to both sides: the last week of what is shown."""
_KEYS = frozenset({"name", "before", "now", "change", "ratio"})
_TEXT = frozenset({"name"})
_DRIVERS = 6
_ANOMALIES = 6
_FORM_BYTES = 16_384
_FRESH_S, _STALE_S = 60.0, 900.0


def routes(site: Site) -> list[BaseRoute]:
    """The page with its JSON and CSV, and what saves and forgets views."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        if view.get("facet") and view.get("sign"):
            return RedirectResponse(with_filter(view, view.get("facet"), view.get("sign"), view.get("value")), 303)
        room = site.state.costs
        extent = await bill_extent(site, room) if room else None
        common: dict[str, Any] = {"query": _query(view), "may_write": view.principal.may(Role.WRITE)}
        if room is None or extent is None:
            empty: dict[str, Any] = {"question": None, "commands": (IMPORT_FILE, IMPORT_S3), "timed": False}
            return site.page(request, view, "costs", **common, **empty)
        common["reports"] = await room.reports.listed(view.principal.account, view.scope)
        question = read_question(view, extent)
        found = await _kept(site, room, view, question)
        facts = await _facts(room, view, question, extent, found, await anomalies_of(site, view, question))
        common["done_then"] = await _done_then(site, view, question, facts["explained"])
        return site.page(request, view, "costs", **common, **facts)

    async def ahead(request: Request) -> Response:
        view, room = site.view(request), _room(site)
        extent = await bill_extent(site, room)
        if extent is None:
            raise NotFound("no bill has been imported yet; try `trimtab import FILE`")
        question = read_question(view, extent)
        asked = room, site.state.live, view.scope, question.metric, question.where, view.now_ms
        key = ("costs-ahead", view.scope, question.metric, question.filters, await bill_mark(site))
        found = await site.cache.get(key, _FRESH_S, lambda: ahead_of(*asked), stale_s=_STALE_S)
        return site.fragment(request, view, "costs_ahead", **facts_of(found, view.now_ms))

    async def as_json(request: Request) -> Response:
        _, question, answer = await _asked(site, request)
        return respond.json(request, _document(question, answer))

    async def as_csv(request: Request) -> Response:
        view, question, answer = await _asked(site, request)
        days = [f"{to_datetime(start):%Y-%m-%d}" for start, _ in answer.periods]
        columns = (facet_text(question.by), "unit", "before", "now", "change", *days)
        sort = read_sort(view, "costs", _KEYS, _TEXT, "now")
        rows = (
            (line.key, sheet.unit, line.before, line.now, line.change, *line.values)
            for sheet in answer.sheets
            for line in sort.apply(sheet.lines)
        )
        return respond.table(request, "costs", columns, rows)

    async def save(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        who, query = request.state.principal, form.get("query", "")
        report = await _room(site).reports.save(who.account, form.get("name", ""), query, who.name, who.scope)
        return RedirectResponse(f"{_PATH}?{report.query}", 303)

    async def forget(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        who = request.state.principal
        await _room(site).reports.delete(who.account, form.get("name", ""), who.scope)
        return RedirectResponse(f"{_PATH}?{urlencode(parse_qsl(form.get('query', '')))}", 303)

    return [
        Route(_PATH, site.guarded(page, Role.FINANCE, bound=True)),
        Route(_PATH + "/ahead", site.guarded(ahead, Role.FINANCE, bound=True)),
        Route(_PATH + ".json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(_PATH + ".csv", site.guarded(as_csv, Role.FINANCE, bound=True)),
        Route(_PATH + "/reports", site.guarded(save, Role.WRITE, bound=True), methods=["POST"]),
        Route(_PATH + "/reports/delete", site.guarded(forget, Role.WRITE, bound=True), methods=["POST"]),
    ]


def _room(site: Site) -> CostsRoom:
    room = site.state.costs
    if room is None:
        raise NotFound("this server has no costs room")
    return room


async def _asked(site: Site, request: Request) -> tuple[View, Question, Answer]:
    view, room = site.view(request), _room(site)
    extent = await room.reader.extent()
    if extent is None:
        raise NotFound("no bill has been imported yet; try `trimtab import FILE`")
    question = read_question(view, extent)
    return view, question, await ask(room.reader, view.scope, question)


class Read(Struct, frozen=True):
    """What is read of the bill for a question."""

    answer: Answer
    changes: list[Change]
    pledges: list[Pledges]
    tags: list[str]
    categories: list[str]


async def _kept(site: Site, room: CostsRoom, view: View, question: Question) -> Read:
    """As `_read`, of this bill: twenty statements, which sorting and turning pages do not ask again."""
    asked = question.metric, facet_text(question.by), question.span, question.granularity, question.filters
    key = ("costs", view.scope, *asked, await bill_mark(site))
    return await site.cache.get(key, _FRESH_S, lambda: _read(room, view, question), stale_s=_STALE_S)


async def _read(room: CostsRoom, view: View, question: Question) -> Read:
    scope = view.scope
    return Read(
        *await asyncio.gather(
            ask(room.reader, scope, question),
            changes_of(room, view, question),
            read_pledges(room.explorer, scope, question),
            room.reader.tag_keys(scope, *question.span),
            room.reader.tag_keys(scope, *question.span, categories=True),
        )
    )


async def _facts(
    room: CostsRoom, view: View, question: Question, extent: Period, read: Read, anomalies: Sequence[Anomaly]
) -> dict[str, Any]:
    scope, answer, changes, pledges = view.scope, read.answer, read.changes, read.pledges
    whole = None
    if question.is_money:
        asked = CostQuery(*question.span, (question.metric,), where=question.where)
        whole = together_tile(await room.currencies.of_bill(room.reader, scope, asked), question.words)
    sort = read_sort(view, "costs", _KEYS, _TEXT, "now")
    return {
        "timed": False,
        "moment": (question.span[1] - _AROUND_MS, _AROUND_MS),
        "question": question,
        "metric": metric_text(question.metric),
        "figure": OF_METRIC[question.metric],
        "by": facet_text(question.by),
        "metrics": METRICS,
        "per": PERIODS,
        "months": NAMES,
        "choices": choices(read.tags, read.categories, question.by),
        "chips": chips(view),
        "sheets": [_shown(view, question, answer, sheet, sort, extent, anomalies) for sheet in answer.sheets],
        "sort": sort,
        "before_words": span_words(question.before),
        "first": f"{to_datetime(question.span[0]):%Y-%m-%d}",
        "last": f"{to_datetime(question.span[1] - 1):%Y-%m-%d}",
        "ends": f"{to_datetime(extent[1] - 1):%Y-%m-%d}",
        "unfinished": question.span[0] < extent[1] < question.span[1],
        **driver_facts(changes, question, answer.names),
        "explained": changes,
        "pledges": pledges,
        "ahead_url": view.url(path=f"{_PATH}/ahead") if question.is_money else "",
        "cost": cost_words,
        "tiles": [*_tiles(question, answer), *([whole] if whole else []), *pledge_tiles(pledges)],
    }


async def changes_of(room: CostsRoom, view: View, question: Question) -> list[Change]:
    """What made the bill change between two periods. Of money only: how much more was used is in the table itself."""
    spans = question.explained
    if not question.is_money or spans is None:
        return []
    by = question.explained_by
    return await room.explorer.drivers(view.scope, *spans, question.metric, by, question.where)


async def _done_then(site: Site, view: View, question: Question, changes: Sequence[Change]) -> ChangesPanel | None:
    """What people changed over the periods that are compared: what is about the services that cost more comes first."""
    spans = question.explained
    if spans is None or not changes:
        return None
    (start_ms, _), (_, end_ms) = spans
    drivers = [driver for change in changes for driver in change.drivers[:_DRIVERS]]
    words = [word for one in drivers for word in (one.pool.group, one.pool.service, _service(one.pool.service))]
    return await changes_panel(site, view, end_ms, words, window_ms=end_ms - start_ms)


def _service(name: str) -> str:
    """A service of the bill as the audit calls it: AmazonSageMaker is sagemaker there."""
    return name.removeprefix("Amazon").removeprefix("AWS").strip().lower()


def _shown(
    view: View,
    question: Question,
    answer: Answer,
    sheet: Sheet,
    sort: Sort,
    extent: Period,
    anomalies: Sequence[Anomaly],
) -> dict[str, Any]:
    page = read_page(view, len(sheet.lines))
    lines = sort.apply(sheet.lines)[page.start : page.end]
    return {
        "unit": sheet.unit,
        "total": sheet.total,
        "drawing": pictures.stacked(question, sheet, answer.periods, extent[1], marks(anomalies, sheet.unit)),
        "anomalies": [row(one, {}) for one in anomalies if one.finding.currency == sheet.unit][:_ANOMALIES],
        "lines": [(line, drill(view, question, line.key), _trend(line, answer, extent)) for line in lines],
        "page": page,
    }


def _trend(line: Line, answer: Answer, extent: Period) -> list[float | None]:
    """The line's shape as far as the bill goes."""
    return [
        None if start >= extent[1] else float(value)
        for (start, _), value in zip(answer.periods, line.values, strict=True)
    ]


def driver_facts(changes: Sequence[Change], question: Question, names: Mapping[str, str]) -> dict[str, Any]:
    """What `parts/cost_drivers.html` shows; `names` are those of values of the bill."""
    return {
        "changes": [_change(one, question, names) for one in changes],
        "explained_from": f"{to_datetime((question.explained or (question.span,) * 2)[1][0]):%Y-%m-%d}",
        "compared": " → ".join(map(span_words, question.explained or ())),
    }


def _change(change: Change, question: Question, names: Mapping[str, str]) -> dict[str, Any]:
    by = question.explained_by

    def title(one: Driver) -> str:
        return cost_words.title(one, None if by is None else value_name(by, one.pool.group, names))

    return {
        "change": change,
        "headline": cost_words.headline(change),
        "drawing": pictures.waterfall(change),
        "drivers": [
            (title(one), signed(one.change, change.currency),
             cost_words.sentence(one, change.currency))
            for one in change.drivers[:_DRIVERS]
        ],
        "more": max(len(change.drivers) - _DRIVERS, 0),
    }  # fmt: skip


def _tiles(question: Question, answer: Answer) -> list[Tile]:
    """The sums of the largest sheets, side by side: amounts of different currencies are never added."""
    found = []
    for sheet in answer.sheets[:3]:
        total = sheet.total
        share = cost_words.ratio(total.before, total.now) or "from nothing"
        note = (
            f"{share} against {span_words(question.before)}" if question.comparable else "the bill has no time before"
        )
        trend, figure = _trend(total, answer, question.extent), OF_METRIC[question.metric]
        found.append(Tile(figure, coins(total.now, sheet.unit), sheet.unit, note, trend, of=question.words))
    return found


def _document(question: Question, answer: Answer) -> dict[str, Any]:
    return {
        "metric": metric_text(question.metric),
        "by": facet_text(question.by),
        "granularity": question.granularity.value.lower(),
        "start_ms": question.span[0],
        "end_ms": question.span[1],
        "before": list(question.before),
        "periods": [start for start, _ in answer.periods],
        "sheets": [
            {"unit": sheet.unit, "total": _line(sheet.total), "groups": [_line(line) for line in sheet.lines]}
            for sheet in answer.sheets
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {"key": line.key, "name": line.name, "before": line.before, "now": line.now, "values": line.values}


def _query(view: View) -> str:
    """The view as a saved one keeps it."""
    pairs: Sequence[tuple[str, str]] = [pair for pair in view.parameters if pair[0] not in ("page", "live", "range")]
    return urlencode(pairs, safe="/:,|*")
