"""Queries of exports: what they may be, and what is said of the others."""

from datetime import date

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.costs.delivery.cur_columns import COLUMNS, legacy_name
from trimtab.costs.delivery.statement import compiled
from trimtab.costs.delivery.tables import Grain
from trimtab.costs.delivery.writing import PART_LINES, Part, parts_of
from trimtab.costs.readers.cur_legacy import modern

TABLE = "COST_AND_USAGE_REPORT"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"SELECT nothing FROM {TABLE}", "has no column 'nothing'"),
        ("SELECT * FROM CARBON_EMISSIONS", "cannot select from 'CARBON_EMISSIONS'"),
        (f"SELECT count(*) FROM {TABLE}", "expected a column"),
        (f"DELETE FROM {TABLE}", "expected one SELECT"),
        (f"SELECT bill_invoice_id FROM {TABLE} ORDER BY 1", "ORDER is not supported"),
        (f"SELECT bill_invoice_id FROM {TABLE}; SELECT 1", "expected one SELECT"),
        (f"SELECT bill_invoice_id FROM {TABLE} WHERE sleep(3) = 0", "cannot select"),
        (f"SELECT bill_invoice_id FROM {TABLE} WHERE line_item_unblended_cost > 'x'", "expected a number"),
        (f"SELECT bill_invoice_id FROM {TABLE} WHERE line_item_usage_start_date > 'now()'", "expected YYYY-MM-DD"),
        (f"SELECT bill_invoice_id AS a, bill_bill_type AS a FROM {TABLE}", "twice"),
        (f"SELECT bill_invoice_id.x FROM {TABLE}", "has no keys"),
        (f"SELECT bill_invoice_id FROM {TABLE} a JOIN {TABLE} b", "JOINS is not supported"),
        ("SELECT (", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(query: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        compiled(query)


def test_nothing_of_a_text_is_in_the_sql() -> None:
    made = compiled(f"SELECT resource_tags.\"o'k\" AS x FROM {TABLE} WHERE line_item_usage_type = 'it''s; DROP'")
    assert "DROP" not in made.condition + made.outputs[0].sql
    assert ["o'k", "it's; DROP"] == list(made.conditions.params.values())


def test_properties_are_those_of_the_table() -> None:
    made = compiled(f"SELECT bill_invoice_id FROM {TABLE}", {TABLE: {"TIME_GRANULARITY": "DAILY"}})
    assert (Grain.DAILY, False) == (made.table.grain, "line_item_resource_id" in made.table.columns)
    for configured in ({TABLE: {"TIME_GRANULARITY": "YEARLY"}}, {TABLE: {"X": "1"}}, {"FOCUS_1_0_AWS": {}}):
        with pytest.raises(InvalidInput):
            compiled(f"SELECT bill_invoice_id FROM {TABLE}", configured)


def test_names_of_legacy_reports_are_read_back() -> None:
    names = [name for name in COLUMNS if not name.startswith(("product", "resource_tags", "cost_category"))]
    assert names == [modern(legacy_name(name)) for name in names]


def test_parts_hold_every_line_once() -> None:
    days = [
        (date(2026, 8, day), lines) for day, lines in ((1, 10), (2, PART_LINES), (3, 5), (5, 3 * PART_LINES), (6, 1))
    ]
    assert [
        Part(date(2026, 8, 1), date(2026, 8, 1)),
        Part(date(2026, 8, 2), date(2026, 8, 2)),
        Part(date(2026, 8, 3), date(2026, 8, 4)),
        *(Part(date(2026, 8, 5), date(2026, 8, 5), share, 3) for share in range(3)),
        Part(date(2026, 8, 6), date(2026, 8, 6)),
    ] == parts_of(days, Grain.HOURLY)
    assert 5 == len(parts_of(days, Grain.MONTHLY))
