"""`/event-rules`: what happens when something happens — the rules, and a form that tries one before it is put."""

import json
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.records import asdict
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import DISABLED, ENABLED, Rule, Target
from trimtab.triggers.preview import next_times, try_pattern
from trimtab.web import respond
from trimtab.web.events import draft
from trimtab.web.events.desk import EventRooms, named
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/event-rules"
_FORM_BYTES = 600_000
_DAY_MS = 86_400_000
_COLUMNS = ("name", "bus", "enabled", "pattern", "schedule", "zone", "targets", "delivered", "waiting", "dead")
_COMMANDS = """\
# new files in a folder start a command of the settings, at most once an hour
trimtab triggers watch training /data/training
trimtab triggers pipeline put retrain command --set command=retrain --cooldown 3600
trimtab triggers put retrain-on-data --pattern '{"source": ["trimtab.folder"]}' \\
  --target arn:aws:trimtab:us-east-1:123456789012:pipeline/retrain

# a webhook at nine on workdays
trimtab triggers put standup --schedule 'cron(0 9 ? * MON-FRI *)' --zone Europe/Berlin --target https://example.com/hook"""


def routes(site: Site) -> list[BaseRoute]:
    """The pages, JSON and CSV of the list, and the buttons."""
    if site.state.events is None:
        return []
    rooms = site.state.events

    async def page(request: Request) -> Response:
        view = site.view(request)
        return site.page(
            request,
            view,
            "event_rules",
            timed=False,
            rules=await _listed(rooms, view),
            named=named,
            may_write=view.principal.may(Role.WRITE),
            commands=_COMMANDS,
        )

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"rules": await _listed(rooms, site.view(request))})

    async def as_csv(request: Request) -> Response:
        rules = await _listed(rooms, site.view(request))
        rows = [
            [*(one[name] for name in _COLUMNS[:6]), " ".join(target["arn"] for target in one["targets"])]
            + [one["last_day"].get(state, 0) for state in _COLUMNS[7:]]
            for one in rules
        ]
        return respond.table(request, "event-rules", _COLUMNS, rows)

    async def form(request: Request) -> Response:
        view = site.view(request)
        fields = await _fields(rooms, view)
        event = view.get("event") or draft.EXAMPLE
        times, complaint = _preview(view, fields)
        return site.page(
            request,
            view,
            "event_rule",
            timed=False,
            fields=fields,
            event=event,
            tried=try_pattern(fields["pattern"], event),
            times=times,
            complaint=complaint,
            editing=view.get("edit"),
            pipelines=[one.arn for one in await rooms.room.pipelines.listed(view.principal.account)],
            may_write=view.principal.may(Role.WRITE),
        )

    async def save(request: Request) -> Response:
        view = site.view(request)
        fields = await read_form(request, _FORM_BYTES)
        place, wish, forms = rooms.place(view), draft.wish_of(fields), draft.forms_of(fields)
        rule = await rooms.room.rules.put(place, wish)
        known = await rooms.room.targets.of_rule(place, wish.bus, wish.name)
        kept = {one["Id"] for one in forms}
        await rooms.room.targets.remove(place, wish.bus, wish.name, [one.id for one in known if one.id not in kept])
        failed = await rooms.room.targets.put(place, wish.bus, wish.name, forms)
        if failed:
            raise InvalidInput(f"the rule is saved, its target {failed[0].id} is not: {failed[0].message}")
        return RedirectResponse(f"{PATH}#{quote(rule.name)}", 303)

    async def act(request: Request) -> Response:
        view = site.view(request)
        fields = await read_form(request, _FORM_BYTES)
        rule = await rooms.rule(view, fields.get("rule", ""))
        if fields.get("do") == "delete":
            targets = await rooms.room.targets.of_rule(rule.place, rule.bus, rule.name)
            await rooms.room.targets.remove(rule.place, rule.bus, rule.name, [one.id for one in targets])
            await rooms.room.rules.delete(rule.place, rule.bus, rule.name)
        else:
            state = DISABLED if rule.enabled else ENABLED
            await rooms.room.rules.switch(rule.place, rule.bus, rule.name, state)
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/edit", site.guarded(form)),
        Route(f"{PATH}/save", site.guarded(save, Role.WRITE), methods=["POST"]),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


async def _listed(rooms: EventRooms, view: View) -> list[dict[str, Any]]:
    account = view.principal.account
    rules = await rooms.room.rules.everywhere(account)
    targets = await rooms.room.targets.of_rules([rule.arn for rule in rules])
    counts = await rooms.room.log.counts(account, view.now_ms - _DAY_MS)
    return [_shown(rooms, rule, targets.get(rule.arn, []), dict(counts.get(rule.arn, {}))) for rule in rules]


def _shown(rooms: EventRooms, rule: Rule, targets: list[Target], counts: dict[str, int]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "arn": rule.arn,
        "bus": name_of(rule.bus),
        "enabled": rule.enabled,
        "pattern": _tight(rule.pattern),
        "schedule": rule.schedule,
        "zone": rule.zone,
        "due_ms": rule.due_ms if rule.enabled else None,
        "description": rule.description,
        "targets": [{**asdict(one), "reachable": rooms.reaches(one.arn)} for one in targets],
        "last_day": counts,
    }


def _tight(pattern: str | None) -> str | None:
    """A pattern on one line."""
    if not pattern:
        return pattern
    try:
        return json.dumps(json.loads(pattern))
    except ValueError:
        return pattern


async def _fields(rooms: EventRooms, view: View) -> dict[str, str]:
    known: dict[str, str] = dict.fromkeys(draft.FIELDS, "")
    if arn := view.get("edit"):
        rule = await rooms.rule(view, arn)
        targets = await rooms.room.targets.of_rules([rule.arn])
        known |= draft.of_rule(rule, targets.get(rule.arn, []))
    typed = {name for name, _ in view.parameters}
    return {name: view.get(name) if name in typed else value for name, value in known.items()}


def _preview(view: View, fields: dict[str, str]) -> tuple[list[int], str]:
    if not fields["schedule"]:
        return [], ""
    try:
        return next_times(view.now_ms, fields["schedule"], fields["zone"], 5), ""
    except InvalidInput as problem:
        return [], str(problem)
