"""The starters that ship are bodies without a fault, and every query in them is PromQL."""

import json

import pytest

from trimtab.metrics.promql.language.parse import parse
from trimtab.reports.dashboards.body import parse_body
from trimtab.reports.dashboards.starters import STARTERS, Starter
from trimtab.reports.dashboards.validate import check_body
from trimtab.reports.dashboards.variables import Chosen, apply


def test_the_five_starters_are_there() -> None:
    assert ["gpu-fleet", "host", "llm-serving", "training-run", "trimtab"] == sorted(STARTERS)


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
def test_a_starter_is_a_body_without_a_fault(starter: Starter) -> None:
    assert [] == check_body(starter.text, strict=False)
    assert starter.summary
    assert starter.needs


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
def test_its_panels_ask_in_promql_and_do_not_overlap(starter: Starter) -> None:
    body = parse_body(json.loads(starter.text))
    chosen = [Chosen(one, one.default, ()) for one in body.variables]
    taken: set[tuple[int, int]] = set()
    for widget in body.widgets:
        cells = {
            (x, y) for x in range(widget.x, widget.x + widget.width) for y in range(widget.y, widget.y + widget.height)
        }
        assert not cells & taken, widget.title
        taken |= cells
        for query in apply(widget, chosen).properties.get("data", {}).get("queries", []):
            parse(query["query"])
