"""`/logs/tail`: events as they come in, straight from the server that takes them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.logs.filters.match import matcher
from trimtab.logs.model import Group
from trimtab.logs.room import LogsRoom
from trimtab.logs.tail.live import MOST_GROUPS
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/logs/tail"
_SOURCE = "/rest/v1/logs/tail"


def routes(site: Site) -> list[BaseRoute]:
    """The page; what it shows comes from the API's stream."""

    async def page(request: Request) -> Response:
        view = site.view(request, "1h")
        groups = await _groups(site, view)
        named = view.all("group")
        chosen = [group for group in groups if group.name in named][:MOST_GROUPS]
        pattern, complaint = view.get("q"), ""
        try:
            matcher(pattern)
        except InvalidInput as problem:
            complaint = str(problem)
        asked = [("group", group.name) for group in chosen] + ([("filter", pattern)] if pattern else [])
        source = link(_SOURCE, asked) if chosen and not complaint else ""
        return site.page(
            request,
            view,
            "log_tail",
            timed=False,
            groups=groups,
            chosen=[group.name for group in chosen],
            pattern=pattern,
            complaint=complaint,
            source=source,
            most=MOST_GROUPS,
            left_out=max(len(named) - MOST_GROUPS, 0),
        )

    return [Route(PATH, site.guarded(page, bound=True))]


async def _groups(site: Site, view: View) -> list[Group]:
    """The groups of the account and region that the stream speaks of."""
    room: LogsRoom | None = site.state.logs
    if room is None:
        raise NotFound("this server keeps no logs")
    found = await room.explorer.groups(view.scope)
    account = view.principal.account or (site.state.alarms.account if site.state.alarms else "")
    return [group for group in found if group.region == site.state.region and group.account == account]
