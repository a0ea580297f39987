"""Pictures of every kind, their links, and addresses that reproduce them."""

import re
from decimal import Decimal

import msgspec
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.charts.png import to_png
from trimtab.reports.analyses.address import from_pairs, to_pairs
from trimtab.reports.analyses.amounts import Amount
from trimtab.reports.analyses.drill import drilled
from trimtab.reports.analyses.files import file_of
from trimtab.reports.analyses.grouping import Dimension
from trimtab.reports.analyses.model import Ahead, Band, Row, Shown
from trimtab.reports.analyses.pictures.drawing import draw, standalone
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.pictures.tables import pivot
from trimtab.reports.analyses.spec import Measure, Threshold, Visual
from trimtab.reports.analyses.words import change_text, grid_of, value_text
from trimtab.reports.datasets.field import Type, text

DAY = 86_400_000
START = 20_600 * DAY
COST = Amount("cost", "sum(cost)", Type.MONEY, "USD", additive=True)
HOURS = Amount("hours", "sum(hours)", Type.NUMBER, "h", additive=True)
TIME = Dimension("day", "day", Type.TIME, "day")
TEAM, SERVICE, ACCOUNT = (Dimension(one, one, Type.TEXT) for one in ("team", "service", "account"))


def shown(kind: str, dimensions: tuple[Dimension, ...], rows: tuple[Row, ...], **more: object) -> Shown:
    visual = more.pop("visual", Visual(dataset="bill", by=[one.written for one in dimensions], measures=["sum(cost)"]))
    amounts = more.pop("amounts", (COST,))
    return Shown(visual, kind, "bill", dimensions, amounts, rows, START, START + 3 * DAY, **more)  # type: ignore[arg-type] # of a test


TWO = (
    Row((START, "vision"), (Decimal("10.10"),)),
    Row((START, "Other"), (Decimal(3),)),
    Row((START + DAY, "vision"), (Decimal("5.5"),)),
)
FLOWS = (
    Row(("a", "EC2", "vision"), (Decimal(10),)),
    Row(("a", "S3", "<script>"), (Decimal(4),)),
    Row(("b", "EC2", "Other"), (Decimal(2),)),
    Row(("b", "S3", "vision"), (Decimal(-1),)),
)
ONE = (Row(("vision",), (Decimal(10), 5.0)), Row(("Other",), (Decimal(3), 1.0)))
PICTURES = {
    "columns": shown("columns", (TIME, TEAM), TWO, visual=Visual(thresholds=[Threshold(above=12.0, label="budget")]),
                     ahead=Ahead([(START + 3 * DAY, 9.0, 7.0, 11.0)], 0.8, 0.1),
                     band=Band([(START, 1.0, 5.0), (START + DAY, 1.0, 9.0)], frozenset((START,)))),
    "line": shown("line", (TIME, TEAM), TWO),
    "bars": shown("bars", (TEAM, SERVICE), (Row(("vision", "EC2"), (Decimal(7),)), Row(("ads", "S3"), (Decimal(2),)))),
    "scatter": shown("scatter", (TEAM,), ONE, amounts=(COST, HOURS)),
    "table": shown("table", (TEAM,), ONE, amounts=(COST, HOURS), total=Row((), (Decimal(13), 6.0))),
    "pivot": shown("pivot", (TIME, TEAM), TWO, total=Row((), (Decimal("18.60"),))),
    "heat": shown("heat", (TEAM, Dimension("day@weekday", "day", Type.TIME, "weekday")),
                  (Row(("vision", 1), (Decimal(3),)), Row(("ads", 7), (Decimal(1),)))),
    "sankey": shown("sankey", (ACCOUNT, SERVICE, TEAM), FLOWS),
    "fleet": shown("fleet", (ACCOUNT, SERVICE, TEAM), FLOWS),
    "kpi": shown("kpi", (), (Row((), (Decimal(10),), (Decimal(8),)),), before=(START - 3 * DAY, START)),
}  # fmt: skip


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_is_drawn_with_its_names_and_as_png(kind: str) -> None:
    one = PICTURES[kind]
    svg = standalone(one, dark=kind == "heat", width=700)
    assert to_png(svg).startswith(b"\x89PNG")
    assert "<script>" not in svg
    assert "var(--" not in svg
    if kind != "kpi":
        assert any(name in svg for name in ("vision", "EC2"))
    assert one.title in svg or kind in ("sankey", "fleet", "scatter", "bars")
    nothing = draw(shown(kind, one.dimensions, ()), Frame(360, 240))
    assert nothing.startswith("<svg")


def test_marks_lead_to_the_rows_behind_them_and_others_nowhere() -> None:
    keys = []

    def lead(found: object) -> str:
        keys.append(found)
        return "/somewhere?a=1&b=2"

    svg = draw(PICTURES["columns"], Frame(lead=lead))
    assert 'href="/somewhere?a=1&amp;b=2"' in svg
    assert [(0, START), (1, "vision")] in keys


def test_drilling_keeps_the_rows_and_asks_what_comes_next() -> None:
    fields = [text(name, "") for name in ("team", "service", "account")]
    visual = Visual(dataset="bill", by=["day@week", "team"], measures=["sum(cost)"], drill=["account"])
    dimensions = (Dimension("day@week", "day", Type.TIME, "week"), TEAM)
    found = drilled(visual, dimensions, [(1, "it's")], fields)
    assert found is not None
    assert (["day@week", "account"], ["team = 'it\\'s'"]) == (found.by, found.where)
    found = drilled(visual, dimensions, [(0, START), (1, None)], fields)
    assert found is not None
    assert (["day@day", "account"], ["isNull(team)"]) == (found.by, found.where[1:])
    assert drilled(visual, dimensions, [(1, "Other")], fields) is None
    last = drilled(Visual(by=["account"]), (ACCOUNT,), [(0, "a")], [text("account", "")])
    assert last is not None
    assert [] == last.by


def test_an_address_reproduces_a_visual() -> None:
    visual = Visual(
        "cost", "Cost & more", "", "bill", "line", ["day@week", "{my field}"],
        ["sum(cost)", Measure("sum(hours)", "hours", "h")], "sum(n)", ["team = 'a&b'"], 5,
        False, "previous", "7d", True,
        [Threshold(above=5000.0, label="a day's budget"), Threshold(below=-1.5)], ["account"],
    )  # fmt: skip
    assert visual == from_pairs(to_pairs(visual))
    assert Visual(dataset="bill") == from_pairs(to_pairs(Visual(dataset="bill")))
    assert visual == from_pairs([("spec", msgspec.json.encode(visual).decode())])
    for wrong in (("top", "many"), ("kind", "pie"), ("limit", "near:5"), ("forecast", "2y"), ("compare", "next")):
        with pytest.raises(InvalidInput):
            from_pairs([("dataset", "bill"), wrong])


def test_words_say_money_to_the_cent_and_changes() -> None:
    assert "1,234.50 USD" == value_text(COST, Decimal("1234.499999"))
    assert "–" == value_text(COST, None)
    assert "0.02 USD/1k requests" == value_text(
        Amount("x", "x", Type.MONEY, "USD/1k requests", additive=False), Decimal("0.02")
    )
    assert "+2.00 USD (+25.0%) against 8.00 USD" == change_text(COST, Decimal(10), Decimal(8))
    grid = grid_of(PICTURES["table"])
    assert ["vision", "10.00 USD", "5 h"] == [cell.text for cell in grid.rows[0]]
    assert ["All together", "13.00 USD", "6 h"] == [cell.text for cell in grid.total]
    across = pivot(PICTURES["pivot"])
    assert ["Day", "vision", "Other", "All"] == [cell.text for cell in across.heads]
    assert ["All", "15.60 USD", "3.00 USD", "18.60 USD"] == [cell.text for cell in across.total]


def test_files_are_named_after_the_title_and_never_formulas() -> None:
    one = shown("bars", (TEAM,), (Row(("=cmd()",), (Decimal("-1.50"),)),))
    made = file_of(one, "csv")
    assert ("cost-by-team.csv", b"team,cost\n'=cmd(),-1.5\n") == (made.name, made.content)
    assert re.search(rb'width="400"', file_of(one, "svg", "400").content)
    for wrong in (("gif", "", ""), ("png", "99999", ""), ("png", "", "blue")):
        with pytest.raises(InvalidInput):
            file_of(one, *wrong)
