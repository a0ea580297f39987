"""Calculated fields over the joined ones: each written out in terms of these, in whatever order they are declared."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.expressions import Environment, named, tree_of
from trimtab.reports.datasets.field import NUMERIC, Field, Part, Type
from trimtab.reports.datasets.language.tree import Node, fields_in
from trimtab.reports.datasets.language.typed import Typed
from trimtab.reports.datasets.spec import Calculated

_LONGEST = 200_000
"""Characters of one field written out in full: fields of fields of fields may double at every step."""


class CalculatedField(Struct, frozen=True):
    """A calculated field with its SQL, and the joined fields that it reads in the end."""

    field: Field
    typed: Typed
    reads: frozenset[str]


def calculate(
    declared: Mapping[str, str | Calculated], base: Mapping[str, Typed], units: Mapping[str, str], env: Environment
) -> dict[str, CalculatedField]:
    """The calculated fields by name. Raises InvalidInput for a circle, ExpressionProblem for what is wrong in one."""
    trees: dict[str, Node] = {}
    for name, one in declared.items():
        if name in base:
            raise InvalidInput(
                f"cannot use dataset: fields.{name}: a source has a field of that name", field=f"fields.{name}"
            )
        trees[name] = tree_of(one.value if isinstance(one, Calculated) else one, f"fields.{name}")
    known: dict[str, Typed] = dict(base)
    found: dict[str, CalculatedField] = {}
    for name in _ordered(trees):
        tree, where = trees[name], f"fields.{name}"
        writer = env.writer(known)
        typed = named(where, partial(writer.write, tree))
        if len(typed.sql) > _LONGEST:
            raise InvalidInput(f"cannot use dataset: {where}: written out in full it is too long", field=where)
        below = fields_in(tree)
        reads = frozenset().union(*(found[one].reads if one in found else frozenset((one,)) for one in below))
        unit = next((units[one] for one in sorted(reads) if typed.type is Type.MONEY and units.get(one)), "")
        found[name] = CalculatedField(_field(name, declared[name], typed, unit), typed, reads)
        known[name] = typed
    return {name: found[name] for name in declared}


def _field(name: str, declared: str | Calculated, typed: Typed, unit: str) -> Field:
    part = Part.MEASURE if typed.type in NUMERIC else Part.DIMENSION
    if isinstance(declared, Calculated):
        return Field(name, typed.type, declared.description, declared.unit or unit, part)
    return Field(name, typed.type, declared, unit, part)


def _ordered(trees: Mapping[str, Node]) -> Sequence[str]:
    """The names so that each comes after those that it reads. Raises InvalidInput for a circle."""
    done: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise InvalidInput(f"cannot use dataset: fields.{name}: it reads itself: {circle}", field=f"fields.{name}")
        path.append(name)
        for below in sorted(fields_in(trees[name])):
            if below in trees:
                visit(below)
        path.pop()
        done.append(name)

    for name in trees:
        visit(name)
    return done
