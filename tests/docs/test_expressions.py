"""The reference of metric math and Metrics Insights names everything that they have."""

from pathlib import Path

from trimtab.metrics.expressions.arithmetic import OPERATORS
from trimtab.metrics.expressions.functions.catalog import CATALOG
from trimtab.metrics.expressions.functions.function import Function
from trimtab.metrics.expressions.parser import parse
from trimtab.metrics.insights.lexer import KEYWORDS
from trimtab.metrics.insights.parser import FUNCTIONS

DOCUMENTED = (
    "ABS ANOMALY_DETECTION_BAND AVG CEIL DATAPOINT_COUNT DIFF DIFF_TIME FILL FIRST LAST FLOOR IF INSIGHT_RULE_METRIC "
    "LOG LOG10 MAX METRIC_COUNT METRICS MIN MINUTE HOUR DAY DATE MONTH YEAR EPOCH PERIOD RATE REMOVE_EMPTY RUNNING_SUM "
    "SEARCH SERVICE_QUOTA SLICE SORT STDDEV SUM TIME_SERIES"
)
"""The functions that CloudWatch documents."""


def row(function: Function) -> str:
    said = f"{function.summary} Refused: {function.refusal}." if function.refusal else function.summary
    return f"| `{function.name}` | {said} | `{function.example}` |"


def test_every_function_is_there_with_what_it_gives_and_an_example(repository: Path) -> None:
    text = (repository / "docs/reference/metric-math.md").read_text()
    assert set(DOCUMENTED.split()) == set(CATALOG)
    assert [] == [function.name for function in CATALOG.values() if row(function) not in text]


def test_every_operator_is_there(repository: Path) -> None:
    text = (repository / "docs/reference/metric-math.md").read_text().replace("\\|", "|")
    assert [] == [sign for sign in OPERATORS if f"`{sign}`" not in text]


def test_every_example_is_an_expression() -> None:
    for function in CATALOG.values():
        parse(function.example)


def test_metrics_insights_has_its_words(repository: Path) -> None:
    text = (repository / "docs/reference/metrics-insights.md").read_text()
    assert [] == [word for word in (*KEYWORDS, *FUNCTIONS) if word not in text]
