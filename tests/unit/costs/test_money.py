"""Amounts are exact: the receipt's sum is that of the file's text, the stored one that of each rounded amount."""

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.unit.costs.bills import FOCUS, table
from tests.unit.costs.conftest import Room

from trimtab.costs.model import Receipt

QUANTUM = Decimal("0.000000000001")


def test_the_sum_of_a_csv_is_exact_beyond_what_is_stored(room: Room) -> None:
    chance = random.Random(3)
    texts = ["0.0000000000005", "-0.0000000000005", "0.00000000000049999", "-7.000000000000500000"]
    texts += [f"{chance.uniform(-1e6, 1e6):.{chance.randint(0, 17)}f}" for _ in range(500)]
    receipt = room.bring("bill.csv", table(FOCUS, *({"BilledCost": text} for text in texts)))
    assert {"USD": sum(map(Decimal, texts))} == receipt.exact()
    assert {"USD": sum(Decimal(text).quantize(QUANTUM, ROUND_HALF_UP) for text in texts)} == receipt.billed()


def test_a_float_of_parquet_is_its_shortest_text(room: Room, tmp_path: Path) -> None:
    chance = random.Random(4)
    values = [0.1, 0.2, 1e-9, -1.5e-7, 123456.789, *(round(chance.uniform(-50, 50), 10) for _ in range(200))]
    receipt = _bring(room, tmp_path, pa.array(values, pa.float64()))
    assert {"USD": sum(Decimal(repr(value)) for value in values)} == receipt.exact()


def test_every_float_is_rounded_as_its_text(room: Room, tmp_path: Path) -> None:
    chance = random.Random(6)
    values = [5e-13, -5e-13, 4.9999e-13, 2e-13, 0.1234567890125, 1999.9999999999995, 2000.0, 2000.1, 0.0, -0.0, 1e-18]
    values += [chance.choice((1, -1)) * chance.random() * 10.0 ** chance.randint(-14, 9) for _ in range(2000)]
    values += [round(chance.uniform(-3000, 3000), chance.randint(0, 13)) for _ in range(2000)]
    receipt = _bring(room, tmp_path, pa.array(values, pa.float64()))
    assert () == receipt.skipped
    assert {"USD": sum(Decimal(repr(value)).quantize(QUANTUM, ROUND_HALF_UP) for value in values)} == receipt.billed()
    stored = room.column("SELECT toString(billed_cost) FROM cost_lines")
    expected = [Decimal(repr(value)).quantize(QUANTUM, ROUND_HALF_UP) for value in values]
    assert sorted(expected) == sorted(map(Decimal, stored))


def test_floats_that_are_no_numbers_are_set_aside(room: Room, tmp_path: Path) -> None:
    receipt = _bring(room, tmp_path, pa.array([1.5, float("nan"), float("inf")], pa.float64()))
    assert (1, 2) == (receipt.lines, sum(one.lines for one in receipt.skipped))


def test_decimals_of_parquet_keep_every_digit(room: Room, tmp_path: Path) -> None:
    with localcontext(prec=40):
        values = [Decimal("0.123456789012345678"), Decimal("-99999999.000000000000000001"), Decimal(3)]
        receipt = _bring(room, tmp_path, pa.array(values, pa.decimal128(38, 18)))
        assert {"USD": sum(values)} == receipt.exact()
        assert {"USD": sum(value.quantize(QUANTUM, ROUND_HALF_UP) for value in values)} == receipt.billed()


def test_sums_of_large_amounts_do_not_wrap(room: Room) -> None:
    texts = ["9999999999999999999.999999999999", *["5000000000000000000"] * 40]
    receipt = room.bring("bill.csv", table(FOCUS, *({"BilledCost": text} for text in texts)))
    assert {"USD": sum(map(Decimal, texts))} == receipt.billed()


def test_currencies_are_summed_apart(room: Room) -> None:
    rows = [{"BilledCost": "1", "BillingCurrency": "USD"}, {"BilledCost": "2.5", "BillingCurrency": "EUR"}]
    assert {"EUR": Decimal("2.5"), "USD": Decimal(1)} == room.bring("bill.csv", table(FOCUS, *rows)).billed()


def _bring(room: Room, tmp_path: Path, amounts: pa.Array) -> Receipt:
    columns = {name: pa.array([value] * len(amounts)) for name, value in FOCUS.items() if not name.endswith("Cost")}
    path = tmp_path / "bill.parquet"
    pq.write_table(pa.table({**columns, "BilledCost": amounts}), path)
    return room.take(path)
