"""`GET /rest/v1/figures` and `/rest/v1/figures/figure`: what every number that is shown means."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.client import figures_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.figures.model import Figure
from trimtab.figures.register import REGISTER, figure

_PATH, _TAG = "/rest/v1/figures", "figures"


class FigureQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which figure."""

    id: Annotated[str, Meta(min_length=1, max_length=128, description="Its id: idle_cost, gpu_hours_held …")]


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is asked."""


def operations() -> list[Operation]:
    """The register's door."""

    async def listed(call: Call[NoQuery, None]) -> wire.Figures:
        del call
        return wire.Figures([_on_wire(one) for one in REGISTER.values()])

    async def one(call: Call[FigureQuery, None]) -> wire.Figure:
        return _on_wire(figure(call.query.id))

    return [
        Operation(
            "GET",
            _PATH,
            "list figures",
            "Every figure that is shown: name, formula, basis, unit, what a range means, and how it adds up.",
            listed,
            wire.Figures,
            query=NoQuery,
            role=Role.FINANCE,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/figure",
            "get figure",
            "One figure by its id.",
            one,
            wire.Figure,
            query=FigureQuery,
            role=Role.FINANCE,
            errors=(404,),
            tag=_TAG,
            bound=True,
        ),
    ]


def _on_wire(one: Figure) -> wire.Figure:
    return wire.Figure(
        id=one.id,
        label=one.label,
        area=one.area,
        unit=one.unit,
        formula=one.formula,
        basis=one.basis,
        span=one.span,
        rollup=one.rollup.value,
        rows=one.rows,
        aliases=list(one.aliases),
    )
