"""`/jump.json?q=`: what the Ctrl-K menu finds — pages, every kind of object, and what an id is the id of."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import TrimtabError
from trimtab.web import respond
from trimtab.web.jump.ids import by_id
from trimtab.web.jump.item import Item, best_first
from trimtab.web.jump.objects import QUICK, SLOW, Asked, pages
from trimtab.web.site import Site

_LONGEST = 512
"""Characters that are looked at: an ARN has at most 2,048, and no name of this length is typed."""


def routes(site: Site) -> list[BaseRoute]:
    """The one answer."""

    async def jump(request: Request) -> Response:
        view = await site.fleet_view(request)
        text = request.query_params.get("q", "").strip()[:_LONGEST]
        asked = Asked(site, request, view, text)
        found = await _found(asked) if text else pages(asked)
        return respond.json(request, {"items": best_first(found, text)})

    return [Route("/jump.json", site.guarded(jump, bound=True))]


async def _found(asked: Asked) -> list[Item]:
    """By id, then pages, then objects by kind. A room that does not answer now leaves its kind out."""
    ids, *kinds = await asyncio.gather(
        by_id(asked.site, asked.view, asked.text, await asked.runs()),
        *(kind(asked) for kind in SLOW),
        return_exceptions=True,
    )
    found: list[Item] = []
    for answer in (ids, pages(asked), *kinds, *(kind(asked) for kind in QUICK)):
        if isinstance(answer, BaseException):
            if not isinstance(answer, TrimtabError):
                raise answer
            continue
        found += answer
    return found
