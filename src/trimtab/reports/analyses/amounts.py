"""What a visual shows of its groups: measures with their units and whether parts of them add up to the whole."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.reports.analyses.grouping import plain_name
from trimtab.reports.analyses.spec import Measure
from trimtab.reports.datasets.expressions import tree_of
from trimtab.reports.datasets.field import Field, Type
from trimtab.reports.datasets.language.tree import CallOf, FieldName, Node

_ADDED = frozenset(("sum", "count", "sumif", "countif"))
_NAMED = {"avg": "mean", "distinct_count": "different", "percentile": "percentile"}


class Amount(Struct, frozen=True):
    """A measure. `parts` are the expressions that it is made of beside the whole; `additive`: groups add up."""

    label: str
    expression: str
    type: Type
    unit: str
    additive: bool

    @property
    def money(self) -> bool:
        """Whether it is exact money."""
        return self.type is Type.MONEY


def amount_of(measure: Measure, per: str, type_: Type, fields: Mapping[str, Field]) -> Amount:
    """A measure as it is asked for; `type_` is what the whole expression answers."""
    tree = tree_of(measure.value, "measures")
    label = measure.name or _label(tree, measure.value)
    unit = measure.unit or _unit(tree, fields)
    additive = not per and isinstance(tree, CallOf) and tree.name in _ADDED
    if per:
        below = tree_of(per, "per")
        label = measure.name or f"{label} per {_label(below, per)}"
        under = _unit(below, fields) or _label(below, per)
        unit = measure.unit or (f"{unit}/{under}" if unit else f"per {under}")
    return Amount(label, divided(measure.value, per), type_, unit, additive)


def divided(value: str, per: str) -> str:
    """A measure for each of another."""
    return f"({value}) / ({per})" if per else value


def _label(tree: Node, text: str) -> str:
    if isinstance(tree, CallOf) and tree.name == "count" and not tree.arguments:
        return "rows"
    if isinstance(tree, CallOf) and tree.arguments and isinstance(tree.arguments[0], FieldName):
        inner = tree.arguments[0].name.replace("_", " ")
        return inner if tree.name == "sum" else f"{inner} ({_NAMED.get(tree.name, tree.name)}{_rank(tree)})"
    return plain_name(text)


def _rank(tree: CallOf) -> str:
    second = tree.arguments[1] if len(tree.arguments) > 1 else None
    value = getattr(second, "value", None)
    return f" {value}" if value is not None and tree.name == "percentile" else ""


def _unit(tree: Node, fields: Mapping[str, Field]) -> str:
    """The unit of the one field that is added up or looked at; nothing where several are mixed."""
    if isinstance(tree, FieldName):
        found = fields.get(tree.name)
        return found.unit if found else ""
    if isinstance(tree, CallOf) and tree.arguments and tree.name not in ("count", "distinct_count", "*", "/"):
        return _unit(tree.arguments[0], fields)
    return ""
