"""A body's parts as they are shown: rows without shorthand, places, ranges, variables, annotations, explorers."""

import math
from typing import Any, cast

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.reports.dashboards.annotations import Across, read_annotations
from trimtab.reports.dashboards.body import parse_body, read_body
from trimtab.reports.dashboards.explorer import explorer_rows
from trimtab.reports.dashboards.model import Variable, Widget
from trimtab.reports.dashboards.rows import expand
from trimtab.reports.dashboards.timing import Span, fitting_period, moment_ms, span_of
from trimtab.reports.dashboards.variables import Chosen, apply, choose

NOW = 1_764_000_000_000
HOUR = 3_600_000


def test_shorthand_is_what_the_row_before_has() -> None:
    rows = expand([["N", "a", "d", "1"], [".", "b", ".", "."], ["...", "2", {"stat": "p99", "yAxis": "right"}]], {})
    assert [("N", "a", (("d", "1"),)), ("N", "b", (("d", "1"),)), ("N", "b", (("d", "2"),))] == [
        row.metric for row in rows
    ]
    assert ("p99", True, "Average") == (rows[2].stat, rows[2].right, rows[0].stat)


def test_ids_are_made_up_beside_those_that_are_given() -> None:
    rows = expand([["N", "a", {"id": "m2"}], ["N", "b"], [{"expression": "m2 * 2"}]], {"period": 60})
    assert ["m2", "m2x", "m3"] == [row.id for row in rows]
    assert [60, 60, 60] == [row.period_s for row in rows]


def test_widgets_without_a_place_follow_the_ones_before() -> None:
    body = parse_body({"widgets": [{"type": "text", "width": width, "height": 3} for width in (12, 12, 24, 6)]})
    assert [(0, 0), (12, 0), (0, 3), (0, 6)] == [(one.x, one.y) for one in body.widgets]


def test_a_widget_stays_within_the_grid() -> None:
    (widget,) = parse_body({"widgets": [{"type": "text", "x": 20, "y": 1, "width": 12}]}).widgets
    assert (12, 1, 12) == (widget.x, widget.y, widget.width)


def test_a_body_that_is_wrong_cannot_be_read() -> None:
    with pytest.raises(InvalidInput, match="/widgets/0/type"):
        read_body('{"widgets": [{"type": "nonsense", "properties": {}}]}')


@pytest.mark.parametrize(
    ("text", "back"),
    [("P0D", 0), ("-PT3H", 3 * HOUR), ("-P1D", 24 * HOUR), ("-P1W", 168 * HOUR), ("-P1DT1H30M", 25 * HOUR + HOUR // 2)],
)
def test_relative_times_are_iso_durations(text: str, back: int) -> None:
    assert NOW - back == moment_ms(text, NOW)


def test_a_widgets_own_range_wins() -> None:
    usual = Span(NOW - HOUR, NOW)
    assert usual == span_of("", "", NOW, usual)
    assert Span(NOW - 3 * HOUR, NOW) == span_of("-PT3H", "", NOW, usual)
    assert span_of("-PT3H", "P0D", NOW, usual).moving  # as CloudWatch's console writes it
    assert not span_of("-PT3H", "-PT1H", NOW, usual).moving
    with pytest.raises(InvalidInput, match="a start before the end"):
        span_of("-PT1H", "-PT3H", NOW, usual)


@pytest.mark.parametrize(
    ("hours", "asked", "inherit", "period"),
    [
        (0.25, None, False, 10),
        (3, None, False, 60),
        (24, None, False, 300),
        (24 * 30, None, False, 3600),
        (24, 60, False, 300),  # fitted to the range
        (6, 60, True, 60),  # obeyed
        (24, 60, True, 300),  # obeyed, but not with more points than a panel has pixels
        (1, 30, False, 30),  # a period below a minute is meant
    ],
)
def test_periods_fit_the_range_unless_the_body_says_not_to(
    hours: float, asked: int | None, inherit: bool, period: int
) -> None:
    span = Span(NOW - int(hours * HOUR), NOW)
    assert period == fitting_period(span, asked, inherit=inherit, points=1000)


def variable(kind: str, target: str, **more: Any) -> Chosen:
    return Chosen(Variable("v", kind, target, "input", "V", "", True), more.get("value", "x"), ())


def applied(properties: dict[str, Any], chosen: Chosen) -> Any:
    return apply(Widget(0, "metric", 0, 0, 6, 6, properties), [chosen]).properties


def test_a_pattern_is_replaced_wherever_it_stands() -> None:
    found = applied({"title": "of $a", "metrics": [["N", "$a"]]}, variable("pattern", "$a"))
    assert {"title": "of x", "metrics": [["N", "x"]]} == found


def test_a_property_is_set_in_the_widget_or_as_a_dimension() -> None:
    assert {"region": "x"} == applied({}, variable("property", "region"))
    rows = [["N", "a", "Host", "1", "Disk", "2"], [".", "b", ".", ".", ".", "."], ["N", "c"]]
    found = applied({"metrics": rows}, variable("property", "Host"))["metrics"]
    assert [["N", "a", "Host", "x", "Disk", "2"], ["N", "b", "Host", "x", "Disk", "2"], ["N", "c"]] == found
    search = [[{"expression": "SEARCH('{N,Host} Host=\"1\"', 'Sum')"}]]
    assert 'Host="x"\'' in applied({"metrics": search}, variable("property", "Host"))["metrics"][0][0]["expression"]
    labels = [{"key": "Host"}, {"key": "Disk", "value": "2"}]
    found = applied({"labels": labels, "metrics": [{"metricName": "a"}]}, variable("property", "Host"))
    assert [{"key": "Host", "value": "x"}, {"key": "Disk", "value": "2"}] == found["labels"]
    assert [{"metricName": "a"}] == found["metrics"]


def test_a_variable_has_the_value_of_the_url_else_its_default_else_the_first() -> None:
    one = Variable("v", "pattern", "$v", "select", "V", "", True, (("a", "A"), ("b", "B")))
    nobody = cast("Any", None)
    assert "a" == choose([one], {}, nobody, EVERYTHING)[0].value
    assert "b" == choose([one], {"var-v": "b"}, nobody, EVERYTHING)[0].value


def test_annotations_are_lines_bands_moments_and_spans() -> None:
    found = read_annotations(
        {
            "horizontal": [
                {"value": 5, "label": "line"},
                {"value": 9, "fill": "above"},
                [{"value": 4, "label": "band"}, {"value": 2}],
                {"value": 1, "visible": False},
            ],
            "vertical": [
                {"value": "2025-11-24T16:00:00Z"},
                [{"value": "2025-11-24T15:00:00Z"}, {"value": "2025-11-24T14:00:00Z"}],
            ],
        },
        NOW,
    )
    assert Across(5.0, None, "line", "", False) == found.across[0]
    assert (9.0, math.inf) == (found.across[1].low, found.across[1].high)
    assert Across(2.0, 4.0, "band", "", False) == found.across[2]
    assert 3 == len(found.across)
    assert found.along[0].line
    assert found.along[1].start_ms == found.along[1].end_ms - HOUR if found.along[1].end_ms else False


def test_an_explorer_searches_or_puts_together() -> None:
    metric = {"metricName": "CPUUtilization", "resourceType": "AWS::EC2::Instance", "stat": "Average"}
    (((search,),)) = explorer_rows({"metrics": [metric], "labels": [{"key": "env", "value": "prod"}]})
    assert (
        'SEARCH(\'Namespace="AWS/EC2" MetricName="CPUUtilization" "env"="prod"\', \'Average\')' == search["expression"]
    )
    (((sql,),)) = explorer_rows({"metrics": [metric], "splitBy": "env", "aggregateBy": {"key": "az", "func": "MAX"}})
    assert 'SELECT MAX("CPUUtilization") FROM "AWS/EC2" GROUP BY "az", "env"' == sql["expression"]
