"""KPIs in words: values with their units, what they rest on, and why there is none."""

from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import Area, Kpi
from trimtab.web import format as words
from trimtab.web.format import FRACTION, NUMBER, SECONDS, Unit

PER_S = Unit("number", "/s")
_SHORT = {
    "gpu_hours_existing": "Existing", "gpu_hours_unknown": "Unknown", "gpu_hours_inactive": "Inactive",
    "gpu_hours_unmeasured": "Not measured", "gpu_active_share": "Active share", "gpu_held_share": "Held share",
}  # fmt: skip
_SHARES = frozenset(
    {
        "gpu_active_share", "gpu_held_share", "cpu_utilisation", "memory_utilisation", "probe_uptime",
        "error_budget_left", "failover_node", "failover_zone", "head_room", "usl_sigma",
    }
)  # fmt: skip
AREAS: dict[Area, tuple[str, tuple[str, ...]]] = {
    area: (area.value.capitalize(), tuple(one.id for one in FORMULAS.values() if one.area is area)) for area in Area
}
"""The five KPIs: title, and the ids that each is made of."""


def shown(kpi: Kpi) -> str:
    """The value with its unit; a dash where there is none."""
    if kpi.value is None:
        return words.NONE
    if kpi.id == "success_ratio":
        return success(kpi.value)
    if kpi.id in _SHARES:
        return words.value(kpi.value, FRACTION)
    if FORMULAS[kpi.id].unit == "h":
        return f"{hours(kpi.value)} h"
    unit = {"s": SECONDS, "1/s": PER_S}.get(FORMULAS[kpi.id].unit, NUMBER)
    return words.value(kpi.value, unit)


def success(ratio: float) -> str:
    """A success ratio with as many nines as it has: 99.97 %, never 100 % where something failed."""
    percent = ratio * 100
    if ratio >= 1:
        return "100 %"
    text = f"{percent:.3f}".rstrip("0").rstrip(".")
    return f"{text if text != '100' else '> 99.999'} %"


def note(kpi: Kpi) -> str:
    """What a value rests on, or why there is none, and its formula: the cell's tooltip."""
    parts = [f"not enough data: {kpi.reason}" if kpi.value is None else kpi.reason]
    if kpi.low is not None and kpi.value is not None:
        high = "∞" if kpi.high is None else f"{kpi.high:.3g}"
        parts.append(f"95 % between {kpi.low:.3g} and {high}")
    if kpi.coverage is not None:
        parts.append(f"covers {kpi.coverage * 100:.0f} % of the range")
    parts += [f"from {inputs(kpi)}"] if kpi.inputs else []
    return f"{FORMULAS[kpi.id].label} = {FORMULAS[kpi.id].text}. " + "; ".join(part for part in parts if part)


def inputs(kpi: Kpi) -> str:
    """The metrics that a value was made from."""
    return ", ".join(one.source + (f" ({one.series} series)" if one.series else "") for one in kpi.inputs)


def label(id_: str) -> str:
    """A KPI's name."""
    return FORMULAS[id_].label


def short(id_: str) -> str:
    """A KPI's name as the head of a column of its area."""
    if id_ in _SHORT:
        return _SHORT[id_]
    text = FORMULAS[id_].label.removeprefix("GPU-hours ").replace("Time to first token", "TTFT")
    text = text.replace("Head room after losing a", "After losing a")
    return text[:1].upper() + text[1:]


def hours(value: float) -> str:
    """GPU-hours as tables have them: whole ones from 100 on, with thousands separators."""
    return words.count(round(value)) if value >= 100 else words.value(value)


def formula(id_: str) -> str:
    """A KPI's formula in words."""
    return FORMULAS[id_].text
