"""Cost Explorer's names of dimensions and values, and how the bill's own stand for them.

A line without a value is in a group of its own: `NoRegion`, `NoInstanceType` … for dimensions, `key$` for tags and
cost categories. A tag is its key exactly as it is spelled, as AWS means it. What AWS calls differently from its own
bill is understood in filters and left as the bill has it in answers: `On Demand Instances` is the bill's `On-Demand`.
"""

from collections.abc import Mapping

from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Not, Or, Tag, Where
from trimtab.doors.aws.cost_explorer.rooms import invalid

EC2_COMPUTE = "Amazon Elastic Compute Cloud - Compute"
EC2_OTHER = "EC2 - Other"

_KNOWN = {one.value: one for one in Dimension}
_OWN_NAMES: Mapping[str, Dimension] = {"SUBSCRIPTION_ID": Dimension.RESERVATION_ID}
_NOTHING: Mapping[Facet, str] = {
    dimension: "No" + "".join(part.title() for part in dimension.value.split("_"))
    for dimension in Dimension
    if dimension not in (Dimension.AZ, Dimension.PAYER_ACCOUNT, Dimension.LINKED_ACCOUNT)
}
_ALIASES: Mapping[Dimension, Mapping[str, str]] = {
    Dimension.PURCHASE_TYPE: {
        "On Demand Instances": "On-Demand",
        "Standard Reserved Instances": "Reserved",
        "Convertible Reserved Instances": "Reserved",
        "Spot Instances": "Spot",
        "Savings Plans": "Savings Plan",
    },
    Dimension.RECORD_TYPE: {"Recurring": "RIFee", "Recurring reservation fee": "RIFee"},
}
_EC2 = Where(Dimension.SERVICE_CODE, ("AmazonEC2",))
_COMPUTE = Where(Dimension.PRODUCT_FAMILY, ("Compute Instance", "Compute Instance (bare metal)", "Dedicated Host"))
_SPLIT: Mapping[str, Filter] = {EC2_COMPUTE: And((_EC2, _COMPUTE)), EC2_OTHER: And((_EC2, Not(_COMPUTE)))}
"""AWS's Cost Explorer shows EC2 as two services, its bill as one."""


def dimension_of(name: str) -> Dimension:
    """The dimension of a wire name. Raises AwsError for one that a bill does not have."""
    found = _KNOWN.get(name) or _OWN_NAMES.get(name)
    if found is None:
        raise invalid(f"Dimension {name} is not supported: a bill has {', '.join(sorted(_KNOWN))}")
    return found


def facet_of(type_: str, key: str) -> Facet:
    """What a GroupDefinition groups by. Raises AwsError."""
    if not key:
        raise invalid("GroupBy key must not be empty")
    match type_:
        case "DIMENSION":
            return dimension_of(key)
        case "TAG":
            return Tag(key, exact=True)
        case "COST_CATEGORY":
            return CostCategory(key)
        case _:
            raise invalid(f"GroupBy type {type_ or 'null'} is not supported: use DIMENSION, TAG or COST_CATEGORY")


def key_of(facet: Facet, value: str) -> str:
    """A group's key as Cost Explorer writes it."""
    match facet:
        case Tag(key):
            return f"{key}${value}"
        case CostCategory(name):
            return f"{name}${value}"
        case _:
            return value or _NOTHING.get(facet, "")


def where_equal(facet: Facet, values: tuple[str, ...], *, ignore_case: bool = False) -> Filter:
    """Lines whose facet is one of `values`, under AWS's names for them too."""
    if not isinstance(facet, Dimension):
        return Where(facet, values, ignore_case=ignore_case)
    aliases, nothing = _ALIASES.get(facet, {}), _NOTHING.get(facet)
    plain = tuple(dict.fromkeys("" if value == nothing else aliases.get(value, value) for value in values))
    where: Filter = Where(facet, plain, ignore_case=ignore_case)
    split = [_SPLIT[value] for value in values if value in _SPLIT] if facet is Dimension.SERVICE else []
    return Or((where, *split)) if split else where
