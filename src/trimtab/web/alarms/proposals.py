"""Suggestions as a fragment of a page: what is proposed, a small chart each, and the link that takes it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.suggest.model import Proposal
from trimtab.base.errors import InvalidInput
from trimtab.charts.svg import Svg
from trimtab.web.alarms.desk import Desk
from trimtab.web.alarms.draft import parameters_of
from trimtab.web.alarms.shown import mini_chart, strip_of
from trimtab.web.site import Site
from trimtab.web.view import View, link

Subject = tuple[AlarmKind, AlarmKey, Mapping[str, Any]]


class ShownProposal(Struct, frozen=True):
    """A proposal with its pictures; `use` is the draft that takes it."""

    proposal: Proposal
    chart: Svg
    strip: Svg
    use: str


async def shown_proposals(site: Site, desk: Desk, request: Request, view: View, subject: Subject) -> Response:
    """The fragment. What cannot be suggested says why."""
    kind, key, form = subject
    try:
        found = await desk.suggest(kind, key, form, view.window)
    except InvalidInput as problem:
        return site.fragment(request, view, "proposals", found=None, trouble=str(problem), shown=[])
    place = desk.elsewhere(view, key)
    shown = [_shown(one, key, place) for one in (found.now, *found.proposals)]
    return site.fragment(request, view, "proposals", found=found, trouble="", shown=shown)


def _shown(one: Proposal, key: AlarmKey, place: list[tuple[str, str]]) -> ShownProposal:
    draft = parameters_of(key.name, AlarmKind.METRIC, one.form)
    use = "" if draft is None else link("/alarms/new", [*draft, ("edit", "1"), *place])
    return ShownProposal(
        one, mini_chart(one.replay, f"{one.title}: value and times in ALARM"), strip_of(one.replay), use
    )
