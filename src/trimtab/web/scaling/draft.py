"""What the simulator's form says, as a question for the simulator; every control is a parameter of the URL."""

import re
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet, Pool
from trimtab.scaling.demand import DemandAsked
from trimtab.scaling.simulation import Asked, PolicyAsked
from trimtab.web.view import View

_WEEK_MS = 604_800_000
_METRIC = re.compile(r"(?P<namespace>[^|]+)\|(?P<name>[^{]+?)(?:\{(?P<pairs>.*)\})?(?:@(?P<stat>[^@]+))?")


class Control(Struct, frozen=True):
    """A slider: its parameter, ends, step and what it starts at; `unit` stands behind its value."""

    name: str
    label: str
    low: float
    high: float
    step: float
    start: float
    unit: str


CONTROLS = (
    Control("target", "Target of tracking", 10, 100, 5, 50, "% load"),
    Control("allowed", "May violate", 0.1, 5, 0.1, 1, "% of requests"),
    Control("launch", "A launch takes", 0, 900, 30, 300, "s"),
    Control("replicas", "Replicas at the peak", 2, 100, 1, 30, ""),
    Control("least", "At least", 0, 30, 1, 1, "replicas"),
    Control("lag", "Metrics are late by", 0, 600, 60, 0, "s"),
)


class Draft(Struct, frozen=True):
    """The values of the controls, and the demand's source: a metric's text, or nothing for the example."""

    values: dict[str, float]
    metric: str
    price: str

    def asked(self, demand: Array) -> Asked:
        """The question. Raises InvalidInput."""
        share = self.values["target"] / 100
        capacity = (float(demand.max()) or 1.0) / self.values["replicas"]
        fleet = Fleet(
            (Pool("replicas", capacity, Decimal(self.price)),),
            launch_s=self.values["launch"],
            least=int(self.values["least"]),
            metric_lag_s=self.values["lag"],
        )
        allowed = min(0.99, self.values["allowed"] / 100)
        policies = (
            PolicyAsked("portfolio", allowed=allowed),
            PolicyAsked("target-tracking", target=share),
            PolicyAsked("predictive", target=share),
            PolicyAsked("steps", target=share),
            PolicyAsked("fixed"),
        )
        return Asked(demand, fleet, policies)

    def demand_asked(self, now_ms: int) -> DemandAsked | None:
        """The metric that is meant, of the last 7 days; None for the example. Raises InvalidInput."""
        return metric_asked(self.metric, now_ms)


def metric_asked(text: str, now_ms: int) -> DemandAsked | None:
    """The metric that a text means, of the last 7 days; None for an empty one. Raises InvalidInput."""
    if not text:
        return None
    found = _METRIC.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"cannot read the metric {text[:200]!r}; expected NAMESPACE|NAME{{DIMENSION=VALUE,…}}@Sum",
            field="metric",
        )
    pairs = dict(pair.split("=", 1) for pair in (found["pairs"] or "").split(",") if "=" in pair)
    name, statistic = found["name"], found["stat"] or "Sum"
    per_period = statistic in ("Sum", "SampleCount")
    return DemandAsked(found["namespace"], name, pairs, statistic, now_ms - _WEEK_MS, now_ms, per_period)


def read_controls(view: View, controls: Sequence[Control]) -> dict[str, float]:
    """The values of sliders as the URL has them. Raises InvalidInput."""
    values = {}
    for one in controls:
        text = view.get(one.name)
        try:
            value = float(text) if text else one.start
        except ValueError:
            raise InvalidInput(f"cannot read {one.name}={text[:50]!r}: expected a number", field=one.name) from None
        if not one.low <= value <= one.high:
            raise InvalidInput(f"cannot use {one.name}={value:g}: expected {one.low:g} to {one.high:g}", field=one.name)
        values[one.name] = value
    return values


def read_draft(view: View) -> Draft:
    """The form as the URL has it. Raises InvalidInput."""
    values = read_controls(view, CONTROLS)
    price = view.get("price") or "1"
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", price):
        raise InvalidInput(f"cannot read price={price[:50]!r}: expected dollars such as 1.21", field="price")
    return Draft(values, view.get("metric").strip(), price)
