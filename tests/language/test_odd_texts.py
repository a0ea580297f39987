"""Every language with numbers, quotes and depths that none of its users means: an answer or a clear error."""

import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.alarms.rule import parse as alarm_rule
from trimtab.audit.lake.statement import compiled
from trimtab.base.errors import InvalidInput
from trimtab.costs.explorer.terms import read_filters
from trimtab.logs.filters.parser import parse as filter_pattern
from trimtab.logs.insights.parser import parse as logs_insights
from trimtab.logs.insights.select import parse as logs_sql
from trimtab.metrics.expressions.parser import parse as metric_math
from trimtab.metrics.expressions.search_text import parse_search
from trimtab.metrics.insights.parser import parse as metrics_insights
from trimtab.metrics.promql.language.parse import parse as promql
from trimtab.metrics.statistics import parse_statistic
from trimtab.reports.datasets.language.parser import parse as calculation
from trimtab.reports.datasets.sql.statement import read_statement
from trimtab.reports.datasets.sql.words import node_of
from trimtab.traces.filters.parser import parse as trace_filter
from trimtab.triggers.patterns.pattern import compile_pattern

Read = Callable[[str], object]


def _lake(text: str) -> object:
    return compiled(text, [], lambda _: ("1", {}))


def _dataset_sql(text: str) -> object:
    return [node_of(one) for one in getattr(read_statement(text), "expressions", ())]


LANGUAGES: Mapping[str, tuple[Read, tuple[str, ...]]] = {
    "PromQL": (promql, ("m*#", "rate(m[#s])", "m offset #s", "m offset -#d", "m @ #", "topk(#, m)", 'm{a=~"$"}', "#")),
    "metric math": (metric_math, ("m1*#", "IF(m1 > #, 1, 0)", "FILL(m1, #)", "[#, #]", "#", "SEARCH($, 'Sum', #)")),
    "a search": (parse_search, ("{n,a} $", "a=# OR b=$", "NOT $")),
    "Metrics Insights": (metrics_insights, ("SELECT SUM(m) FROM n LIMIT #", "SELECT MAX(m) FROM n WHERE a = $")),
    "Logs Insights": (
        logs_insights,
        ("limit #", "filter a > #", "stats pct(a, #) by bin(#m)", "parse @message $ as x"),
    ),
    "SQL of logs": (logs_sql, ("SELECT a FROM `g` WHERE b > # LIMIT #", "SELECT # FROM `g`", "SELECT $ FROM `g`")),
    "filter patterns": (filter_pattern, ("{ $.a = # }", "[a, b > #, c = $]", "%$%", "{ $.a[#] = 1 }", "#", "$")),
    "trace filters": (trace_filter, ("duration > #", "annotation[$] = #", "service($) { fault }", "http.status = #")),
    "alarm rules": (alarm_rule, ("AT_LEAST(#, ALARM, (a, b))", "AT_LEAST(#%, ALARM, (a, b))", "ALARM($)", "NOT #")),
    "calculations": (calculation, ("a * #", "round(a, #)", "ifelse(a > #, $, #)", "concat($, $)", "${#}", "{#}")),
    "SQL of datasets": (_dataset_sql, ("SELECT a * # FROM d LIMIT #", "SELECT # FROM d", "SELECT $ FROM d")),
    "CloudTrail Lake": (_lake, ("SELECT eventName FROM s WHERE 1 > # LIMIT #", "SELECT # FROM s", "SELECT $ FROM s")),
    "cost filters": (lambda text: read_filters([text]), ("service=#", "tag:#=$", "$")),
    "event patterns": (compile_pattern, ('{"a": [{"numeric": [">", #]}]}', '{"a": [#]}', '{"a": [{"wildcard": $}]}')),
    "statistics": (parse_statistic, ("p#", "tm#", "TM(#%:#%)", "PR(#:#)", "WM(#:)", "#")),
}
"""How each is read, and templates of it: # is a number, $ a text."""

NUMBERS = (
    *("1e308.0000001", "1e309", "1e999", "-1e999", "1e", "1e+", ".e1", "1..2", "1.2.3", "0x", "0x1p5", "1_000", "1__0"),
    *(
        "9" * 40,
        "9" * 400,
        "9" * 5000,
        "0x" + "f" * 400,
        "1e-400",
        "1e1e1",
        "NaN",
        "Infinity",
        "-inf",
        "-0",
        "--1",
        "+1",
    ),
    *("1e2147483648", "18446744073709551616", "٣", "²", "\uff11", "1²", "1d", "9" * 30 + "d", "", "1e308", "0.1"),
)
TEXTS = (
    *("'", '"', "''", "'a", "`", "``", "'\\", "'\\x00'", "\x00", "'\ud7ff'", "'é'", "/(/", "/a{99999}/", "/[/", "'%'"),
    *("'\\q'", '"\\ud800"', '"\\u12"', "\\", "a" * 300, "*", "%", "null", "'''", '"a\'b"', "$.a", "{", "}", "--", ";"),
)
DEPTHS = (
    *(part * 3000 for part in ("(", "[", "{", "-", "!", "NOT ", "f(", '{"a":', "a.")),
    *("(" * 3000 + "1" + ")" * 3000, "1" + "+1" * 3000, "[" * 3000 + "]" * 3000, "a" + " OR a" * 3000),
)


def _odd(templates: tuple[str, ...]) -> st.SearchStrategy[str]:
    def filled(template: str, numbers: list[str], texts: list[str]) -> str:
        numbers, texts = [*numbers], [*texts]
        return re.sub("[#$](?![.{])", lambda of: (numbers if of[0] == "#" else texts).pop(), template)

    number = st.sampled_from(NUMBERS) | st.decimals().map(str) | st.integers().map(str)
    text = st.sampled_from(TEXTS) | st.text(max_size=8).map("'{}'".format)
    parts = st.lists(number, min_size=3, max_size=3), st.lists(text, min_size=3, max_size=3)
    whole = st.builds(filled, st.sampled_from(templates), *parts)

    def damaged(text: str, at: int, gone: int, other: str) -> str:
        at %= len(text) + 1
        return text[:at] + other + text[at + gone :]

    some = st.sampled_from((*NUMBERS, *TEXTS, "", " ", "(", ")", ",", "|"))
    small = st.integers(0, 200), st.integers(0, 3), some
    return whole | st.builds(damaged, whole, *small) | st.sampled_from(DEPTHS)


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_odd_texts_get_an_answer_or_a_clear_error(language: str, data: st.DataObject) -> None:
    read, templates = LANGUAGES[language]
    text = data.draw(_odd(templates))
    try:
        read(text)
    except InvalidInput as problem:
        assert str(problem)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_and_depths_of_old_faults_do_too(language: str) -> None:
    read, templates = LANGUAGES[language]
    numbered = [one.replace("#", number) for one in templates if "$" not in one for number in NUMBERS]
    for text in (*numbered, *DEPTHS, *TEXTS):
        try:
            read(text)
        except InvalidInput as problem:
            assert str(problem)
