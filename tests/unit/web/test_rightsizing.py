"""The page of right-sizing: two figures under two names, one total, and what is not sized."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any, cast

from asgi_client import AsgiClient
from trimtab.advice.rightsizing.model import Advised, Finding, Kind, Option, Recommendation, Subject
from trimtab.advice.rightsizing.planned import Planned
from trimtab.advice.rightsizing.store import Kept
from trimtab.base.records import replace
from trimtab.web.app import WebState

SUBJECT = Subject("aws/1/r/instance/i-1", Kind.INSTANCE, "i-1", "box", "m5.2xlarge", "1", "r")
SMALLER = Advised(Option("m5.large", {}, D(1)), 1, 0.0, {}, D("210.24"), 0.5, 0.0, 0.0)
TOLD = Recommendation(
    SUBJECT, Finding.OVER, ("CPUOverprovisioned",), Option("m5.2xlarge", {}, D(2)), {}, advised=(SMALLER,)
)
UNKNOWN = replace(
    TOLD, subject=replace(SUBJECT, path="p2", id="i-2", name="dark"), finding=Finding.UNAVAILABLE, advised=(),
    reason="no use of it was measured in these days",
)  # fmt: skip


class Store:
    """Two recommendations."""

    async def listed(self, *asked: Any) -> list[Kept]:
        return [Kept("k1", 5, TOLD), Kept("k2", 5, UNKNOWN)]

    async def counts(self, scope: Any) -> dict[tuple[str, str], int]:
        return {("ec2-instance", "Overprovisioned"): 1, ("ec2-instance", "Unavailable"): 1}


class Room:
    """A room of right-sizing as far as the list asks."""

    store = Store()

    async def worth(self, scope: Any) -> dict[tuple[str, str], Planned]:
        return {(SUBJECT.path, "i-1"): Planned(D("17.25"), D(100), "USD", "in the plan; 20.00 alone")}

    async def left_out(self, scope: Any) -> list[tuple[str, str, str]]:
        return [(f"aws/1/r/bucket/b{n}", "bucket", "trimtab knows no sizes of the kind bucket") for n in range(7)]


def test_a_size_saves_its_list_price_and_adds_what_the_plan_says(
    open_pages: Callable[..., AsgiClient], nothing: WebState
) -> None:
    pages = open_pages(replace(nothing, rightsizing=cast(Any, Room())))
    text = pages.get("/rightsizing").text
    for part in ("<b>17.25 USD</b> a month in", "Off the invoice, a month", "At list prices, a month", "210.24 USD",
                 "in the plan; 20.00 alone", "no use of it was measured in these days",
                 "7 resources of the inventory are not sized", "b0, b1, b2, b3, b4 …"):  # fmt: skip
        assert part in text, part
    rows = pages.get("/rightsizing.json").json()["recommendations"]
    assert [(one["planned"], one["saving"]) for one in rows] == [("17.25", "210.24"), ("", "")]
