"""The overview's money: the month's bill, and what idle hours cost by the ledger."""

from decimal import Decimal

import numpy as np

from trimtab.costs.model import CostRow
from trimtab.figures.register import REGISTER
from trimtab.fleet.basis import Basis
from trimtab.fleet.frame import Costed, Frame
from trimtab.fleet.model import HOUR_MS, PARTS, State
from trimtab.web.money_tiles import Idle, idle_of, idle_tile, month_of, words_of
from trimtab.web.tiles import Tile

DAY = 86_400_000
NOVEMBER = 1_793_491_200_000  # 2026-11-01


def day(number: int, currency: str, amount: str) -> CostRow:
    start = NOVEMBER + number * DAY
    return CostRow(start, start + DAY, (), currency, "N/A", 1, (Decimal(amount),))


def test_the_months_bill_is_summed_by_currency_and_never_across() -> None:
    rows = [day(0, "USD", "1000.40"), day(1, "USD", "234.20"), day(0, "EUR", "17.5")]
    tile = month_of(rows, NOVEMBER + 2 * DAY, this_month=True)
    assert (tile.label, tile.value, tile.unit) == ("This month’s $", "1,235", "USD")
    assert tile.note == "billed to 2 Nov · 17.50 EUR"
    assert tile.trend == [1000.40, 234.20]


def test_an_older_bill_says_its_month() -> None:
    assert month_of([day(0, "USD", "5")], NOVEMBER + 30 * DAY, this_month=False).label == "Month’s $, November"


def test_the_idle_tile_names_its_basis_and_what_is_estimated_or_has_no_price() -> None:
    idle = Idle({"EUR": Decimal(20), "USD": Decimal(3)}, 4.0, Basis.NET_AMORTISED, {"EUR": Decimal(5)})
    tile = idle_tile(Tile(REGISTER["gpu_hours_idle"], "14", "h", "", [], "/hosts"), idle)
    assert (tile.label, tile.value, tile.unit) == ("Idle $", "20.00", "EUR")
    assert tile.note == "net amortised · 14 idle GPU-h · 3.00 USD · 25% of it estimated · 4 h without a price"
    assert words_of(idle.amounts) == "20.00 EUR + 3.00 USD"


def test_idle_cost_is_the_ledgers_by_the_idle_share_of_each_row() -> None:
    found = idle_of(costed((State.FREE, 4, 0, 4, "8"), (State.HELD, 2, 1, 2, "3"), (State.DOWN, 9, 0, 9, "100")))
    assert found is not None
    assert (found.amounts, found.unpriced_h) == ({"USD": Decimal("9.5")}, 0.0)
    assert found.estimated == {"USD": Decimal("8")}
    assert idle_of(costed((State.FREE, 4, 0, 4, ""))) is None


def costed(*rows: tuple[State, int, int, int, str]) -> Costed:
    """Rows of (state, hours, active, known, cost); the first one's is estimated."""
    whole = np.array([row[1:4] for row in rows], np.int64) * PARTS * HOUR_MS
    zeros = np.zeros(len(rows), np.int64)
    frame = Frame(
        start_ms=0, end_ms=HOUR_MS, bucket=zeros, day=zeros, machine=zeros,
        state=np.array([row[0] for row in rows], np.int64), reason=zeros, holder=zeros, team=zeros, amount=whole[:, 0],
        active=whole[:, 1].astype(float), known=whole[:, 2].astype(float), stray=zeros.astype(float), assumed=zeros,
        machines=["1/c/n1"], reasons=[""], holders=[""], teams=[""],
    )  # fmt: skip
    priced = [at for at, row in enumerate(rows) if row[4]]
    return Costed(
        frame=frame, basis=Basis.NET_AMORTISED, row=np.array(priced, np.int64), currency=["USD"] * len(priced),
        amount=[Decimal(rows[at][4]) for at in priced], estimated=np.array([at == 0 for at in priced], np.bool_),
        unpriced=np.array([not row[4] for row in rows], np.bool_),
    )  # fmt: skip


def test_without_any_price_the_hours_stay() -> None:
    hours = Tile(REGISTER["gpu_hours_idle"], "14", "h")
    assert idle_tile(hours, None) is hours
    assert words_of({}) == ""
