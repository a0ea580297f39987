"""The register: every figure that people are shown, by id. GPU time is declared by the fleet, KPIs by their room, and
the others by one file an area in `areas`, which is found by listing that package.
"""

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from trimtab.base.errors import NotFound
from trimtab.figures import areas
from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.figures import FIGURES as FLEET
from trimtab.kpis.formulas import FORMULAS, Formula
from trimtab.kpis.model import Area

_ALIASES = {"ttft_p95": ("First token p95",), "success_ratio": ("Success",)}
_SUMS = frozenset({"requests_per_s", "tokens_per_s", "output_tokens_per_s", "records"})
_RATIOS = frozenset({"success_ratio", "error_budget_left", "burn_rate", "burn_rate_1h"})


def _of_fleet() -> Iterable[Figure]:
    for one in FLEET.values():
        rollup = Rollup.SUM if one.unit == "h" else Rollup.RATIO
        yield Figure(
            id=one.id, label=one.label, area="GPU time", unit=one.unit, formula=one.text, rollup=rollup, rows="/teams"
        )


def _of_kpi(one: Formula) -> Figure:
    rollup = Rollup.SUM if one.id in _SUMS else Rollup.RATIO if one.id in _RATIOS else Rollup.WHOLE
    return Figure(
        id=one.id,
        label=one.label,
        area=one.area.value,
        unit=one.unit,
        formula=one.text,
        rollup=rollup,
        rows="/kpis" if one.area is Area.UTILISATION else "/endpoints",
        aliases=_ALIASES.get(one.id, ()),
    )


def _of_areas() -> Iterable[Figure]:
    for name in sorted(info.name for info in pkgutil.iter_modules(areas.__path__)):
        yield from import_module(f"{areas.__name__}.{name}").FIGURES


_ALL = (*_of_fleet(), *(_of_kpi(one) for one in FORMULAS.values() if one.id not in FLEET), *_of_areas())
REGISTER: dict[str, Figure] = {one.id: one for one in _ALL}
"""By id, in the order in which they are shown."""
BY_NAME: dict[str, Figure] = {name: one for one in _ALL for name in one.names}
"""By each name by which a figure is shown."""


def figure(id_: str) -> Figure:
    """The figure of that id. Raises NotFound."""
    found = REGISTER.get(id_)
    if found is None:
        raise NotFound(f"no figure {id_!r}; GET /rest/v1/figures and `trimtab figures list` have all {len(REGISTER)}")
    return found
