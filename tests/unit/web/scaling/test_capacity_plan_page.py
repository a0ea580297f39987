"""The capacity plan's form and pictures, over the room with ports of its own."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.capacity.curve import Curve, CurvePoint, Interval
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.plan.model import Server
from trimtab.scaling.plan.room import PlansRoom, Supposed
from trimtab.web.scaling import plan_picture
from trimtab.web.scaling.plan_draft import CONTROLS, read_plan_draft
from trimtab.web.view import View
from trimtab.web.window import read_window

NOW_MS = 1_767_571_200_000


class Now:
    """A clock that stands."""

    def now_ms(self) -> int:
        return NOW_MS


class Measurements:
    """One service on one type."""

    async def servers(self, scope: Scope) -> Mapping[str, tuple[Server, ...]]:
        points = tuple(
            CurvePoint(rate, rate, 1.0, {"p99": Interval(ms, ms, ms)}, Interval(1, 1, 1))
            for rate, ms in ((2.0, 20.0), (6.0, 50.0), (9.0, 200.0))
        )
        return {"shop": (Server("g6.xlarge", Curve(points), Decimal("0.8"), slo_ms=80.0, basis="a test"),)}


class Traffic:
    """A day of traffic; asks are counted."""

    asked = 0

    async def demand(self, scope: Scope, service: str, start_ms: int, end_ms: int, tick_s: int) -> Array | None:
        self.asked += 1
        return np.concatenate([[np.nan] * 10, 12 + 8 * np.sin(np.arange(600) / 95)])


def room_of(traffic: Traffic) -> PlansRoom:
    return PlansRoom(Measurements(), traffic, None, Now())  # type: ignore[arg-type] # no metric is asked for


def view_of(**parameters: str) -> View:
    window, principal = read_window({}, NOW_MS, None), Principal("tester", None, Role.READ, EVERYTHING)
    return View("/capacity-plan", tuple(parameters.items()), window, False, "", principal, NOW_MS, "http://127.0.0.1")


def test_the_form_starts_with_the_first_service_and_reads_every_control() -> None:
    draft = read_plan_draft(view_of(), ["shop"])
    assert ("shop", {one.name: one.start for one in CONTROLS}) == (draft.service, draft.values)
    changed = view_of(traffic="2", price="150", dearer="g6.xlarge", zone="fails", spot="no", years="both", slo="70")
    supposed = read_plan_draft(changed, ["shop"]).supposed(NOW_MS)
    assert (2.0, {"g6.xlarge": 1.5}, True, False, (1, 3), 70.0) == (
        supposed.traffic, supposed.prices, supposed.zone_fails, supposed.spot, supposed.years, supposed.slo_ms
    )  # fmt: skip


@pytest.mark.parametrize("wrong", [{"years": "2"}, {"traffic": "9"}, {"slo": "fast"}])
def test_what_cannot_be_read_is_said(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        read_plan_draft(view_of(**wrong), ["shop"]).supposed(NOW_MS)


def test_a_plan_is_drawn_and_another_price_needs_no_replay() -> None:
    traffic = Traffic()
    room = room_of(traffic)
    planned = asyncio.run(room.make(EVERYTHING, "shop", Supposed(zones=1)))
    assert (80.0, 1.0) == (
        planned.question.slo_ms,
        planned.covered,
    )  # the objective that was tested; gaps before it cut
    assert planned.plan.best is not None
    assert "g6.xlarge" in plan_picture.front(planned).wide
    assert "in service" in plan_picture.replicas(planned).narrow
    replayed = len(room._ways)
    dearer = asyncio.run(room.make(EVERYTHING, "shop", Supposed(zones=1, prices={"*": 2.0})))
    assert dearer.plan.best is not None
    assert round(2 * planned.plan.best.monthly, 6) == round(dearer.plan.best.monthly, 6)
    assert (1, replayed) == (traffic.asked, len(room._ways))


def test_a_service_that_was_never_measured_is_named() -> None:
    with pytest.raises(NotFound, match="measured are: shop"):
        asyncio.run(room_of(Traffic()).make(EVERYTHING, "none", Supposed()))
