"""The SQL of a filter pattern finds exactly what its predicate matches."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.language.expression_notation import blocks

from depth import examples
from trimtab.base.errors import InvalidInput
from trimtab.logs.filters.condition import condition
from trimtab.logs.filters.match import matcher
from trimtab.store.telemetry.client import Telemetry

FILE = Path(__file__).parents[3] / "language/filter_patterns.test"
WORDS = st.sampled_from(
    ["a", "b", "4", "404", "-1.5", "1e3", "x*", "*", "", "a b", "%", "_", "\\", "'", '"', "é", "true"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 40), 1 << 64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.one_of(
    st.dictionaries(st.sampled_from("abc"), JSON, max_size=3).map(partial(json.dumps, ensure_ascii=False)),
    st.dictionaries(st.sampled_from("abc"), JSON, max_size=3).map(json.dumps),  # escaped by number
    st.sampled_from(['{"a": "\\u0061 b"}', '{"b": "\\/é"}', '{"a": "\\ta b"}']),
    st.text(st.sampled_from('ab4 ."[]{}:,*%_\\\n\té-'), max_size=20),
    st.lists(WORDS, max_size=5).map(" ".join),
)
PATHS = st.sampled_from(["$.a", "$.b", "$.a.b", "$.a[0]", "$.a[1].b", "$.['c']", "$.c[0][1]"])
VALUES = st.sampled_from(
    ["1", "404", "-1.5", "4*", "*", '"a b"', '"*a*"', "true", '"%"', '"_"', r'"\\*"', "%[ab4]+%", '"é"']
)
NUMBERS = st.sampled_from(["0", "1", "-1.5", "1e3", "404"])


def comparisons(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(names, st.sampled_from(["=", "!="]), VALUES).map(" ".join),
        st.tuples(names, st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(" ".join),
    )


CONDITIONS = st.recursive(
    comparisons(PATHS)
    | st.tuples(PATHS, st.sampled_from(["IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS"])).map(" ".join),
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=3,
)
SLOTS = st.lists(st.one_of(st.just("x"), comparisons(st.just("x"))), min_size=1, max_size=3)
PATTERNS = st.one_of(
    CONDITIONS.map(lambda inside: f"{{ {inside} }}"),
    st.tuples(SLOTS, st.booleans(), SLOTS).map(
        lambda parts: f"[{', '.join([*parts[0], *(['...', *parts[2]] if parts[1] else [])])}]"
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["", "-", "?"]), st.sampled_from(["a", "404", '"a b"', '"%"', '"_"', r'"\\"', '"é"'])
        ).map("".join),
        max_size=3,
    ).map(" ".join),
)


def found(engine: Telemetry, pattern: str, messages: Sequence[str]) -> list[bool]:
    where, params = condition(pattern)
    query = f"SELECT toBool({where}) AS fits FROM (SELECT arrayJoin({{messages:Array(String)}}) AS message)"
    columns = asyncio.run(engine.fetch(query, {**params, "messages": list(messages)}))
    return [bool(value) for value in columns["fits"].tolist()]


def test_every_line_of_the_language_tests(engine: Telemetry) -> None:
    for block in blocks(FILE):
        if block.command == "pattern":
            lines = [line.partition(" ") for line in block.lines]
            messages = [message.strip() for _, _, message in lines]
            assert found(engine, block.text, messages) == [wanted == "yes" for wanted, _, _ in lines], block.text


@settings(
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(pattern=PATTERNS, messages=st.lists(MESSAGES, min_size=1, max_size=20))
def test_the_engine_and_the_predicate_agree(engine: Telemetry, pattern: str, messages: list[str]) -> None:
    match = matcher(pattern)
    assert found(engine, pattern, messages) == [match(message) is not None for message in messages]


@given(st.text(st.sampled_from('ab1 ${}[].,=!<>&|"%?*-()\\IS NULL\n'), max_size=30))
def test_any_text_is_a_pattern_or_a_clear_error(text: str) -> None:
    try:
        match = matcher(text)
        condition(text)
    except InvalidInput:
        return
    match(text)
