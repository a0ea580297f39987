"""What a report says of advice: the total of all of it, and that of the changes it lists."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from trimtab.advice.finding import Effort
from trimtab.reports.written.parts.advice import advice_part


def change(name: str, cash: str | None, gpu_hours: float = 0.0) -> Any:
    finding = SimpleNamespace(finding=SimpleNamespace(kind="volume"))
    return SimpleNamespace(
        name=name, cash=None if cash is None else Decimal(cash), currency="USD", gpu_hours=gpu_hours, owner="search",
        summary="unused", path=f"/advice/{name}", effort=Effort.LOW, findings=(finding,),
    )  # fmt: skip


ADVISED = [change("a", "1000.50", 100.0), change("b", "20.25"), change("c", "0.25"), change("d", None)]


def test_the_total_is_that_of_the_whole_plan_whatever_is_listed() -> None:
    section = advice_part(ADVISED, 2).section
    assert section.said[0].text == (
        "4 changes: 1,021.00 USD a month off the invoice and 100 h of GPUs a month freed. "
        "The 2 changes below: 1,020.75 USD a month off the invoice and 100 h of GPUs a month freed."
    )
    assert ["volume a", "volume b"] == [row[0] for row in section.tables[0].rows]


def test_where_all_are_listed_there_is_one_total() -> None:
    assert advice_part(ADVISED, 4).section.said[0].text.count("changes") == 1


def test_what_saves_nothing_is_of_risk() -> None:
    assert advice_part(ADVISED[3:], 2).section.said[0].text == "1 change: no saving of money, but of risk."
