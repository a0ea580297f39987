"""`/rest/v1/event-rules`, `/rest/v1/events`: what happens when something happens, tried out before and put."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import InvalidInput
from trimtab.client import triggers_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.triggers.arns import Place, name_of
from trimtab.triggers.delivering import Delivering
from trimtab.triggers.entries import Refused, check_size, read_entries
from trimtab.triggers.model import DISABLED, ENABLED, Event, Rule, Target
from trimtab.triggers.patterns.numerals import decode
from trimtab.triggers.patterns.pattern import InvalidPattern, checked_pattern
from trimtab.triggers.preview import next_times
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.rules import Wish

TAG = "event rules"
_PATH = "/rest/v1/event-rules"
_RULE: Mapping[str, str] = {"bus": "The name of the event bus.", "name": "The name of the rule."}
_DAY_MS = 86_400_000


class Triggering(Struct, frozen=True):
    """What the operations ask."""

    room: TriggersRoom
    delivering: Delivering


def place_of(needs: Triggering, principal: Principal) -> Place:
    """Where a caller's rules are: its account, else the server's own."""
    return Place(principal.account or needs.room.home.account, needs.room.home.region)


def operations(needs: Triggering) -> list[Operation]:
    """The operations on rules and events."""
    room = needs.room

    async def listed(call: Call[Any, None]) -> wire.EventRuleList:
        rules = await room.rules.everywhere(call.principal.account)
        return wire.EventRuleList(await _shown(needs, call.principal.account, rules))

    async def put(call: Call[Any, wire.PutRule]) -> wire.EventRule:
        asked, place = call.body, place_of(needs, call.principal)
        state = ENABLED if asked.enabled else DISABLED
        wish = Wish(asked.name, asked.bus, asked.pattern, asked.schedule, asked.zone, state, asked.description)
        rule = await room.rules.put(place, wish)
        kept = {one.id for one in asked.targets}
        gone = [one.id for one in await room.targets.of_rule(place, asked.bus, asked.name) if one.id not in kept]
        await room.targets.remove(place, asked.bus, asked.name, gone)
        failed = await room.targets.put(place, asked.bus, asked.name, [form_of(one) for one in asked.targets])
        if failed:
            raise InvalidInput(f"cannot put target {failed[0].id} of {asked.name}: {failed[0].message}")
        return (await _shown(needs, call.principal.account, [rule]))[0]

    async def remove(call: Call[Any, None]) -> wire.Done:
        place, bus, name = place_of(needs, call.principal), call.path["bus"], call.path["name"]
        found = await room.targets.of_rule(place, bus, name)
        await room.targets.remove(place, bus, name, [one.id for one in found])
        await room.rules.delete(place, bus, name)
        return wire.Done(f"removed {name}")

    async def test(call: Call[Any, wire.TestPattern]) -> wire.PatternTested:
        try:
            pattern = checked_pattern(call.body.pattern)
        except InvalidPattern as problem:
            return wire.PatternTested(False, str(problem))
        event = decode(call.body.event)
        if not isinstance(event, dict):
            raise InvalidInput("cannot try the pattern: the event is no JSON object")
        return wire.PatternTested(pattern.matches(event))

    async def preview(call: Call[Any, wire.PreviewSchedule]) -> wire.SchedulePreview:
        return wire.SchedulePreview(
            next_times(room.clock.now_ms(), call.body.schedule, call.body.zone, call.body.times)
        )

    async def put_events(call: Call[Any, wire.PutEvents]) -> wire.EventsTaken:
        place = place_of(needs, call.principal)
        entries = [_entry(one) for one in call.body.events]
        check_size(entries)
        key = call.headers.get("idempotency-key")
        read = read_entries(entries, place, room.clock.now_ms(), key)
        events = [one for one in read if isinstance(one, Event)]
        for one in read:
            if isinstance(one, Refused):
                raise InvalidInput(one.message)
        for bus in {one.bus for one in events}:
            if not await room.intake.knows(bus):
                raise InvalidInput(f"there is no event bus {name_of(bus)}")
        taken = await room.intake.put(events)
        return wire.EventsTaken([one.id for one in events], [one.rules for one in taken])

    return [
        Operation(
            "GET", _PATH, "list event rules", "Every rule with its targets.", listed, wire.EventRuleList, tag=TAG
        ),
        Operation(
            "POST",
            _PATH,
            "put event rule",
            "Make or replace a rule with all of its targets.",
            put,
            wire.EventRule,
            body=wire.PutRule,
            errors=(404,),
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "DELETE",
            f"{_PATH}/{{bus}}/{{name}}",
            "remove event rule",
            "Remove a rule with its targets; what waits is still delivered.",
            remove,
            wire.Done,
            errors=(404,),
            path_parameters=_RULE,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "POST",
            f"{_PATH}/test-pattern",
            "test event pattern",
            "Whether a pattern matches an event, and what is wrong with a pattern that is not valid.",
            test,
            wire.PatternTested,
            body=wire.TestPattern,
            tag=TAG,
            bound=True,
        ),
        Operation(
            "POST",
            f"{_PATH}/preview-schedule",
            "preview schedule",
            "The next times of a schedule.",
            preview,
            wire.SchedulePreview,
            body=wire.PreviewSchedule,
            tag=TAG,
            bound=True,
        ),
        Operation(
            "POST",
            "/rest/v1/events",
            "put events",
            "Put events on buses; durable when answered. With Idempotency-Key a repeat changes nothing.",
            put_events,
            wire.EventsTaken,
            body=wire.PutEvents,
            role=Role.WRITE,
            tag=TAG,
        ),
    ]


def form_of(target: wire.TargetForm) -> dict[str, Any]:
    """A target as PutTargets has it."""
    form: dict[str, Any] = {"Id": target.id, "Arn": target.arn}
    if target.input is not None:
        form["Input"] = target.input
    if target.input_path is not None:
        form["InputPath"] = target.input_path
    if target.template is not None:
        form["InputTransformer"] = {"InputPathsMap": target.paths, "InputTemplate": target.template}
    if target.dead_letter:
        form["DeadLetterConfig"] = {"Arn": target.dead_letter}
    if (target.max_age_s, target.max_attempts) != (86_400, 185):
        policy = {"MaximumEventAgeInSeconds": target.max_age_s, "MaximumRetryAttempts": target.max_attempts}
        form["RetryPolicy"] = policy
    return form


def _entry(event: wire.PutEvent) -> dict[str, Any]:
    entry = {
        "Source": event.source,
        "DetailType": event.detail_type,
        "Detail": event.detail,
        "EventBusName": event.bus,
        "Resources": event.resources,
    }
    return entry if event.time_ms is None else {**entry, "Time": event.time_ms}


async def _shown(needs: Triggering, account: str | None, rules: Sequence[Rule]) -> list[wire.EventRule]:
    room = needs.room
    targets = await room.targets.of_rules([rule.arn for rule in rules])
    counts = await room.log.counts(account, room.clock.now_ms() - _DAY_MS)
    return [_rule(needs, rule, targets.get(rule.arn, []), counts.get(rule.arn, {})) for rule in rules]


def _rule(needs: Triggering, rule: Rule, targets: Sequence[Target], counts: Mapping[str, int]) -> wire.EventRule:
    reaches = needs.delivering.dispatcher.reaches
    return wire.EventRule(
        rule.name,
        rule.arn,
        name_of(rule.bus),
        rule.place.account,
        rule.place.region,
        rule.enabled,
        rule.pattern,
        rule.schedule,
        rule.zone,
        rule.description,
        rule.created_ms,
        rule.due_ms if rule.enabled else None,
        [wire.ShownTarget(one.id, one.arn, dict(one.form), reaches(one.arn)) for one in targets],
        dict(counts),
    )
