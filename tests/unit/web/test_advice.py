"""Pages of advice, of one finding, of the savings ledger and of the checks, with their JSON and CSV."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from asgi_client import AsgiClient
from trimtab.access.scope import EVERYTHING
from trimtab.advice.backtest.model import Backtest, LeftOut, VerbOutcome
from trimtab.advice.catalogue import catalogue
from trimtab.advice.finding import Evidence, Finding, Judgement, Pillar, Status, Undecided
from trimtab.advice.ledger.model import Counterfactual, Entry, EntryState, Grade
from trimtab.advice.plan.model import Invoice, Plan, Row, Verb
from trimtab.advice.plan.presented import PlansTogether, together
from trimtab.advice.room import AdviceRoom, Means
from trimtab.advice.standing import Decision
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.currencies.convert import RateBook
from trimtab.costs.currencies.model import Rate
from trimtab.store.state.database import State
from trimtab.web.app import WebState

GPU = Finding(
    check="trimtab-idle-gpu",
    pillar=Pillar.COST,
    resource="aws/111122223333/us-east-1/gpu/GPU-6e0e",
    kind="gpu",
    name="p5-18",
    account="111122223333",
    region="us-east-1",
    summary="idle 98% of the time",
    owner="vision",
    owner_reason="held 92 % of the time by run vit-0 (SLURM)",
    machine="i-0a",
    cost_note="net amortised, by the ledger of GPU time",
    evidence=(Evidence("activity (SM_ACTIVE)", "0.1% mean", "/gpus"),),
    confidence=0.95,
    cash=Decimal("1204.50"),
    cost=Decimal("5022.40"),
    cash_note="1,204.50 of its own usage is billed on demand",
    gpu_hours=715.4,
    fix="nvidia-smi -i GPU-6e0e",
)
PORT = replace(
    GPU,
    check="HCP4007jGY",
    pillar=Pillar.SECURITY,
    resource="aws/111122223333/us-east-1/ec2.security-group/sg-1",
    kind="ec2:security-group",
    name="sg-1<b>",
    summary="everybody may reach port 22",
    status=Status.ERROR,
    owner="",
    owner_reason="no run held it",
    cash=Decimal(0),
    gpu_hours=0.0,
)
NO_BILL = replace(
    PORT, check="Z4AUBRNSmz", resource="r3", kind="ec2:elastic-ip", name="eip-1", cash=None, pillar=Pillar.COST
)
Open = Callable[..., AsgiClient]


@pytest.fixture
def room(state: State, clock: ManualClock) -> AdviceRoom:
    nothing = cast(Any, None)
    return AdviceRoom.of(state, clock, Means(*[nothing] * 7))


@pytest.fixture
def pages(open_pages: Open, nothing: WebState, room: AdviceRoom) -> AsgiClient:
    return open_pages(replace(nothing, advice=room))


def publish(room: AdviceRoom) -> None:
    judged = [Judgement(one.check, (one,), (), 4) for one in (GPU, PORT, NO_BILL)]
    judged.append(Judgement("DAvU99Dc4C", (), (Undecided("aws/1/r/volume/vol-9", "State of it was not read"),), 1))
    asyncio.run(room.findings.publish(judged))


def test_without_advice_the_page_says_what_brings_it(pages: AsgiClient) -> None:
    assert "trimtab connect aws" in pages.get("/advice").text
    assert "No advice was taken yet" in pages.get("/savings").text


def test_the_best_comes_first_with_both_numbers(pages: AsgiClient, room: AdviceRoom) -> None:
    publish(room)
    text = pages.get("/advice").text
    assert text.index("p5-18") < text.index("sg-1")
    assert "1,204.50 USD" in text
    assert "715" in text
    assert "not known" in text
    assert "sg-1&lt;b&gt;" in text


def test_filters_narrow_the_page_its_json_and_its_csv(pages: AsgiClient, room: AdviceRoom) -> None:
    publish(room)
    assert "sg-1" not in pages.get("/advice?team=vision").text
    found = pages.get("/advice.json?pillar=security").json()["advice"]
    assert ["everybody may reach port 22"] == [one["summary"] for one in found]
    rows = list(csv.DictReader(io.StringIO(pages.get("/advice.csv?kind=gpu").text)))
    assert [("p5-18", "1204.5")] == [(one["name"], one["cash"]) for one in rows]
    assert "Nothing passes these filters" in pages.get("/advice?team=nobody-at-all").text


def test_a_finding_has_its_evidence_fix_and_decisions(pages: AsgiClient, room: AdviceRoom) -> None:
    publish(room)
    asyncio.run(room.decide(EVERYTHING, GPU.id, Decision.ACCEPTED, "ada", "ticket 12"))
    text = pages.get(f"/advice/{GPU.id}").text
    for part in ("activity (SM_ACTIVE)", "nvidia-smi -i GPU-6e0e", "ticket 12", "5,022.40 USD", "savings ledger"):
        assert part in text
    assert "Owner vision: held 92 % of the time by run vit-0 (SLURM)." in text
    assert "Machine <code>i-0a</code>" in text
    assert "It costs 5,022.40 USD a month now (net amortised, by the ledger of GPU time)." in text
    assert "Nobody’s: no run held it." in pages.get(f"/advice/{PORT.id}").text
    assert 404 == pages.get("/advice/0000").status_code


def test_the_ledger_shows_what_came_of_it(pages: AsgiClient, room: AdviceRoom) -> None:
    publish(room)
    found = Counterfactual(Decimal(40), Decimal(0), 1.1, 3, 28, 14)
    entry = Entry(
        GPU.id, GPU.check, GPU.resource, GPU.account, GPU.region, "vision", EntryState.MEASURED, applied_ms=5,
        proof="gone", predicted=Decimal(1300), realised=Decimal("1338.33"), realised_total=Decimal(616),
        counterfactual=found, grade=Grade.AS_PREDICTED,
    )  # fmt: skip
    asyncio.run(room.ledger.store.put(entry))
    text = pages.get("/savings").text
    for part in ("1,338.33 USD", "616.00 USD", "as predicted", "Idle GPUs"):
        assert part in text
    [row] = csv.DictReader(io.StringIO(pages.get("/savings.csv").text))
    assert "40.00 a day before, 0.00 since; 3 comparable ones moved by +10%; 14 days" == row["against"]


def test_a_check_whose_predictions_did_not_hold_says_so_beside_every_new_finding(
    pages: AsgiClient, room: AdviceRoom
) -> None:
    publish(room)
    for at in range(7):
        entry = Entry(
            f"f{at}", GPU.check, f"r{at}", "1", "r", "vision", EntryState.MEASURED, applied_ms=5, verb="stop",
            predicted=Decimal(100), realised=Decimal(61),
        )  # fmt: skip
        asyncio.run(room.ledger.store.put(entry))
    words = "realised 0.61 of what was predicted in 7 cases"
    asked = ("/advice", "/advice.csv", f"/advice/{GPU.id}", f"/advice/{GPU.id}.json", "/savings")
    assert {path: words in pages.get(path).text for path in asked} == dict.fromkeys(asked, True)
    assert {one["name"]: one["warning"] for one in pages.get("/advice.json").json()["advice"]} == {
        "p5-18": words, "sg-1<b>": "", "eip-1": "",
    }  # fmt: skip
    page = pages.get("/savings").text
    for part in ("What was taken of the plan", "1970-01", "By what is done", "Stop", "0.61 – 0.61"):
        assert part in page


def test_the_catalogue_is_the_checks_themselves(pages: AsgiClient, room: AdviceRoom) -> None:
    publish(room)
    text = pages.get("/checks").text
    assert all(one.name in text for one in catalogue().values() if "&" not in one.name and "'" not in one.name)
    assert "State of it was not read" in text
    assert len(catalogue()) <= len(pages.get("/checks.json").json()["checks"])
    assert "No check says that" in pages.get("/checks?q=zeppelin").text


class Planned:
    """A room that has one plan, and one without what is left out."""

    def __init__(self, to: str = "", book: RateBook | None = None) -> None:
        self.asked: list[list[str]] = []
        self._to, self._book = to, book or RateBook()

    async def seen(self, scope: Any) -> list[Plan]:
        return [PLAN, replace(PLAN, currency="BRL")] if self._to else [PLAN]

    async def together(self, plans: list[Plan], to: str = "") -> PlansTogether | None:
        return together(plans, to or self._to, self._book) if self._to else None

    async def without(self, scope: Any, currency: str, left_out: list[str]) -> Plan:
        self.asked.append(left_out)
        return replace(PLAN, total=Decimal("40.00"), rows=PLAN.rows[1:], invoices=())


MARCH = 1_803_859_200_000  # 2027-03-01
STOP = Row("stop|trimtab-idle-gpu|vision|", Verb.STOP, ("a",), (GPU.id,), ("p5-18<b>",), "vision", Decimal(90),
           Decimal("60.50"), Decimal(50), Decimal(70), later_ms=MARCH, cash_from="next invoice",
           later=Decimal("12.25"))  # fmt: skip
SHRINK = Row("shrink|trimtab-idle-gpu||-", Verb.SHRINK, ("b",), (PORT.id,), ("m5",), "", Decimal(0), Decimal(0),
             chosen=False, reason="saves nothing on the invoice")  # fmt: skip
PLAN = Plan(
    0, "USD", 0, 30 * 86_400_000, Decimal(1000), Decimal("60.50"), Decimal(50), Decimal(70), (STOP, SHRINK),
    (Invoice("2026-12", Decimal(1000), Decimal("939.50"), Decimal(930), Decimal(950)),), how="every combination",
)  # fmt: skip


def test_plans_of_several_currencies_are_told_in_one_with_rate_and_day(
    open_pages: Open, nothing: WebState, room: AdviceRoom
) -> None:
    publish(room)
    book = RateBook([Rate(date(1969, 12, 31), "EUR", "USD", Decimal("1.21"), "ECB<b>")])
    pages = open_pages(replace(nothing, advice=room, advice_plan=cast(Any, Planned("EUR", book))))
    text = pages.get("/advice").text
    for part in ("50.00 EUR a month, all currencies together", "41.32 – 57.85 from week to week",
                 "0.826446 of 1969-12-31, ECB&lt;b&gt;", "BRL is left out: no rate of BRL was imported"):  # fmt: skip
        assert part in text, part


class Backtested:
    """A room that knows what a past plan came to."""

    def __init__(self, came: str) -> None:
        self.found = Backtest(
            "USD", 20_000 * 86_400_000, 30, 2, Decimal("81720.00"), Decimal(0), Decimal(0), Decimal(9), Decimal(came),
            (VerbOutcome("stop", Decimal("81720.00"), Decimal(came)),), (LeftOut("Old <Snapshots>", "no past"),),
        )  # fmt: skip

    async def seen(self, scope: Any) -> list[Backtest]:
        return [self.found]


@pytest.mark.parametrize(("came", "badge"), [("81685.00", "badge good"), ("60000.00", "badge warn")])
def test_what_the_plan_of_a_month_ago_came_to_is_on_the_page(
    open_pages: Open, nothing: WebState, room: AdviceRoom, came: str, badge: str
) -> None:
    publish(room)
    rooms = {"advice_plan": cast(Any, Planned()), "advice_backtest": cast(Any, Backtested(came))}
    text = open_pages(replace(nothing, advice=room, **rooms)).get("/advice").text
    for part in ("30 days ago this plan would have promised", "81,720.00", f"{Decimal(came):,.2f}", "2024-10-04",
                 "at the prices of then", "1 left out", "Old &lt;Snapshots&gt;: no past", badge):  # fmt: skip
        assert part in text, part


def test_the_plan_is_on_the_page_and_can_be_tried_without_a_row(
    open_pages: Open, nothing: WebState, room: AdviceRoom
) -> None:
    publish(room)
    planned = Planned()
    pages = open_pages(replace(nothing, advice=room, advice_plan=cast(Any, planned)))
    text = pages.get("/advice").text
    for part in ("60.50 USD a month", "off 1,000.00", "likely 50.00 – 70.00", "Stop p5-18&lt;b&gt;", "939.50",
                 "· next invoice · 12.25 more on 2027-03-01",
                 "saves nothing on the invoice", "The next three invoices", "most worth doing"):  # fmt: skip
        assert (part in text) == (part != "most worth doing"), part
    assert text.count('name="without"') == 1  # what is not in the plan cannot be left out of it
    tried = pages.get("/advice", params={"without": STOP.id}).text
    assert planned.asked == [[GPU.id]]
    assert "40.00 USD a month" in tried
    assert "60.50 with everything in it" in tried
    assert 'value="stop|trimtab-idle-gpu|vision|" checked' in tried
    assert "60.50 USD a month" not in pages.get("/advice?team=vision").text  # a part of the findings has no plan
    pages.get("/advice", params={"without": "no such row"})
    assert planned.asked == [[GPU.id]]
