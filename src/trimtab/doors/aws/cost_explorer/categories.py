"""Create, Update, Describe, Delete and ListCostCategoryDefinition(s).

They are the categories of the allocation: each change is a new version of it. Splits are carried into every answer of
Cost Explorer, which AWS's own does not do.
"""

from collections.abc import Callable

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict
from trimtab.base.records import replace
from trimtab.costs.model import Tag
from trimtab.doors.aws.cost_explorer.anomaly_shapes import room_of, whose, worded
from trimtab.doors.aws.cost_explorer.category_forms import (
    arn_of,
    id_of,
    read_category,
    start_of,
    write_category,
    write_reference,
)
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, invalid, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.economics.months import bounds, month_of
from trimtab.economics.rules.model import Category, CategoryRule, RuleSet
from trimtab.economics.rules.store import RulesStore, RulesVersion
from trimtab.economics.rules.write import write_rules

_PAGE = 100
_BARE = RuleSet(categories=(Category("team", (CategoryRule(inherit=Tag("team")),)),))
"""What a first category is added to: nothing that changes what tags mean."""


@operations.add("CreateCostCategoryDefinition", needs=Role.ADMIN)
async def create_cost_category(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Add a category; it counts from this month on where the request does not say since when."""
    store = _store(rooms, context)
    version = await store.current()
    name = request["Name"]
    if version.version and version.rules.category(name) is not None:
        raise invalid(f"Cost category {name} already exists")
    category = read_category(name, request, month_of(rooms.clock.now_ms()))
    await _change(store, version, context, f"create {name}", lambda rules: _with(rules, category))
    arn = arn_of(name, context)
    if request.get("ResourceTags"):
        with worded():
            await room_of(rooms).subscriptions.tag(whose(context)[0], arn, tags_of(request, "ResourceTags"), known=True)
    return {"CostCategoryArn": arn, "EffectiveStart": start_of(category)}


@operations.add("UpdateCostCategoryDefinition", needs=Role.ADMIN)
async def update_cost_category(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Replace a category's rules and splits, from the time that it counted already or the one that is given."""
    store = _store(rooms, context)
    version = await store.current()
    found = _named(version, request["CostCategoryArn"])
    category = read_category(found.name, request, found.since)
    await _change(store, version, context, f"update {found.name}", lambda rules: _with(rules, category))
    return {"CostCategoryArn": arn_of(found.name, context), "EffectiveStart": start_of(category)}


@operations.add("DescribeCostCategoryDefinition")
async def describe_cost_category(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """A category with its rules and splits."""
    version = await _store(rooms, context).current()
    return {"CostCategory": write_category(_named(version, request["CostCategoryArn"]), context)}


@operations.add("DeleteCostCategoryDefinition", needs=Role.ADMIN)
async def delete_cost_category(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Take a category out. Statements that are closed keep what it was."""
    store = _store(rooms, context)
    version = await store.current()
    found = _named(version, request["CostCategoryArn"])
    await _change(store, version, context, f"delete {found.name}", lambda rules: _without(rules, found.name))
    if rooms.anomalies is not None:
        await rooms.anomalies.subscriptions.forget_tags(arn_of(found.name, context))
    month = month_of(rooms.clock.now_ms())
    first = bounds(month)[0]
    return {
        "CostCategoryArn": arn_of(found.name, context),
        "EffectiveEnd": start_of(Category(found.name, since=month_of(first))),
    }


@operations.add("ListCostCategoryDefinitions")
async def list_cost_categories(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Every category."""
    version = await _store(rooms, context).current()
    categories = version.rules.categories if version.version else ()
    page = await read_page(rooms, request, context)
    shown, more = page.cut(categories, request.get("MaxResults") or _PAGE, "NextToken")
    return {"CostCategoryReferences": [write_reference(one, context) for one in shown], **more}


async def category_of(rooms: CostExplorerRooms, context: CallContext, arn: str) -> str:
    """The ARN of a category that there is, in the caller's account. Raises AwsError."""
    return arn_of(_named(await _store(rooms, context).current(), arn).name, context)


def _store(rooms: CostExplorerRooms, context: CallContext) -> RulesStore:
    """The allocation, for who may see the whole bill. Raises AwsError."""
    if context.principal.account is not None:
        raise AwsError("AccessDenied", "Cost categories divide the whole bill: this key is bound to one account")
    if rooms.rules is None:
        raise AwsError("ServiceUnavailable", "This server keeps no allocation")
    return rooms.rules


def _named(version: RulesVersion, arn: str) -> Category:
    """The category of an ARN, whatever account it names. Raises AwsError."""
    id_ = arn.rpartition("/")[2]
    for one in version.rules.categories if version.version else ():
        if id_of(one.name) == id_:
            return one
    raise AwsError("ResourceNotFoundException", f"No Cost Categories found with ID {id_}")


async def _change(
    store: RulesStore, version: RulesVersion, context: CallContext, what: str, change: Callable[[RuleSet], RuleSet]
) -> None:
    rules = change(version.rules if version.version else _BARE)
    try:
        await store.apply(write_rules(rules), context.principal.name, what, version.version)
    except Conflict as problem:
        raise invalid(str(problem)) from None


def _with(rules: RuleSet, category: Category) -> RuleSet:
    kept = tuple(category if one.name == category.name else one for one in rules.categories)
    known = any(one.name == category.name for one in rules.categories)
    return replace(rules, categories=kept if known else (*kept, category))


def _without(rules: RuleSet, name: str) -> RuleSet:
    return replace(rules, categories=tuple(one for one in rules.categories if one.name != name))
