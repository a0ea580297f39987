"""`/rest/v1/cardinality`, `/rest/v1/drop-rules`: what costs most series, and what is not kept of new ones."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.errors import AccessDenied
from trimtab.client import cardinality_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.drop_rules import Action, DropRule
from trimtab.metrics.cardinality import By, CardinalityReader
from trimtab.metrics.drop_rules import DropRulesRoom

_REPORT, _RULES = "/rest/v1/cardinality", "/rest/v1/drop-rules"


class CardinalityQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to count, and by what."""

    by: wire.ByName = "metric"
    namespace: Annotated[str, Meta(max_length=255, description="Of this namespace only.")] = ""
    name: Annotated[str, Meta(max_length=255, description="Of the metrics of this name only.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="Groups at most.")] = 20


class RuleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rule."""

    name: wire.RuleName


class SeriesCosts(Struct, frozen=True):
    """What the operations need."""

    reader: CardinalityReader
    rules: DropRulesRoom


def operations(needs: SeriesCosts) -> list[Operation]:
    """The operations."""
    room = needs.rules

    async def report(call: Call[CardinalityQuery, Any]) -> wire.CardinalityReport:
        asked = call.query
        found = await needs.reader.read(call.principal.scope, asked.namespace, asked.name)
        groups = found.groups[By(asked.by)]
        shown = [typed.convert(one, wire.SeriesGroup, from_attributes=True) for one in groups[: asked.limit]]
        total = typed.convert(found.total, wire.SeriesGroup, from_attributes=True)
        return wire.CardinalityReport(found.at_ms, asked.by, total, shown, len(groups))

    async def listed(call: Call[Any, Any]) -> wire.DropRuleList:
        _check(call.principal)
        return await _list()

    async def put(call: Call[Any, wire.PutDropRule]) -> wire.DropRuleList:
        _check(call.principal)
        asked = call.body
        rule = DropRule(
            name=asked.name,
            action=Action(asked.action),
            match=asked.match,
            only=asked.only,
            labels=tuple(asked.labels),
        )
        await room.put(rule)
        return await _list()

    async def remove(call: Call[RuleQuery, Any]) -> wire.DropRuleList:
        _check(call.principal)
        await room.remove(call.query.name)
        return await _list()

    async def _list() -> wire.DropRuleList:
        counts = room.rules
        return wire.DropRuleList(
            [
                wire.DropRule(
                    name=one.name,
                    action=one.action.value,
                    match=one.match,
                    only=one.only,
                    labels=list(one.labels),
                    rows=counts.rows[one.name],
                    series=counts.series[one.name],
                )
                for one in await room.all()
            ]
        )

    return [
        Operation("GET", _REPORT, "get cardinality", "What costs most series: by metric, label, account or source.",
                  report, wire.CardinalityReport, query=CardinalityQuery),
        Operation("GET", _RULES, "list drop rules", "What is not kept of new series, and what each rule took.",
                  listed, wire.DropRuleList),
        Operation("PUT", _RULES, "put drop rule", "Keep a rule of what is not kept; it counts from the next point on.",
                  put, wire.DropRuleList, body=wire.PutDropRule, role=Role.ADMIN),
        Operation("DELETE", _RULES, "remove drop rule", "Take a rule out.", remove, wire.DropRuleList,
                  query=RuleQuery, errors=(404,), role=Role.ADMIN),
    ]  # fmt: skip


def _check(principal: Principal) -> None:
    if principal.scope.accounts is not None:
        raise AccessDenied(f"cannot use drop rules: they are of all accounts, {principal.name!r} is bound to its own")
