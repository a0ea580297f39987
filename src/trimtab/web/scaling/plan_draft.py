"""What the capacity plan's form says; every control is a parameter of the URL."""

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.scaling.plan.model import EVERY
from trimtab.scaling.plan.room import Supposed
from trimtab.web.scaling.draft import Control, metric_asked, read_controls
from trimtab.web.view import View

CONTROLS = (
    Control("traffic", "Traffic", 0.25, 4, 0.25, 1, "× as now"),
    Control("price", "Prices", 50, 200, 5, 100, "% of today's"),
    Control("allowed", "May miss the objective", 0.1, 5, 0.1, 1, "% of requests"),
    Control("zones", "Spread over", 1, 6, 1, 3, "zones"),
    Control("launch", "A launch takes", 0, 900, 30, 300, "s"),
    Control("days", "History", 1, 14, 1, 7, "days"),
)
YEARS = {"0": (), "1": (1,), "3": (3,), "both": (1, 3)}
_TERM_WORDS = (("0", "nothing"), ("1", "1 year"), ("3", "3 years"), ("both", "1 or 3 years"))


class PlanDraft(Struct, frozen=True):
    """The values of the controls, and the fields beside them."""

    values: dict[str, float]
    service: str
    slo: str
    metric: str
    zone_fails: bool
    spot: bool
    years: str
    dearer: str

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """The choices of terms, with their words."""
        return _TERM_WORDS

    def supposed(self, now_ms: int) -> Supposed:
        """The question. Raises InvalidInput."""
        slo_ms = None
        if self.slo:
            try:
                slo_ms = float(self.slo)
            except ValueError:
                slo_ms = 0.0
            if not 0 < slo_ms < 1e9:
                raise InvalidInput(f"cannot read slo={self.slo[:40]!r}: expected milliseconds", field="slo")
        prices = {EVERY: self.values["price"] / 100}
        if self.dearer:
            prices = {self.dearer: self.values["price"] / 100}
        return Supposed(
            slo_ms=slo_ms,
            allowed=self.values["allowed"] / 100,
            days=int(self.values["days"]),
            traffic=self.values["traffic"],
            prices=prices,
            zones=int(self.values["zones"]),
            zone_fails=self.zone_fails,
            launch_s=self.values["launch"],
            spot=self.spot,
            years=YEARS[self.years],
            metric=metric_asked(self.metric, now_ms),
        )


def read_plan_draft(view: View, services: list[str]) -> PlanDraft:
    """The form as the URL has it; without a service the first. Raises InvalidInput."""
    years = view.get("years") or "1"
    if years not in YEARS:
        raise InvalidInput(f"cannot read years={years[:20]!r}: expected {', '.join(YEARS)}", field="years")
    return PlanDraft(
        read_controls(view, CONTROLS),
        view.get("service") or (services[0] if services else ""),
        view.get("slo").strip(),
        view.get("metric").strip(),
        view.get("zone") == "fails",
        view.get("spot") != "no",
        years,
        view.get("dearer").strip(),
    )
