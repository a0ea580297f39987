"""`/sources/cardinality`: what costs most series, and the rules of what is not kept."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.records import asdict
from trimtab.inventory.drop_rules import Action, DropRule
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.state import SeriesRooms
from trimtab.web.view import View

PATH = "/sources/cardinality"
_MOST = 50  # rows of a table
_FORM_BYTES = 65_536


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON, and the buttons."""
    if site.state.series is None:
        return []
    rooms = site.state.series

    async def page(request: Request) -> Response:
        view = site.view(request)
        namespace, name = view.get("namespace"), view.get("name")
        report = await rooms.reader.read(view.scope, namespace, name)
        return site.page(
            request,
            view,
            "cardinality",
            timed=False,
            report=report,
            tables={by.value: found[:_MOST] for by, found in report.groups.items()},
            counts={by.value: len(found) for by, found in report.groups.items()},
            metric=name,
            narrowed=bool(namespace or name),
            rules=await rooms.rules.all() if _is_unbound(view) else [],
            taken=rooms.rules.rules,
            actions=[action.value for action in Action],
            may_change=_is_unbound(view) and view.principal.may(Role.ADMIN),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        report = await rooms.reader.read(view.scope, view.get("namespace"), view.get("name"))
        return respond.json(request, asdict(report))

    async def act(request: Request) -> Response:
        view = site.view(request)
        if not _is_unbound(view):
            raise InvalidInput("cannot change drop rules: they are of all accounts")
        form = await read_form(request, _FORM_BYTES)
        await _change(rooms, form)
        return RedirectResponse(f"{PATH}#rules", 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(PATH + ".json", site.guarded(as_json)),
        Route(PATH + "/act", site.guarded(act, Role.ADMIN), methods=["POST"]),
    ]


async def _change(rooms: SeriesRooms, form: dict[str, str]) -> None:
    name, action = form.get("name", "").strip(), form.get("action", "")
    if form.get("do") == "remove":
        await rooms.rules.remove(name)
        return
    if action not in list(Action):
        raise InvalidInput(f"cannot keep rule {name!r}: expected an action, one of {', '.join(Action)}")
    labels = tuple(form.get("labels", "").split())
    match, only = form.get("match", "").strip(), form.get("only", "").strip()
    await rooms.rules.put(DropRule(name=name, action=Action(action), match=match, only=only, labels=labels))


def _is_unbound(view: View) -> bool:
    return view.principal.scope.accounts is None
