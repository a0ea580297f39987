"""A statement as CSV and PDF: exact, the same each time, and safe to open."""

import csv
import io
from decimal import Decimal

import pytest

from trimtab.base.coins import coins, exact
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.economics.rules.model import Basis
from trimtab.economics.statements.model import Held, Kind, LineKey, MonthState, Reconciled, Statement, StatementLine
from trimtab.reports.statements.file import statement_file


def line(owner: str, amount: str, charged: str, about: int = 0) -> StatementLine:
    key = LineKey(owner, Kind.USAGE, "Amazon EC2", "111111111111", "", "USD", about)
    return StatementLine(key, Decimal(amount), Decimal(charged), 3)


STATEMENT = Statement(
    202608,
    MonthState.CLOSED,
    Basis.BILLED,
    "team",
    4,
    "",
    [line("поиск & <ads>", "10.005", "10.01"), line("=1+1", "-0.000000000001", "0.00", 202607)],
    {202608: (Held("aws", 7, 6, {"USD": Decimal("10.005")}),)},
    1_764_000_000_000,
    "paula",
)
BESIDE = [Reconciled("USD", Kind.USAGE, Decimal("10.005"), Decimal("10.005"))]


def test_a_csv_is_exact_and_runs_nothing() -> None:
    file = statement_file(STATEMENT, BESIDE, "csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert ["10.005", "-0.000000000001", "0.000000000001"] == [row["amount"] for row in rows]
    assert ["10.01", "0.00", "-0.01"] == [row["charged"] for row in rows]
    assert ("", "to-invoice") == (rows[2]["owner"], rows[2]["charge"])
    assert ("'=1+1", "2026-07") == (rows[1]["owner"], rows[1]["corrects"])
    assert "statement-2026-08.csv" == file.name


@pytest.mark.parametrize("owner", [None, "поиск & <ads>", "=1+1"])
def test_a_pdf_is_the_same_bytes_for_the_same_statement(owner: str | None) -> None:
    file = statement_file(STATEMENT, BESIDE, "pdf", owner)
    assert file.content.startswith(b"%PDF-")
    assert file.content == statement_file(STATEMENT, BESIDE, "pdf", owner).content


def test_a_name_is_no_path_and_no_header() -> None:
    assert "statement-2026-08-_1_1.csv" == statement_file(STATEMENT, BESIDE, "csv", "=1+1").name


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(NotFound, match="no lines of 'nobody'"):
        statement_file(STATEMENT, BESIDE, "csv", "nobody")
    with pytest.raises(InvalidInput, match="expected one of csv, pdf"):
        statement_file(STATEMENT, BESIDE, "docx")


def test_amounts_for_people() -> None:
    assert "1,234.50" == coins(Decimal("1234.5"), "USD")
    assert "−4.50" == coins(Decimal("-4.5"), "USD")
    assert "1,500" == coins(Decimal(1500), "JPY")
    assert "0.00" == coins(Decimal("-0.001"), "USD")
    assert "10.00" == exact(Decimal("10.000000000000"))
    assert "−1,000.000000000001" == exact(Decimal("-1000.000000000001"))
