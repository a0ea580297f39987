"""`/alarms/mute`: when alarms are silent — the rules, and a form that makes one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.web import respond
from trimtab.web.alarms.desk import Desk
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/alarms/mute"
_FORM_BYTES = 65_536
_EXAMPLES = (
    ("cron(0 22 * * *)", "every day at 22:00"),
    ("cron(0 0 * * SAT,SUN)", "at the beginning of Saturdays and Sundays"),
    ("at(2026-12-24T18:00)", "once"),
)


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON, and the buttons."""
    if site.alarms is None:
        return []
    desk = site.alarms

    async def page(request: Request) -> Response:
        view = site.view(request)
        rules = await _rules(desk, view)
        alarms = sorted({one.key.name for one in await desk.alarms(view.scope)})
        return site.page(
            request,
            view,
            "mute_rules",
            timed=False,
            rules=rules,
            alarms=alarms,
            examples=_EXAMPLES,
            wanted=view.get("alarm"),
            place=desk.place(view),
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"rules": await _rules(desk, site.view(request))})

    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        account = form.get("account") or desk.place(view)[0]
        region = form.get("region") or desk.place(view)[1]
        if view.scope.accounts is not None and account not in view.scope.accounts:
            raise InvalidInput(f"cannot mute alarms of account {account}")
        rules, name = desk.rooms.room.mute_rules, form.get("name", "").strip()
        if form.get("do") == "delete":
            await rules.delete(account, region, name)
        else:
            await rules.put(account, region, _document(name, form), {})
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(PATH + ".json", site.guarded(as_json)),
        Route(PATH + "/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


async def _rules(desk: Desk, view: View) -> list[dict[str, Any]]:
    places = [(one.key.account, one.key.region) for one in await desk.alarms(view.scope)]
    found = await desk.rules([desk.place(view), *places])
    return [
        {
            "name": one.rule.name,
            "status": one.rule.status(view.now_ms).value,
            "alarms": sorted(one.rule.alarms),
            "schedule": one.form["Rule"]["Schedule"]["Expression"],
            "duration": one.form["Rule"]["Schedule"]["Duration"],
            "timezone": one.form["Rule"]["Schedule"].get("Timezone", "UTC"),
            "description": one.form.get("Description") or "",
            "account": account,
            "region": region,
        }
        for (account, region), rules in found.items()
        for one in rules
    ]


def _document(name: str, form: dict[str, str]) -> dict[str, Any]:
    """The form's fields as PutAlarmMuteRule takes them. Raises InvalidInput."""
    alarms = [line.strip() for line in form.get("alarms", "").splitlines() if line.strip()]
    if not name or not alarms:
        raise InvalidInput("cannot make a mute rule: expected a name and at least one alarm")
    schedule = {"Expression": form.get("schedule", ""), "Duration": form.get("duration", "")}
    if form.get("timezone"):
        schedule["Timezone"] = form["timezone"]
    document: dict[str, Any] = {"Name": name, "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": alarms}}
    return {**document, "Description": form["description"]} if form.get("description") else document
