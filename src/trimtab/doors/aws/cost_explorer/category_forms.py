"""Cost categories on the wire: definitions of AWS to and from the allocation's categories."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from trimtab.base.partitions import partition_of
from trimtab.costs.model import And, CostCategory, Dimension, Filter, Match, Not, Or, Tag, Where
from trimtab.costs.tag_keys import loose
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.rooms import invalid
from trimtab.doors.aws.service import CallContext, Request
from trimtab.economics.months import named
from trimtab.economics.rules.model import Category, CategoryRule, Split, SplitMethod

RULE_VERSION = "CostCategoryExpression.v1"
_SPLITS_BY = {SplitMethod.FIXED: "FIXED", SplitMethod.PROPORTIONAL: "PROPORTIONAL", SplitMethod.EVEN: "EVEN"}
_PERCENTAGES = "ALLOCATION_PERCENTAGES"
_ALWAYS = "1970-01-01T00:00:00Z"
APPLIED = [{"Component": "COST_EXPLORER", "Status": "APPLIED"}]


def id_of(name: str) -> str:
    """A category's id: the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"trimtab:costcategory:{name}"))


def arn_of(name: str, context: CallContext) -> str:
    """A category's ARN in the caller's account and partition; categories belong to no region."""
    return f"arn:{partition_of(context.region)}:ce::{context.account}:costcategory/{id_of(name)}"


def read_category(name: str, request: Request, month: int) -> Category:
    """The category of a Create or Update request; without an EffectiveStart it counts from `month`. Raises AwsError."""
    start = request.get("EffectiveStart")
    return Category(
        name,
        tuple(_rule(one) for one in request["Rules"]),
        request.get("DefaultValue") or "",
        tuple(_split(one) for one in request.get("SplitChargeRules") or ()),
        month if start is None else _month(start),
    )


def write_category(category: Category, context: CallContext) -> dict[str, Any]:
    """A CostCategory. What AWS has no form for is left out: splits by a use metric, other things to inherit."""
    splits = [_write_split(one) for one in category.splits if one.method in _SPLITS_BY]
    return {
        "CostCategoryArn": arn_of(category.name, context),
        "EffectiveStart": start_of(category),
        "Name": category.name,
        "RuleVersion": RULE_VERSION,
        "Rules": [_write_rule(one) for one in category.rules if _is_known(one)],
        "ProcessingStatus": APPLIED,
        **({"SplitChargeRules": splits} if splits else {}),
        **({"DefaultValue": category.default} if category.default else {}),
    }


def write_reference(category: Category, context: CallContext) -> dict[str, Any]:
    """A CostCategoryReference."""
    values = dict.fromkeys(one.value for one in category.rules if one.value)
    return {
        "CostCategoryArn": arn_of(category.name, context),
        "Name": category.name,
        "EffectiveStart": start_of(category),
        "NumberOfRules": len(category.rules),
        "ProcessingStatus": APPLIED,
        "Values": list(values),
        **({"DefaultValue": category.default} if category.default else {}),
    }


def start_of(category: Category) -> str:
    """From when it counts."""
    return f"{named(category.since)}-01T00:00:00Z" if category.since else _ALWAYS


def write_expression(where: Filter) -> dict[str, Any]:
    """A filter as AWS's Expression."""
    match where:
        case And((part,)) | Or((part,)):
            return write_expression(part)
        case And(parts):
            return {"And": [write_expression(part) for part in parts]}
        case Or(parts):
            return {"Or": [write_expression(part) for part in parts]}
        case Not(part):
            return {"Not": write_expression(part)}
        case Where(facet, values, match, ignore_case):
            options = [match.value, *(["CASE_INSENSITIVE"] if ignore_case else [])]
            held: dict[str, Any] = {"MatchOptions": options}
            if match is not Match.ABSENT:
                held["Values"] = list(values)
            match facet:
                case Tag(key):
                    return {"Tags": {"Key": key, **held}}
                case CostCategory(name):
                    return {"CostCategories": {"Key": name, **held}}
                case Dimension():
                    return {"Dimensions": {"Key": facet.value, **held}}


def _rule(rule: Mapping[str, Any]) -> CategoryRule:
    inherited, expression, value = rule.get("InheritedValue"), rule.get("Rule"), rule.get("Value") or ""
    if (rule.get("Type") or "REGULAR") == "INHERITED_VALUE":
        if inherited is None or value:
            raise invalid("A rule of type INHERITED_VALUE must have InheritedValue and no Value")
        return CategoryRule(when=loose(read_filter(expression)), inherit=_inherited(inherited))
    if inherited is not None or expression is None or not value:
        raise invalid("A rule of type REGULAR must have Value and Rule, and no InheritedValue")
    return CategoryRule(value, loose(read_filter(expression)))


def _inherited(value: Mapping[str, Any]) -> Tag | Dimension:
    if value.get("DimensionName") == "LINKED_ACCOUNT_NAME":
        return Dimension.LINKED_ACCOUNT_NAME
    if not value.get("DimensionKey"):
        raise invalid("InheritedValue of TAG must have a DimensionKey")
    return Tag(str(value["DimensionKey"]))


def _split(split: Mapping[str, Any]) -> Split:
    method, targets = SplitMethod(str(split["Method"]).lower()), tuple(split["Targets"])
    parameters = {one["Type"]: one["Values"] for one in split.get("Parameters") or ()}
    if method is not SplitMethod.FIXED:
        if parameters:
            raise invalid(f"Split charge rules of method {split['Method']} have no Parameters")
        return Split(split["Source"], targets, method)
    percentages = parameters.get(_PERCENTAGES, ())
    if len(percentages) != len(targets):
        raise invalid(f"Split charge rules of method FIXED must have as many {_PERCENTAGES} as Targets")
    shares = {name: _percent(text) for name, text in zip(targets, percentages, strict=True)}
    return Split(split["Source"], targets, method, shares)


def _percent(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not 0 <= found <= 100:
        raise invalid(f"Allocation percentage {text} is not between 0 and 100")
    return found


def _month(text: str) -> int:
    """The month of a ZonedDateTime that is the start of one."""
    if text[8:19] != "01T00:00:00" or text[19:] not in ("Z", "+00:00"):
        raise invalid(f"EffectiveStart {text} is not the first moment of a month, in UTC")
    return int(text[:4]) * 100 + int(text[5:7])


def _write_rule(rule: CategoryRule) -> dict[str, Any]:
    when = {} if rule.when is None else {"Rule": write_expression(rule.when)}
    if rule.inherit is None:
        return {"Value": rule.value, **when, "Type": "REGULAR"}
    inherited = {"DimensionName": "LINKED_ACCOUNT_NAME"}
    if isinstance(rule.inherit, Tag):
        inherited = {"DimensionName": "TAG", "DimensionKey": rule.inherit.key}
    return {**when, "InheritedValue": inherited, "Type": "INHERITED_VALUE"}


def _is_known(rule: CategoryRule) -> bool:
    return rule.inherit is None or isinstance(rule.inherit, Tag) or rule.inherit is Dimension.LINKED_ACCOUNT_NAME


def _write_split(split: Split) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Source": split.source,
        "Targets": list(split.targets),
        "Method": _SPLITS_BY[split.method],
    }
    if split.method is SplitMethod.FIXED:
        values: Sequence[str] = [f"{split.shares[name]:f}" for name in split.targets]
        found["Parameters"] = [{"Type": _PERCENTAGES, "Values": list(values)}]
    return found
