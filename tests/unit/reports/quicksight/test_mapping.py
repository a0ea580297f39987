"""What QuickSight's documents become: SQL, tables, rules of rows, visuals, filters; and what has no meaning here."""

from typing import Any

import pytest

from made_datasets import SOURCES
from trimtab.base.errors import InvalidInput
from trimtab.reports.quicksight.columns import Columns, Unmapped
from trimtab.reports.quicksight.definitions import map_definition
from trimtab.reports.quicksight.filters import condition_of
from trimtab.reports.quicksight.model import Place, arn_of, name_in, own_name
from trimtab.reports.quicksight.row_rules import rules_of
from trimtab.reports.quicksight.sql import read_select
from trimtab.reports.quicksight.tables import table_of
from trimtab.reports.quicksight.visuals import visual_of

HERE = Place("111111111111", "us-east-1")
NONE = Columns({})


def sql(query: str) -> dict[str, Any]:
    return {"CustomSql": {"DataSourceArn": "x", "Name": "q", "SqlQuery": query}}


def relation(name: str, *columns: str) -> dict[str, Any]:
    listed = [{"Name": one, "Type": "STRING"} for one in columns]
    return {"RelationalTable": {"DataSourceArn": "x", "Name": name, "InputColumns": listed}}


def column(name: str) -> dict[str, str]:
    return {"DataSetIdentifier": "d", "ColumnName": name}


def dimension(name: str) -> dict[str, Any]:
    return {"CategoricalDimensionField": {"FieldId": name, "Column": column(name)}}


def total(name: str, how: str = "SUM") -> dict[str, Any]:
    simple = {"SimpleNumericalAggregation": how}
    return {"NumericalMeasureField": {"FieldId": name, "Column": column(name), "AggregationFunction": simple}}


def category(kind: str, operator: str, **more: Any) -> dict[str, Any]:
    return {"CategoryFilter": {"Configuration": {kind: {"MatchOperator": operator, **more}}}}


def test_a_select_is_expressions_by_name() -> None:
    found = read_select(
        'SELECT day, b.service AS what, SUM(cost) total, COUNT(*) AS n, COUNT(DISTINCT "a b") AS d '
        "FROM db.bill b WHERE service IN ('EC2', 'it''s') AND team IS NOT NULL GROUP BY 1, service; "
    )
    assert found.table == "bill"
    assert list(found.take) == ["day", "what", "total", "n", "d"]
    assert "".join(found.take["d"].split()) == "distinct_count({ab})"
    assert "".join(found.take["n"].split()) == "count()"
    assert found.by == ("day", "what")
    assert found.where.startswith("service in [ 'EC2' , 'it''s' ] AND team")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DELETE FROM bill", "expected a SELECT"),
        ("SELECT a FROM bill JOIN x ON a = b", "JOIN has no meaning"),
        ("SELECT a FROM (SELECT 1 FROM bill)", "within another"),
        ("SELECT a FROM bill ORDER BY a", "ORDER has no meaning"),
        ("SELECT a, a FROM bill", "two columns"),
        ("SELECT a + 1 FROM bill", "a name with AS"),
        ("SELECT a FROM bill; DROP TABLE bill", "cannot read"),
        ("SELECT (a FROM bill", "not closed"),
        ("SELECT a FROM bill GROUP BY 7", "there are 1 columns"),
        ("SELECT now() AS a", "only constants"),
        ("", "expected SELECT"),
    ],
)
def test_other_sql_is_refused_with_the_reason(query: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_select(query)


def test_tables_are_joined_filtered_and_calculated() -> None:
    physical = {
        "p": relation("bill", "day", "account", "cost"),
        "q": sql("SELECT day, SUM(n) AS n FROM errors GROUP BY day"),
    }
    logical = {
        "left": {"Alias": "bill", "Source": {"PhysicalTableId": "p"}},
        "right": {"Alias": "errors", "Source": {"PhysicalTableId": "q"},
                  "DataTransforms": [{"RenameColumnOperation": {"ColumnName": "day", "NewColumnName": "on_day"}}]},
        "all": {
            "Alias": "all",
            "Source": {"JoinInstruction": {"LeftOperand": "left", "RightOperand": "right", "Type": "LEFT",
                                           "OnClause": "{day} = {on_day[errors]}"}},
            "DataTransforms": [
                {"CreateColumnsOperation": {"Columns": [{"ColumnName": "per", "ColumnId": "1",
                                                         "Expression": "cost / n"}]}},
                {"FilterOperation": {"ConditionExpression": "cost > 0"}},
                {"ProjectOperation": {"ProjectedColumns": ["day", "per"]}},
            ],
        },
    }  # fmt: skip
    found = table_of(physical, logical, SOURCES, {})
    assert [one["use"] for one in found.uses] == ["bill", "errors"]
    assert found.uses[1]["by"] == ["on_day"]
    assert (found.uses[1]["join"], found.uses[1]["on"]) == ("left", ["day = on_day"])
    assert (found.fields, found.filters, found.shown) == ({"per": "cost / n"}, ["cost > 0"], ["day", "per"])


@pytest.mark.parametrize(
    ("physical", "why"),
    [
        ({"p": relation("users", "a")}, "no table 'users'"),
        ({"p": relation("bill", "day", "secret")}, "no column 'secret'"),
        ({"p": {"S3Source": {"DataSourceArn": "x", "InputColumns": []}}}, "S3Source has no meaning"),
        ({"p": relation("bill", "day"), "q": relation("errors", "day")}, "a logical one that joins them"),
    ],
)
def test_tables_that_are_not_here_are_named(physical: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        table_of(physical, {}, SOURCES, {})


def test_permissions_are_rules_of_rows() -> None:
    rows = [
        {"UserName": "", "GroupName": "vision", "team": "vision, shared", "account": ""},
        {"UserName": "arn:aws:quicksight:x:1:user/default/ann", "GroupName": "", "team": "", "account": ""},
        {"UserName": "bob", "GroupName": "", "team": "it's", "account": "1"},
    ]
    assert rules_of(rows) == [
        {"where": "team in ['vision', 'shared']", "teams": ["vision"]},
        {"where": "1 = 1", "readers": ["ann"]},
        {"where": "team in ['it\\'s'] and account in ['1']", "readers": ["bob"]},
    ]
    with pytest.raises(InvalidInput, match="names nobody"):
        rules_of([{"team": "vision"}])


def test_visuals_keep_their_kind_groups_and_measures() -> None:
    date = {"DateDimensionField": {"FieldId": "d", "Column": column("day"), "DateGranularity": "WEEK"}}
    wells = {
        "BarChartAggregatedFieldWells": {"Category": [date], "Colors": [dimension("team")], "Values": [total("cost")]}
    }
    limit = {"CategoryItemsLimit": {"ItemsLimit": 5, "OtherCategories": "EXCLUDE"}}
    title = {"FormatText": {"RichText": "<visual-title>Cost <b>by week</b></visual-title>"}}
    chart = {"FieldWells": wells, "SortConfiguration": limit}
    assert visual_of("BarChartVisual", {"Title": title, "ChartConfiguration": chart}, NONE) == {
        "title": "Cost by week", "kind": "columns", "by": ["day@week", "team"], "measures": [{"value": "sum(cost)"}],
        "top": 5, "others": False,
    }  # fmt: skip
    flows = {"Source": [dimension("team")], "Destination": [dimension("service")], "Weight": [total("cost", "AVERAGE")]}
    found = visual_of(
        "SankeyDiagramVisual",
        {"ChartConfiguration": {"FieldWells": {"SankeyDiagramAggregatedFieldWells": flows}}},
        NONE,
    )
    assert (found["kind"], found["by"], found["measures"]) == ("sankey", ["team", "service"], [{"value": "avg(cost)"}])
    kpi = visual_of(
        "KPIVisual", {"ChartConfiguration": {"FieldWells": {"Values": [total("cost")], "TrendGroups": [date]}}}, NONE
    )
    assert (kpi["kind"], kpi["by"], kpi["compare"]) == ("kpi", [], "previous")
    with pytest.raises(Unmapped, match="WordCloudVisual is not drawn here"):
        visual_of("WordCloudVisual", {}, NONE)


def test_calculated_fields_are_written_out_and_aggregates_are_kept() -> None:
    listed = [
        {"DataSetIdentifier": "d", "Name": "net", "Expression": "cost - {tax paid}"},
        {"DataSetIdentifier": "d", "Name": "rate", "Expression": "sum(net) / count()"},
        {"DataSetIdentifier": "d", "Name": "round", "Expression": "round(net, 2)"},
        {"DataSetIdentifier": "d", "Name": "a", "Expression": "b + 1"},
        {"DataSetIdentifier": "d", "Name": "b", "Expression": "a"},
    ]
    columns = Columns.of({"CalculatedFields": listed})
    assert columns.measure(total("rate")) == {"value": "sum((cost - {tax paid})) / count()", "name": "rate"}
    assert columns.measure(total("net", "MAX"))["value"] == "max(cost - {tax paid})"
    assert columns.column(column("round")) == "round((cost - {tax paid}), 2)"  # the function, not the field
    assert columns.column(column("plain")) == "plain"
    with pytest.raises(InvalidInput, match="circle"):
        columns.column(column("a"))


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        (category("FilterListConfiguration", "EQUALS", CategoryValues=["a", "b'"]),
         "x in ['a', 'b\\'']"),
        (category("FilterListConfiguration", "DOES_NOT_EQUAL", CategoryValues=["a"]),
         "x not in ['a']"),
        (category("CustomFilterConfiguration", "CONTAINS", ParameterName="p"),
         "(contains(x, 'given'))"),
        ({"NumericRangeFilter": {"RangeMinimum": {"StaticValue": 1.5}, "IncludeMinimum": True,
                                 "RangeMaximum": {"StaticValue": 9}}},
         "x >= 1.5 and x < 9"),
        ({"NumericEqualityFilter": {"MatchOperator": "DOES_NOT_EQUAL", "Value": 3.0}}, "x != 3"),
        ({"TimeRangeFilter": {"RangeMinimumValue": {"StaticValue": 0}, "IncludeMinimum": True}},
         "x >= parseDate('1970-01-01T00:00:00Z')"),
        ({"RelativeDatesFilter": {"TimeGranularity": "DAY", "RelativeDateType": "LAST", "RelativeDateValue": 7}},
         "x >= addDateTime(-7, 'DD', now())"),
    ],
)  # fmt: skip
def test_filters_are_conditions(given: dict[str, Any], condition: str) -> None:
    [(kind, body)] = given.items()
    assert condition_of({kind: {**body, "Column": column("x")}}, NONE, {"p": ["given"]}) == condition


def test_what_is_not_shown_is_told_with_its_place() -> None:
    bar = {"BarChartAggregatedFieldWells": {"Category": [dimension("team")], "Values": [total("cost")]}}
    visuals = [
        {"BarChartVisual": {"VisualId": "One", "ChartConfiguration": {"FieldWells": bar}}},
        {"WordCloudVisual": {"VisualId": "Two"}},
    ]
    groups = [
        {"FilterGroupId": "g", "Status": "ENABLED", "ScopeConfiguration": {"AllSheets": {}},
         "Filters": [{"TopBottomFilter": {"Column": column("team")}},
                     {"NumericEqualityFilter": {"Column": column("cost"), "MatchOperator": "EQUALS", "Value": 1}}]},
        {"FilterGroupId": "h", "Status": "DISABLED", "ScopeConfiguration": {"AllSheets": {}}, "Filters": []},
    ]  # fmt: skip
    definition = {"Sheets": [{"SheetId": "s", "Visuals": visuals}], "FilterGroups": groups}
    mapped = map_definition(definition, {"d": "quicksight-bill"}, {})
    assert [(one.document["id"], one.document["dataset"], one.document["where"]) for one in mapped.visuals] == [
        ("one", "quicksight-bill", ["cost = 1"])
    ]
    assert [(one.path, one.fatal) for one in mapped.problems] == [
        ("FilterGroups/0/Filters/0", False), ("Sheets/0/Visuals/1", False),
    ]  # fmt: skip
    [missing] = map_definition(definition | {"Sheets": [{"SheetId": "s", "Visuals": visuals[:1]}]}, {}, {}).problems
    assert (missing.type, missing.fatal) == ("DATA_SET_NOT_FOUND", True)


def test_arns_name_what_resources_belong_to() -> None:
    assert arn_of(HERE, "version", "2", "d").endswith(":dashboard/d/version/2")
    assert arn_of(HERE, "user", "ann", "default").endswith(":user/default/ann")
    assert name_in(arn_of(HERE, "dataset", "x"), HERE, "dataset") == "x"
    assert name_in("arn:aws:quicksight:us-east-1:222222222222:dataset/x", HERE, "dataset") is None
    assert own_name("dataset", "x" * 500) != own_name("dataset", "x" * 501)
    assert len(own_name("analysis", "x" * 500)) <= 128
