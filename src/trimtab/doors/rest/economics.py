"""`/rest/v1/statements`, `/rest/v1/allocation` and `/rest/v1/tags`: whose the bill is.

Everybody with the role finance may read; what changes anything needs admin. It all tells of the whole bill: a caller
who is bound to an account is refused.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role, everything_only
from trimtab.base.errors import NotFound
from trimtab.client import economics_wire as wire
from trimtab.doors.rest import economics_answers as answers
from trimtab.doors.rest.spec import Call, Operation
from trimtab.economics.months import read_month
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.read import read_rules
from trimtab.economics.statements.model import MonthState

_STATEMENTS, _ALLOCATION, _TAGS = "/rest/v1/statements", "/rest/v1/allocation", "/rest/v1/tags"
_MONTH = {"month": "A billing month, YYYY-MM."}


class StatementQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose lines."""

    owner: Annotated[str, Meta(max_length=512, description="One owner's lines only.")] | None = None


class MonthQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which month."""

    month: Annotated[
        str, Meta(pattern=wire.MONTH_PATTERN, description="A billing month, YYYY-MM [the newest with a bill].")
    ] = ""


def operations(room: EconomicsRoom) -> list[Operation]:
    """Every operation of the room."""
    return [*_statement_operations(room), *_allocation_operations(room), *_tag_operations(room)]


def _statement_operations(room: EconomicsRoom) -> list[Operation]:
    async def months(call: Call[Any, None]) -> wire.MonthList:
        whole(call)
        rules = (await room.rules.current()).rules
        found = [
            wire.StatementMonth(
                f"{one.month // 100}-{one.month % 100:02}",
                one.state.value,
                {currency: f"{total:f}" for currency, total in one.billed.items()},
                list(one.sources),
            )
            for one in await room.statements.months()
        ]
        return wire.MonthList(found, rules.basis.value, rules.owner)

    async def one(call: Call[StatementQuery, None]) -> wire.Statement:
        whole(call)
        found = await room.statements.statement(read_month(call.path["month"]))
        return answers.statement(found, await room.statements.reconcile(found), call.query.owner)

    async def close(call: Call[Any, None]) -> wire.Statement:
        whole(call)
        found = await room.statements.close(read_month(call.path["month"]), call.principal.name)
        return answers.statement(found, await room.statements.reconcile(found), None)

    finance, tag = Role.FINANCE, "statements"
    return [
        Operation(
            "GET",
            _STATEMENTS,
            "list statements",
            "The months with a bill, open or closed.",
            months,
            wire.MonthList,
            role=finance,
            tag=tag,
        ),
        Operation(
            "GET",
            _STATEMENTS + "/{month}",
            "get statement",
            "A month's statement: owners, lines, receipts, and the bill beside it.",
            one,
            wire.Statement,
            query=StatementQuery,
            errors=(404,),
            path_parameters=_MONTH,
            role=finance,
            tag=tag,
        ),
        Operation(
            "POST",
            _STATEMENTS + "/{month}/close",
            "close month",
            "Freeze a month's statement with its rules and receipts; it cannot be undone.",
            close,
            wire.Statement,
            errors=(404, 409),
            path_parameters=_MONTH,
            role=Role.ADMIN,
            tag=tag,
        ),
    ]


def _allocation_operations(room: EconomicsRoom) -> list[Operation]:
    async def current(call: Call[Any, None]) -> wire.Allocation:
        whole(call)
        return answers.allocation(await room.rules.current())

    async def versions(call: Call[Any, None]) -> wire.AllocationList:
        whole(call)
        return wire.AllocationList([answers.allocation(one) for one in await room.rules.versions()])

    async def check(call: Call[Any, wire.CheckAllocation]) -> wire.Preview:
        whole(call)
        month = read_month(call.body.month) if call.body.month else await newest_month(room, open_only=True)
        if month is None:
            rules = read_rules(call.body.document)
            category = rules.category(rules.owner)
            return wire.Preview(None, False, category.default if category else "", [], [], [])
        return answers.preview(await room.previews.preview(call.body.document, month))

    async def apply(call: Call[Any, wire.ApplyAllocation]) -> wire.Allocation:
        whole(call)
        wanted = call.body
        made = await room.rules.apply(wanted.document, call.principal.name, wanted.note, wanted.based_on)
        return answers.allocation(made)

    finance, tag = Role.FINANCE, "allocation"
    return [
        Operation(
            "GET",
            _ALLOCATION,
            "get allocation",
            "The rules in force, as they were given.",
            current,
            wire.Allocation,
            role=finance,
            tag=tag,
        ),
        Operation(
            "GET",
            _ALLOCATION + "/versions",
            "list allocations",
            "Every version that was applied, the newest first.",
            versions,
            wire.AllocationList,
            role=finance,
            tag=tag,
        ),
        Operation(
            "POST",
            _ALLOCATION + "/check",
            "check allocation",
            "Try rules on a month: what moves, what nobody owns, whether it adds up. Changes nothing.",
            check,
            wire.Preview,
            body=wire.CheckAllocation,
            errors=(404,),
            role=finance,
            tag=tag,
        ),
        Operation(
            "PUT",
            _ALLOCATION,
            "apply allocation",
            "Make rules count from now on, for every month that is not closed.",
            apply,
            wire.Allocation,
            body=wire.ApplyAllocation,
            errors=(409,),
            role=Role.ADMIN,
            tag=tag,
        ),
    ]


def _tag_operations(room: EconomicsRoom) -> list[Operation]:
    async def keys(call: Call[MonthQuery, None]) -> wire.TagKeyList:
        month = await _month(room, call)
        return answers.tag_keys(month, await room.tags.keys(month))

    async def compliance(call: Call[MonthQuery, None]) -> wire.ComplianceList:
        month = await _month(room, call)
        return answers.compliance(month, await room.tags.compliance(month))

    async def untagged(call: Call[MonthQuery, None]) -> wire.UntaggedReport:
        return answers.untagged(await room.tags.untagged(await _month(room, call)))

    finance = Role.FINANCE
    said = (
        ("keys", "list tag keys", "The tag keys of a month's bill, and what the rules make of them.", keys),
        ("compliance", "get tag compliance", "How far each owner keeps each tag policy, by cost.", compliance),
        ("untagged", "get untagged cost", "What nobody owns, by resource, with a suggested owner.", untagged),
    )
    kinds = (wire.TagKeyList, wire.ComplianceList, wire.UntaggedReport)
    return [
        Operation(
            "GET",
            f"{_TAGS}/{path}",
            name,
            summary,
            handler,
            kind,
            query=MonthQuery,
            errors=(404,),
            role=finance,
            tag="tags",
        )
        for (path, name, summary, handler), kind in zip(said, kinds, strict=True)
    ]


def whole(call: Call[Any, Any]) -> None:
    """Statements tell of the bills of every account. Raises AccessDenied."""
    everything_only(call.principal, "read statements")


async def newest_month(room: EconomicsRoom, *, open_only: bool = False) -> int | None:
    """The newest month with a bill; None without any."""
    months = await room.statements.months()
    found = [one.month for one in months if not open_only or one.state is MonthState.OPEN]
    return found[0] if found else months[0].month if months else None


async def _month(room: EconomicsRoom, call: Call[MonthQuery, None]) -> int:
    whole(call)
    if call.query.month:
        return read_month(call.query.month)
    month = await newest_month(room)
    if month is None:
        raise NotFound("cannot report on tags: no bill was imported; `trimtab import FILE` imports one")
    return month
