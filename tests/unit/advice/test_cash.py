"""What findings save, against amounts that were worked out by hand from the lines of a bill."""

from decimal import Decimal

from trimtab.advice.cash import month, saving
from trimtab.advice.catalogue import check
from trimtab.advice.checks.low_use_instance import CPU, GOT, SENT
from trimtab.advice.complete import judgement
from trimtab.advice.examples import ago, billed, given, gpu, thing, values_of
from trimtab.advice.facts import Bill, Facts
from trimtab.advice.finding import Finding
from trimtab.base.records import replace

BOX = thing("ec2:instance", "i-1", type_="m5.large", State="running")
LOW = {(CPU, "i-1"): [2] * 14, (SENT, "i-1"): [100] * 14, (GOT, "i-1"): [100] * 14}


def only(id_: str, facts: Facts) -> Finding:
    (found,) = judgement(check(id_), facts).findings
    return found


def test_on_demand_usage_leaves_the_invoice() -> None:
    """m5.large: 0.096 USD × 720 hours = 69.12 in 30 days; a month of 730 hours is 0.096 × 730 = 70.08."""
    found = only("Qch7DwouX1", given(BOX, measured=LOW, bills={"i-1": billed("69.12")}))
    assert (Decimal("70.08"), Decimal("70.08")) == (found.cash, found.cost)


def test_what_a_savings_plan_covers_saves_nothing_where_it_can_cover_nothing_else() -> None:
    """The plan pays 0.0605 USD an hour for it, 43.56 in 30 days, used or not."""
    bill = Bill(Decimal(0), Decimal("43.56"), Decimal("69.12"), ("sp-1",))
    found = only("Qch7DwouX1", given(BOX, measured=LOW, bills={"i-1": bill}))
    assert (Decimal("0.00"), Decimal("44.17")) == (found.cash, found.cost)  # 43.56 × 730 / 720 = 44.165
    assert "paid anyhow" in found.cash_note


def test_a_plan_that_is_freed_moves_on_to_other_usage() -> None:
    """69.12 at list prices are freed, and 30.00 on demand are elsewhere: 30 × 730 / 720 = 30.42."""
    bill = Bill(Decimal(0), Decimal("43.56"), Decimal("69.12"), ("sp-1",))
    facts = given(BOX, measured=LOW, bills={"i-1": bill}, on_demand={("USD", ""): Decimal(30)})
    assert Decimal("30.42") == only("Qch7DwouX1", facts).cash


def test_a_reservation_covers_its_own_family_only() -> None:
    """There are 500 on demand, of which 12 are m5: 12 × 730 / 720 = 12.17."""
    bill = Bill(Decimal(0), Decimal(40), Decimal("69.12"), ("ri-1",), reserved=True, family="m5")
    pools = {("USD", ""): Decimal(500), ("USD", "m5"): Decimal(12)}
    facts = given(BOX, measured=LOW, bills={"i-1": bill}, on_demand=pools)
    assert Decimal("12.17") == only("Qch7DwouX1", facts).cash


def test_a_rented_gpu_frees_hours_and_no_cash() -> None:
    """Of eight GPUs that are rented by contract one is idle: 730 GPU-hours a month, and the invoice stays."""
    bill = Bill(Decimal(0), rented=Decimal(10_310))
    facts = given(gpus=(gpu("GPU-1", [0.0] * 288, peers=8),), bills={"gpu-node-1": bill})
    found = only("trimtab-idle-gpu", facts)
    assert (Decimal("0.00"), 730.0) == (found.cash, found.gpu_hours)
    assert "contract" in found.cash_note


def test_an_idle_gpu_is_its_share_of_the_machine() -> None:
    """One of eight GPUs of a p4d.24xlarge at 21.9576 USD: 21.9576 × 730 / 8 = 2003.63."""
    facts = given(gpus=(gpu("GPU-1", [0.0] * 288, peers=8),), bills={"gpu-node-1": billed("15809.472")})
    assert Decimal("2003.63") == only("trimtab-idle-gpu", facts).cash


OWNED = Bill(
    Decimal(0),
    rented=Decimal(400),
    owned=True,
    power=Decimal("91.728"),
    power_kwh=Decimal(336),
    currency="EUR",
    days=20,
)
"""700 W over 20 days: 336 kWh at 0.21 EUR and a PUE of 1.3, which are 139.50 a month; a purchase of 20 a day."""


def test_an_owned_gpu_saves_the_electricity_that_was_measured_and_never_more_than_the_bill_has() -> None:
    """100 W × 730 h = 73 kWh at 0.273 EUR."""
    assert [Decimal("19.93"), Decimal("139.50")] == [saving(OWNED, 1.0, Facts(0), kwh).cash for kwh in (73.0, 9_999.0)]
    assert "19.93 EUR of its electricity, 73.0 kWh as measured, is not drawn" in saving(OWNED, 1.0, Facts(0), 73.0).note
    assert Decimal("747.84") == saving(OWNED, 1.0, Facts(0), 73.0).cost


def test_metered_electricity_leaves_by_the_share_of_the_machine() -> None:
    """Half of the power was metered: 45.864 in 20 days; an eighth of it a month."""
    metered = replace(OWNED, power_measured=Decimal("45.864"))
    assert Decimal("8.72") == saving(metered, 0.125, Facts(0)).cash
    assert (None, Decimal("747.84")) == (saving(OWNED, 0.125, Facts(0)).cash, saving(OWNED, 0.125, Facts(0)).cost)


def test_power_is_measured_in_idle_time_alone() -> None:
    """Of 24 hours 23 idle at 100 W, and one at work at 700 W; one GPU has no power of its own."""
    active = [0.9] * 12 + [0.0] * 276
    watts = values_of([700.0] * 12 + [100.0] * 276, 300_000)
    facts = given(gpus=(gpu("GPU-1", active, watts=watts), gpu("GPU-2", active)), bills={"gpu-node-1": OWNED})
    by_name = {one.resource.rpartition("/")[2]: one for one in judgement(check("trimtab-idle-gpu"), facts).findings}
    share = Decimal(by_name["GPU-1"].evidence[1].value.partition("%")[0]) / 100
    assert abs(by_name["GPU-1"].cash / Decimal("19.93") - share) < Decimal("0.01")
    assert by_name["GPU-2"].cash is None


def test_a_bill_and_an_owner_may_know_a_resource_by_different_names() -> None:
    facts = replace(given(BOX, bills={"i-1": billed("72")}), billed_owners={BOX.path: "vision"})
    assert billed("72") == facts.bill(BOX)
    assert "vision" == facts.owner(replace(BOX, owner="", tags={})).name


def test_gp3_is_a_fifth_cheaper() -> None:
    """500 GiB of gp2 at 0.10 USD: 50.00 in a billed month of 30 days; a fifth of 50 × 730 / 720 is 10.14."""
    volume = thing("ec2:volume", "vol-1", State="in-use", VolumeType="gp2", Size=500)
    assert Decimal("10.14") == only("trimtab-gp2-volume", given(volume, bills={"vol-1": billed("50")})).cash


def test_what_no_bill_names_is_not_known_and_not_nought() -> None:
    address = thing("ec2:elastic-ip", "eipalloc-1", PublicIp="198.51.100.7")
    found = only("Z4AUBRNSmz", given(address))
    assert (None, None) == (found.cash, found.cost)
    assert "no bill was imported" in found.cash_note


def test_a_stopped_instance_still_pays_its_volumes() -> None:
    """Two volumes of 4.00 and 6.00 in 30 days are no month of the instance's own bill, and are billed on."""
    box = thing("ec2:instance", "i-9", State="stopped", StateTransitionMs=ago(60), BlockDeviceMappings=["v-1", "v-2"])
    facts = given(box, bills={"v-1": billed("4"), "v-2": billed("6")})
    assert Decimal("10.14") == only("c18d2gz150", facts).cash  # 10 × 730 / 720


def test_a_month_is_730_hours() -> None:
    assert Decimal("73.00") == month(Decimal(72), 30)
    assert Decimal("73.00") == saving(billed("72"), 1.0, Facts(0)).cash
