"""Commitments of Google and Azure: read from FOCUS, applied in their provider's order, planned where rates are given.

The companies are generated hour by hour in plain Python, which also says what the figures must be, and what the best
purchase is by trying everything.
"""

import asyncio
import random
from collections.abc import Mapping
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.costs.bills import FOCUS, table

from trimtab.access.scope import EVERYTHING
from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.knobs import KnobStore
from trimtab.advice.plan.books import Books
from trimtab.advice.plan.choosing import Choosing
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Action, Verb
from trimtab.advice.plan.model import Plan as ActionPlan
from trimtab.advice.plan.reading import read_books
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.purchases.advisor import Known, missing
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.apply import apply, figures
from trimtab.advice.purchases.facts import RESERVED, FactStore, ReservedRate, check_reserved, shares_of, sizes_of
from trimtab.advice.purchases.findings import BUY, all_judged, judged
from trimtab.advice.purchases.kept import Made
from trimtab.advice.purchases.lines import line_of_azure, line_of_google, resource_of
from trimtab.advice.purchases.model import (
    AWS,
    AZURE,
    GOOGLE,
    NANO,
    Holdings,
    Payment,
    Plan,
    PlanKind,
    Reservation,
    Use,
)
from trimtab.advice.purchases.options import plan_options, reserved_options
from trimtab.advice.purchases.outlook import OUTCOMES, Outlook
from trimtab.advice.purchases.planner import Options, plan
from trimtab.advice.purchases.rate_file import read_rates
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.room import CostsRoom
from trimtab.inventory.catalog.book import load
from trimtab.store.telemetry.schema_costs import COST_TABLES

DAY_MS, NOW_MS = 86_400_000, 1_785_628_800_000  # 2026-08-02
DAYS = 10
CORE = {
    "ProviderName": "Google Cloud", "ServiceName": "Compute Engine", "ServiceCategory": "Compute",
    "BillingAccountId": "google", "SubAccountId": "project-1", "RegionId": "us-central1", "ConsumedUnit": "vCPU-Hours",
    "ChargeDescription": "N2 Instance Core running in Iowa", "PricingCategory": "Standard",
}  # fmt: skip
VM = {
    "ProviderName": "Microsoft", "ServiceName": "Virtual Machines", "ServiceCategory": "Compute",
    "BillingAccountId": "azure", "SubAccountId": "sub-1", "RegionId": "eastus", "ConsumedUnit": "Hours",
    "PricingCategory": "Standard", "x_InstanceType": "Standard_DS1_v2",
}  # fmt: skip
CUD = {"CommitmentDiscountId": "cud-1", "CommitmentDiscountType": "Committed Use Discount",
       "CommitmentDiscountCategory": "Usage", "CommitmentDiscountName": "n2 for 1 year"}  # fmt: skip
PLAN = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountType": "Savings Plan", "x_SkuTerm": "36",
        "CommitmentDiscountCategory": "Spend"}  # fmt: skip
RATES = """provider,kind,family,region,years,payment,discount,unit_price,sizes,note
Google Cloud,flexible-cud,*,*,1,none,28%,,,price list
Google Cloud,resource-cud,N2 vCPU,us-central1,1,none,37%,,,
Azure,savings-plan,*,*,1,none,0.15,,,
Azure,savings-plan,Standard_E4s_v5,eastus,1,none,0.31,,,
Azure,reservation,DSv2 Series,eastus,1,none,,0.035,Standard_DS1_v2:1 Standard_DS2_v2:2,
"""


def line(
    base: Mapping[str, str], hour: int, rate: D, many: int, cost: D, deal: Mapping[str, str] = {}, status=""
) -> Any:
    """`many` units of an hour; `cost` is what they cost."""
    day, at = 1 + hour // 24, hour % 24
    period = {
        "ChargePeriodStart": f"2026-08-{day:02}T{at:02}:00:00Z",
        "ChargePeriodEnd": f"2026-08-{day:02}T{at:02}:59:59Z",
    }
    amounts = {"ListCost": f"{rate * many}", "EffectiveCost": f"{cost}", "BilledCost": "0" if deal else f"{cost}"}
    return {**base, **deal, **period, **amounts, "ConsumedQuantity": f"{many}", "CommitmentDiscountStatus": status}


def google(seed: int) -> tuple[list[Any], dict[str, D]]:
    """Processors under a commitment to 8 of them at 0.02, list 0.032."""
    rng, rows, truth = random.Random(seed), [], dict.fromkeys(("covered", "whole", "used"), D(0))
    rate, price, held = D("0.032"), D("0.02"), 8
    for hour in range(24 * DAYS):
        many = rng.randint(2, 26)
        covered = min(many, held)
        truth["covered"] += rate * covered
        truth["whole"] += rate * many
        truth["used"] += price * covered
        if covered:
            rows.append(line(CORE, hour, rate, covered, price * covered, CUD, "Used"))
        if many > covered:
            rows.append(line(CORE, hour, rate, many - covered, rate * (many - covered)))
        if covered < held:
            idle = {**CORE, "ChargeDescription": "Commitment v1: N2 Cpu in Iowa for 1 Year"}
            rows.append(line(idle, hour, D(0), held - covered, price * (held - covered), CUD, "Unused"))
    truth["total"] = price * held * 24 * DAYS
    return rows, truth


def azure(seed: int) -> tuple[list[Any], dict[str, D]]:
    """Small machines (list 0.08) and large ones (0.25) under a savings plan of 0.3 an hour: 0.6 and 0.8 of list."""
    rng, rows, truth = random.Random(seed), [], dict.fromkeys(("covered", "whole", "used"), D(0))
    kinds = (("Standard_DS1_v2", D("0.08"), D("0.6")), ("Standard_E4s_v5", D("0.25"), D("0.8")))
    for hour in range(24 * DAYS):
        rest = D("0.3")
        for type_, rate, share in kinds:  # the highest discount first
            base, many = {**VM, "x_InstanceType": type_}, rng.randint(0, 6)
            pays = min(rest, rate * share * many)
            part = pays / (rate * share)
            rest -= pays
            truth["covered"] += rate * part
            truth["whole"] += rate * many
            truth["used"] += pays
            if part:
                mine = line(base, hour, rate, 1, pays, PLAN, "Used")
                rows.append({**mine, "ConsumedQuantity": f"{part}", "ListCost": f"{rate * part}"})
            if many > part:
                mine = line(base, hour, rate, 1, rate * (many - part))
                rows.append({**mine, "ConsumedQuantity": f"{many - part}", "ListCost": f"{rate * (many - part)}"})
        if rest:
            rows.append(line(VM, hour, D(0), 1, rest, PLAN, "Unused"))
    truth["total"] = D("0.3") * 24 * DAYS
    return rows, truth


@pytest.fixture
def room(engine, state, tmp_path: Path) -> PurchasesRoom:
    for one in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {one.name}")
    clock = ManualClock(NOW_MS)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    for name, rows in (("google", google(5)[0]), ("azure", azure(6)[0])):
        (tmp_path / f"{name}.csv").write_text(table({**FOCUS, **dict.fromkeys(("x_SkuTerm",), "")}, *rows))
        costs.importer.run(ImportRequest(str(tmp_path / f"{name}.csv")))
    return PurchasesRoom.of(state, clock, costs)


def test_what_is_held_elsewhere_is_read_and_replays_to_its_own_figures(room: PurchasesRoom) -> None:
    bill = asyncio.run(room.advisor.whole_bill(EVERYTHING, DAYS, Known()))
    assert (GOOGLE, AZURE) == bill.providers
    for provider, (_, truth) in ((GOOGLE, google(5)), (AZURE, azure(6))):
        mine = bill.of(provider)
        found = figures(apply(mine.use, mine.held))
        assert found.on_demand_equivalent == pytest.approx(float(truth["whole"]), rel=1e-6)
        assert found.coverage == pytest.approx(float(truth["covered"] / truth["whole"]), rel=1e-4)
        assert found.utilisation == pytest.approx(float(truth["used"] / truth["total"]), rel=1e-4)
        assert found.committed == pytest.approx(float(truth["total"]), rel=1e-4)
    [cud], [savings] = bill.held.reservations, bill.held.plans
    assert ("N2 vCPU", 8, D("0.02"), 1) == (cud.type, cud.count, cud.hourly, cud.years)
    assert (PlanKind.AZURE_SAVINGS, D("0.3"), 3) == (savings.kind, savings.commitment, savings.years)
    assert {D("0.6"), D("0.8")} == {one.share for one in bill.shares}


def test_without_rates_the_plan_says_so_and_buys_nothing(room: PurchasesRoom) -> None:
    made = asyncio.run(room.make(EVERYTHING, Wanted(days=DAYS, provider=GOOGLE, rightsizing=False)))
    assert made.answer is not None
    assert () == made.answer.bought
    assert missing(GOOGLE) in made.answer.notes
    assert GOOGLE == made.answer.provider
    assert ["Resource committed use discount"] == [one.kind for one in made.answer.held]
    bill = asyncio.run(room.advisor.whole_bill(EVERYTHING, DAYS, Known()))
    assert (missing(GOOGLE),) == bill.notes  # what Azure's plan charged is known from the bill
    with pytest.raises(NotFound, match="the bill has no use of AWS"):
        asyncio.run(room.make(EVERYTHING, Wanted(days=DAYS, rightsizing=False)))


def test_a_provider_without_commitments_and_rates_is_named_and_planned_when_asked(
    engine, state, tmp_path: Path
) -> None:
    for one in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {one.name}")
    clock = ManualClock(NOW_MS)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    rows = [line(CORE, hour, D("0.032"), 4, D("0.128")) for hour in range(48)]
    aws = {**VM, "ProviderName": "AWS", "BillingAccountId": "aws", "x_ServiceCode": "AmazonEC2"}
    for name, mine in (("google", rows), ("aws", [line(aws, hour, D(1), 1, D(1)) for hour in range(48)])):
        (tmp_path / f"{name}.csv").write_text(table(FOCUS, *mine))
        costs.importer.run(ImportRequest(str(tmp_path / f"{name}.csv")))
    room = PurchasesRoom.of(state, clock, costs)
    known_, asked = Known(), Wanted(days=2, provider=GOOGLE, rightsizing=False)
    whole = asyncio.run(room.advisor.whole_bill(EVERYTHING, 2, known_))
    assert (("AWS",), (missing(GOOGLE),)) == (whole.providers, whole.notes)
    alone = asyncio.run(room.advisor.bill(EVERYTHING, 2, known_))
    assert (alone.use.lines, alone.notes) == (whole.use.lines, ())
    answer = asyncio.run(room.make(EVERYTHING, asked)).answer
    assert answer is not None
    assert missing(GOOGLE) in answer.notes
    assert ("Google Cloud", 0.128 * 730) == (answer.provider, pytest.approx(answer.outcomes["expected"].before.cost))


def test_each_provider_is_planned_by_its_own_rates_beside_what_it_holds(room: PurchasesRoom) -> None:
    asyncio.run(room.facts.put(*read_rates(RATES)))

    async def both() -> list[Made]:
        asked = (Wanted(days=DAYS, provider=provider, rightsizing=False) for provider in (GOOGLE, AZURE))
        return [await room.make(EVERYTHING, one) for one in asked]

    answers = []
    for provider, made in zip((GOOGLE, AZURE), asyncio.run(both()), strict=True):
        assert made.answer is not None
        assert missing(provider) not in made.answer.notes
        assert made.answer.bought
        assert made.answer.outcomes["expected"].saving > 0
        answers.append(made.answer)
    of_google, of_azure = ({one.kind for one in answer.bought} for answer in answers)
    assert of_google <= {"GOOGLE_FLEXIBLE_CUD", "Resource committed use discount"}
    assert of_azure <= {"AZURE_COMPUTE_SP", "Azure reservation"}
    assert {"gcp", "azure"} == {one.resource.partition("/")[0] for one in all_judged(answers)[0].findings}
    newest = asyncio.run(room.latest(EVERYTHING, provider=GOOGLE)).answer
    assert newest is not None
    assert GOOGLE == newest.provider
    assert AWS == asyncio.run(room.usual()).provider
    with pytest.raises(NotFound, match="no plan of EUR and Azure"):
        asyncio.run(room.latest(EVERYTHING, currency="EUR", provider=AZURE))


# --- truth by trying everything


def certain(use: Use) -> Outlook:
    """An outlook in which everything comes as it was."""
    return Outlook(dict.fromkeys(OUTCOMES, use), np.ones(use.hours), None)


def known(text: str = RATES) -> tuple[Rates, tuple[ReservedRate, ...]]:
    facts = read_rates(text)
    return Rates(shares_of(facts)), tuple(one for one in facts if isinstance(one, ReservedRate))


def planned(use: Use, provider: str) -> tuple[Holdings, float]:
    """What is bought for a use that comes again, and what an hour then costs."""
    rates, reserved = known()
    wanted, left = Wanted(provider=provider), use.at_on_demand()
    plans = plan_options(use, left, wanted, rates, "me")
    machines = reserved_options(use, left, wanted, reserved, "me")
    found = plan(certain(use), Holdings(), Options(plans, machines))
    return found.bought, found.cost


@pytest.mark.parametrize("seed", range(31, 37))
def test_a_plan_of_google_is_the_best_that_trying_everything_finds(seed: int) -> None:
    rng, hours = random.Random(seed), 24
    rows = [[rng.randint(2, 20) for _ in range(hours)], [rng.randint(10, 60) for _ in range(hours)]]
    cores, memory = (
        line_of_google(("p", "Compute Engine", "us-central1", text), rate)
        for text, rate in (("N2 Instance Core running", D("0.5")), ("N2 Instance Ram running", D("0.06")))
    )
    use = Use.hourly((cores, memory), np.array(rows, dtype=float))

    def cost(count: int, commitment: float) -> float:
        total = 0.0
        for core, ram in zip(*rows, strict=True):
            left = 0.5 * max(core - count, 0) + 0.06 * ram
            covered = min(left, commitment / 0.72)
            total += count * 0.5 * 0.63 + commitment + left - covered
        return total / hours

    def steps(count: int) -> list[float]:
        return [0.0, *(0.72 * (0.5 * max(core - count, 0) + 0.06 * ram) for core, ram in zip(*rows, strict=True))]

    best = min(cost(count, step) for count in range(21) for step in steps(count))
    bought, found = planned(use, GOOGLE)
    assert found == pytest.approx(best, rel=2e-3)
    [flexible], count = bought.plans, sum(one.count for one in bought.reservations)
    assert found == pytest.approx(cost(count, float(flexible.commitment)), rel=1e-9)


@pytest.mark.parametrize("seed", range(41, 46))
def test_a_plan_of_azure_is_the_best_that_trying_everything_finds(seed: int) -> None:
    rng, hours = random.Random(seed), 24
    small, large, other = ([rng.randint(0, most) for _ in range(hours)] for most in (8, 5, 6))
    _, reserved = known()
    sizes = sizes_of(reserved)
    kinds = (("Standard_DS1_v2", "0.06"), ("Standard_DS2_v2", "0.12"), ("Standard_E4s_v5", "0.25"))
    lines = tuple(
        line_of_azure(("s", "Virtual Machines", "eastus", type_, ""), D(rate), sizes) for type_, rate in kinds
    )
    use = Use.hourly(lines, np.array([small, large, other], dtype=float))

    def cost(count: int, commitment: float) -> float:
        total = 0.0
        for ones, twos, fours in zip(small, large, other, strict=True):
            left = 0.06 * max(ones + 2 * twos - count, 0)
            paid, rest = 0.0, commitment
            for value, share in ((0.25 * fours, 0.69), (left, 0.85)):  # the highest discount first
                covered = min(value, rest / share)
                rest -= covered * share
                paid += value - covered
            total += count * 0.035 + commitment + paid
        return total / hours

    def steps(count: int) -> list[float]:
        found = [0.0]
        for ones, twos, fours in zip(small, large, other, strict=True):
            first = 0.69 * 0.25 * fours
            found += [first, first + 0.85 * 0.06 * max(ones + 2 * twos - count, 0)]
        return found

    best = min(cost(count, step) for count in range(19) for step in steps(count))
    bought, found = planned(use, AZURE)
    assert found == pytest.approx(best, rel=2e-3)
    count = sum(one.count for one in bought.reservations)
    committed = sum(float(one.commitment) for one in bought.plans)
    assert found == pytest.approx(cost(count, committed), rel=1e-9)


def test_a_reservation_costs_a_unit_of_its_group_and_a_rate_of_the_region_counts_first() -> None:
    rates = [
        ReservedRate(AZURE, "DSv2 Series", region, years, Payment.NO_UPFRONT, D(share), sizes={"DS2_v2": D(2)})
        for region, years, share in (("*", 1, "0.5"), ("eastus", 1, "0.7"), ("eastus", 3, "0.1"))
    ]
    two = line_of_azure(("s", "Virtual Machines", "eastus", "DS2_v2", ""), D("0.12"), sizes_of(rates))
    use = Use.hourly((two,), np.array([[3.0]]))
    [found] = reserved_options(use, use.at_on_demand(), Wanted(provider=AZURE), rates, "me")
    assert (D("0.042"), True, "DSv2 Series") == (found.hourly, found.flexible, found.family)
    everywhere = reserved_options(use, use.at_on_demand(), Wanted(provider=AZURE), rates[:1], "me")
    assert [D("0.03")] == [one.hourly for one in everywhere]


def test_plans_of_one_provider_cover_nothing_of_another() -> None:
    rates, _ = known()
    mine = line_of_google(("p", "Compute Engine", "us-central1", "N2 Instance Core running"), D("0.5"))
    theirs = line_of_azure(("s", "Virtual Machines", "eastus", "Standard_E4s_v5", ""), D("0.25"), {})
    use = Use.hourly((mine, theirs), np.array([[10.0], [10.0]]))
    held = Holdings(
        (Plan("sp", "s", PlanKind.AZURE_SAVINGS, D(5)),),
        (Reservation("r", "p", theirs.type, "eastus", 9, D("0.1"), platform="", service="Virtual Machines",
                     provider=GOOGLE),),
    )  # fmt: skip
    found = apply(use, rates.rated(held, use.lines))
    assert [5.0, 0.0] == [float(one) / NANO for one in found.on_demand[:, 0]]
    assert [1.725] == [float(one) / NANO for one in found.used[:, 0]]
    assert use.of(AZURE).lines == (theirs,)
    assert Holdings() == held.of(AWS)


# --- worked examples of the providers' documentation


def flexible(units: Mapping[str, D], running: Mapping[str, int], reserved: int) -> list[float]:
    """The share of each size's hours that a reservation of `reserved` times ratio 1 covers."""
    sizes = {name.lower(): ("DSv2 Series", ratio) for name, ratio in units.items()}
    lines = tuple(line_of_azure(("s", "Virtual Machines", "eastus", name, ""), D(1), sizes) for name in running)
    use = Use.hourly(lines, np.array([[float(many)] for many in running.values()]))
    one = Reservation("r", "s", lines[0].type, "eastus", reserved, D("0.1"), platform="", family="DSv2 Series",
                      flexible=True, service="Virtual Machines", provider=AZURE)  # fmt: skip
    found = apply(use, Holdings((), (one,)))
    return [
        1 - float(left) / float(whole) for left, whole in zip(found.on_demand[:, 0], found.whole[:, 0], strict=True)
    ]


def test_azure_size_flexibility_is_as_its_documentation_works_it_out() -> None:
    """Microsoft, "Virtual machine size flexibility with Reserved VM Instances" (read 2026-11-30): a DS4_v2, ratio 8."""
    ratios = {"DS1_v2": D(1), "DS2_v2": D(2), "DS3_v2": D(4), "DS4_v2": D(8), "DS5_v2": D(16)}
    assert [1.0] == flexible(ratios, {"DS1_v2": 8}, 8)
    assert [1.0, 1.0] == flexible(ratios, {"DS2_v2": 2, "DS3_v2": 1}, 8)
    assert [0.5] == flexible(ratios, {"DS5_v2": 1}, 8)


def test_azure_applies_reservations_first_and_the_greatest_discount_next() -> None:
    """Microsoft, "How saving plan discount is applied" (read 2026-11-30). The prices are those of its own example
    (three B20ms at 0.832, five A8m v2 at 0.475, four DC32as v5 at 1.514); the discounts are ours."""
    kinds = (("Standard_B20ms", "0.832", 3), ("Standard_A8m_v2", "0.475", 5), ("Standard_DC32as_v5", "1.514", 4))
    lines = tuple(line_of_azure(("s", "Virtual Machines", "eastus", name, ""), D(rate), {}) for name, rate, _ in kinds)
    use = Use.hourly(lines, np.array([[float(many)] for _, _, many in kinds]))
    savings = Plan("sp", "s", PlanKind.AZURE_SAVINGS, D(3), np.array([0.69, 0.85, 0.65]))
    reserved = Reservation("r", "s", "Standard_DC32as_v5", "eastus", 2, D("0.8"), platform="",
                           service="Virtual Machines", provider=AZURE)  # fmt: skip
    found = apply(use, Holdings((savings,), (reserved,)))
    left = {name: float(one) / NANO for (name, *_), one in zip(kinds, found.on_demand[:, 0], strict=True)}
    # of four DC32as two are reserved, two take 2 × 1.514 × 0.65 = 1.9682 of the plan; B20ms takes the other 1.0318
    assert left["Standard_DC32as_v5"] == 0
    assert left["Standard_B20ms"] == pytest.approx(3 * 0.832 - 1.0318 / 0.69, abs=1e-6)
    assert left["Standard_A8m_v2"] == pytest.approx(5 * 0.475, abs=1e-9)


def test_google_charges_what_is_over_a_commitment_on_demand_and_what_is_under_in_full() -> None:
    """Google, "Spend-based committed use discounts" (docs.cloud.google.com/docs/cuds-multiprice, read 2026-11-30)."""
    core = line_of_google(("p", "Compute Engine", "us-central1", "N2 Instance Core running"), D(1))
    use = Use.hourly((core,), np.array([[150.0, 60.0]]))
    flexible_cud = Plan("cud", "p", PlanKind.GOOGLE_FLEXIBLE, D(72), np.array([0.72]))
    found = apply(use, Holdings((flexible_cud,)))
    assert [50.0, 0.0] == [float(one) / NANO for one in found.on_demand[0]]
    assert [122.0, 72.0] == [float(one) / NANO for one in found.cost]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("N2 Instance Core running in Iowa", "N2 vCPU"),
        ("N2D AMD Custom Instance Ram running in Iowa", "N2D memory"),
        ("Commitment v1: N2 Cpu in Iowa for 1 Year", "N2 vCPU"),
        ("Commitment v1: Ram in Americas for 3 Year", "N1 memory"),
        ("Nvidia L4 GPU running in Iowa", "L4 GPU"),
        ("Commitment v1: Nvidia Tesla A100 80GB GPU in Iowa", "A100 80GB GPU"),
        ("Network Internet Egress from Iowa", ""),
    ],
)
def test_a_sku_of_google_says_what_it_is_of(text: str, what: str) -> None:
    assert what == resource_of(text)


# --- the plan of actions


def test_what_a_stopped_machine_leaves_of_a_commitment_covers_others(engine, state, tmp_path: Path) -> None:
    """Two machines of Google, 8 and 4 vCPUs, under a commitment to 6: the invoice is replayed with it in force."""
    for one in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {one.name}")
    rate, rows = D("0.032"), []
    for hour in range(24 * 8):
        big, small = {**CORE, "ResourceId": "vm-big"}, {**CORE, "ResourceId": "vm-small"}
        rows += [line(big, hour, rate, 6, D("0.12"), CUD, "Used"), line(big, hour, rate, 2, rate * 2)]
        rows.append(line(small, hour, rate, 4, rate * 4))
    (tmp_path / "google.csv").write_text(table(FOCUS, *rows))
    clock = ManualClock(NOW_MS)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    costs.importer.run(ImportRequest(str(tmp_path / "google.csv")))
    room = PurchasesRoom.of(state, clock, costs)

    async def read() -> Books:
        bill = await room.advisor.whole_bill(EVERYTHING, 8, Known())
        return await read_books(costs.reader, EVERYTHING, bill, {"vm-big", "vm-small"})

    books = asyncio.run(read())
    actions = [Action(name, Verb.STOP, ("f",)) for name in ("vm-big", "vm-small")]
    evaluation = Evaluation(books, actions, Rates(()))
    month = HOURS_A_MONTH * float(rate)
    for stopped, left in (((0,), 0), ((1,), 2), ((0, 1), 0)):  # vCPUs that are on demand then, of 6 before
        assert float(evaluation.worth(stopped).expected) == pytest.approx((6 - left) * month, abs=0.01)
    assert {} == dict(books.flat)


def test_the_plan_of_actions_buys_of_each_provider_for_its_own_use(engine, state, tmp_path: Path) -> None:
    for one in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {one.name}")
    clock = ManualClock(NOW_MS)
    costs = CostsRoom.of(engine, state, clock, tmp_path, embedded=True)
    ec2 = {**VM, "ProviderName": "AWS", "BillingAccountId": "aws", "x_ServiceCode": "AmazonEC2",
           "ServiceName": "Amazon Elastic Compute Cloud", "x_InstanceType": "m6a.xlarge"}  # fmt: skip
    memory = {**CORE, "ChargeDescription": "N2 Instance Ram running in Iowa", "ConsumedUnit": "GiB-Hours"}
    rows = [line(CORE, hour, D("0.032"), 20, D("0.64")) for hour in range(24 * 8)]
    rows += [line(memory, hour, D("0.004"), 80, D("0.32")) for hour in range(24 * 8)]
    for name, mine in (("google", rows), ("aws", [line(ec2, hour, D("0.17"), 5, D("0.85")) for hour in range(24 * 8)])):
        (tmp_path / f"{name}.csv").write_text(table(FOCUS, *mine))
        costs.importer.run(ImportRequest(str(tmp_path / f"{name}.csv")))
    findings, catalog = FindingStore(state, clock), load()
    choosing = Choosing(costs.reader, findings, catalog, clock)
    purchases = PurchasesRoom.of(state, clock, costs, findings, leaves=choosing.leaves)
    room = PlanRoom(costs.reader, findings, choosing, purchases, KnobStore(state), clock)

    async def made() -> tuple[ActionPlan, ActionPlan]:
        await purchases.facts.put(*read_rates(RATES))
        await room.recompute(0)
        [whole] = await room.latest()
        google = [one.finding.id for one in await findings.listed(EVERYTHING) if one.finding.resource[:3] == "gcp"]
        return whole, await room.without(EVERYTHING, "USD", google)

    whole, of_aws = asyncio.run(made())
    bought = {one.finding.name: one.finding for one in asyncio.run(findings.listed(EVERYTHING))}
    assert {"gcp", "aws"} == {one.resource[:3] for one in bought.values()}
    assert whole.total == sum(row.adds for row in whole.rows)
    hours, listed = D(HOURS_A_MONTH), {"N2 vCPU": D("0.64"), "m6a": D("0.85")}
    alone = {row.names[0]: row.alone for row in whole.rows}
    [cud] = [amount for name, amount in alone.items() if "N2 vCPU in us-central1" in name]
    assert cud == pytest.approx(listed["N2 vCPU"] * D("0.37") * hours, abs=D("0.05"))
    flexible = [amount for name, amount in alone.items() if "Flexible" in name]
    assert sum(flexible) == pytest.approx(D("0.32") * D("0.28") * hours, abs=D("1"))
    assert of_aws.total == sum(row.adds for row in of_aws.rows)
    assert of_aws.total == pytest.approx(whole.total - cud - sum(flexible), abs=D("0.05"))
    assert {"EC2 Instance Savings Plan for m6a in eastus"} == {row.names[0] for row in of_aws.rows}


# --- rates


def test_a_file_of_rates_is_read_whole() -> None:
    facts = read_rates(RATES)
    assert [D("0.72"), D("0.63"), D("0.85"), D("0.69"), None] == [one.share for one in facts]  # type: ignore[union-attr]
    group = facts[-1]
    assert isinstance(group, ReservedRate)
    assert (D("0.035"), {"Standard_DS1_v2": D(1), "Standard_DS2_v2": D(2)}) == (group.hourly, group.sizes)
    [of_aws] = read_rates("provider,kind,years,family,discount\naws,ec2,3,p5,42%\n")
    assert ("AmazonEC2", D("0.58"), "*") == (of_aws.service, of_aws.share, of_aws.region)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            "Oracle,flexible-cud,*,*,1,none,28%,,,",
            "line 2 has the provider 'Oracle'; expected AWS, Google Cloud or Azure",
        ),
        ("Azure,flexible-cud,*,*,1,none,28%,,,", "the kind 'flexible-cud'; expected savings-plan, reservation"),
        ("Azure,savings-plan,*,*,2,none,28%,,,", "the years '2'; expected 1 or 3"),
        ("Azure,savings-plan,*,*,1,later,28%,,,", "the payment 'later'"),
        ("Azure,savings-plan,*,*,1,none,,0.1,,", "a discount or a share of the on-demand rate"),
        ("Azure,savings-plan,*,*,1,none,x,,,", "the discount 'x'; expected a number"),
        ("Azure,savings-plan,*,*,1,none,120%,,,", "line 2: cannot put a rate: got share -0.2"),
        ("Azure,reservation,*,eastus,1,none,28%,,,", "what is reserved, such as N2 vCPU"),
        ("Azure,reservation,D,*,1,none,,0.1,,", "a price is of one region"),
        ("Azure,reservation,D,eastus,1,none,10%,0.1,,", "either a share or an hourly price"),
        ("Azure,reservation,D,eastus,1,none,10%,,DS1,", "the sizes 'DS1'; expected sizes with their ratios"),
        ("Azure,reservation,D,eastus,1,none,10%,,DS1:0,", "expected ratios of sizes above 0"),
        ("AWS,ec2,p5,us-east-1,1,none,10%,,,", "AWS's rates here are of every region"),
    ],
)
def test_a_file_that_cannot_hold_says_where(row: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_rates(f"{RATES.splitlines()[0]}\n{row}\n")


def test_a_file_without_rates_or_with_other_columns_says_so() -> None:
    with pytest.raises(InvalidInput, match="got the columns a, b; expected provider, kind, years"):
        read_rates("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="got the column 'price'"):
        read_rates("provider,kind,years,price\nAzure,savings-plan,1,2\n")
    with pytest.raises(InvalidInput, match="the file has none"):
        read_rates("provider,kind,years\n\n")
    with pytest.raises(InvalidInput, match="expected Google Cloud or Azure"):
        check_reserved(ReservedRate(AWS, "m5", "us-east-1", 1, Payment.NO_UPFRONT, D("0.5")))


def test_rates_of_reservations_are_kept_and_removed(state) -> None:
    store = FactStore(state, ManualClock())
    facts = read_rates(RATES)
    asyncio.run(store.put(*facts))
    asyncio.run(store.put(*facts))
    assert sorted(one.name for one in facts) == sorted(one.name for one in asyncio.run(store.listed(EVERYTHING)))
    bad = replace(facts[1], share=D(2))
    with pytest.raises(InvalidInput, match="got share 2"):
        asyncio.run(store.put(replace(facts[0], note="new"), bad))
    assert "new" not in [getattr(one, "note", "") for one in asyncio.run(store.listed(EVERYTHING))]
    asyncio.run(store.remove(RESERVED, "Google Cloud/N2 vCPU/us-central1/1/NO_UPFRONT"))
    assert len(facts) - 1 == len(asyncio.run(store.listed(EVERYTHING)))


def test_purchases_of_two_currencies_are_findings_of_their_own(room: PurchasesRoom) -> None:
    asyncio.run(room.facts.put(*read_rates(RATES)))
    made = asyncio.run(room.make(EVERYTHING, Wanted(days=DAYS, provider=GOOGLE, rightsizing=False)))
    assert made.answer is not None
    both = all_judged([made.answer, replace(made.answer, currency="EUR")])
    assert [BUY] == [one.check for one in both if one.check == BUY]
    assert (
        len({one.id for one in both[0].findings}) == len(both[0].findings) == 2 * len(judged(made.answer)[0].findings)
    )
