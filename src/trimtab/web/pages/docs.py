"""`/docs` and `/docs/<path>`: the guides in the program, and search over them (`?q=`)."""

import asyncio
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.guides.search import Answer
from trimtab.web import respond
from trimtab.web.guide_html import ROOT, address, shown
from trimtab.web.site import Site

_MOST = 20
_LONGEST = 512
"""Characters that are looked at."""
_PICTURE_TYPES = {".webp": "image/webp", ".png": "image/png"}


def routes(site: Site) -> list[BaseRoute]:
    """The index or what was found, the same as JSON, each document, and the pictures of all."""
    guides = site.state.guides

    async def page(request: Request) -> Response:
        asked = _asked(request)
        if not asked:
            return await document(request, "index")
        found = await guides.search(asked, _MOST)
        facts: dict[str, Any] = {"asked": asked, "found": found, "unsearched": guides.unsearched, "where": where}
        return site.page(request, site.view(request), "docs_found", timed=False, **facts)

    async def as_json(request: Request) -> Response:
        asked = _asked(request)
        found = await guides.search(asked, _MOST) if asked else []
        return respond.json(request, {"q": asked, "found": [as_dict(one) for one in found]})

    async def one(request: Request) -> Response:
        return await document(request, request.path_params["path"])

    async def document(request: Request, path: str) -> Response:
        known = guides.documents.get(path)
        if known is None:
            raise NotFound(f"no guide is called {path!r}; {ROOT} lists all and searches them")
        made = await asyncio.to_thread(shown, known)
        return site.page(request, site.view(request), "docs", timed=False, document=known, made=made)

    async def picture(request: Request) -> Response:
        file = guides.place / "images" / "guide" / Path(request.path_params["name"]).name
        type_ = _PICTURE_TYPES.get(file.suffix)
        if type_ is None or not file.is_file():
            raise NotFound("no picture has this name")
        return respond.data(request, await asyncio.to_thread(file.read_bytes), type_)

    return [
        Route(ROOT, site.guarded(page, Role.FINANCE, bound=True)),
        Route(f"{ROOT}.json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(f"{ROOT}/images/guide/{{name}}", site.guarded(picture, Role.FINANCE, bound=True)),
        Route(f"{ROOT}/{{path:path}}", site.guarded(one, Role.FINANCE, bound=True)),
    ]


def where(answer: Answer, anchor: str = "") -> str:
    """The address of an answer, or of a section of it."""
    return address(answer.document.path) + (f"#{anchor}" if anchor else "")


def as_dict(answer: Answer) -> dict[str, Any]:
    """An answer as JSON has it."""
    places = [
        {
            "heading": one.section.heading,
            "url": where(answer, one.section.anchor),
            "excerpt": "".join(text for text, _ in one.excerpt),
        }
        for one in answer.places
    ]
    document = answer.document
    return {"title": document.title, "kind": document.kind, "url": address(document.path), "places": places}


def _asked(request: Request) -> str:
    return request.query_params.get("q", "").strip()[:_LONGEST]
