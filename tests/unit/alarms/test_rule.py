"""Rules of composite alarms: read, refused, and true or not of states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.alarms.model import StateValue
from trimtab.alarms.rule import (
    MAX_RULE,
    AtLeast,
    Constant,
    Every,
    IsIn,
    Not,
    Rule,
    Some,
    children,
    holds,
    parse,
)
from trimtab.base.errors import InvalidInput

OK, ALARM, NONE = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
STATES = {"a": ALARM, "b": OK, "c": NONE, "d e": ALARM}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRUE", True),
        ("false", False),
        ("ALARM(a)", True),
        ('ALARM("d e")', True),
        ("OK(a)", False),
        ("INSUFFICIENT_DATA(c)", True),
        ("NOT ALARM(b)", True),
        ("ALARM(a) AND OK(b)", True),
        ("ALARM(b) OR ALARM(c)", False),
        ("ALARM(b) OR ALARM(a) AND OK(b)", True),
        ("(ALARM(b) OR ALARM(a)) AND OK(a)", False),
        ("NOT (ALARM(a) AND ALARM(b))", True),
        ("NOT ALARM(a) OR OK(b)", True),
        ("ALARM(nothing)", False),
        ("AT_LEAST(2, ALARM, (a, b, d))", False),
        ('AT_LEAST(2, ALARM, (a, b, "d e"))', True),
        ("AT_LEAST(50%, OK, (a, b))", True),
        ("AT_LEAST(51%, OK, (a, b))", False),
        ("AT_LEAST(67%, NOT OK, (a, b, c))", False),
        ("AT_LEAST(66%, NOT OK, (a, b, c))", True),
        ("at_least(1, insufficient_data, (c))", True),
    ],
)
def test_a_rule_is_true_of_states(text: str, expected: bool) -> None:
    assert holds(parse(text), STATES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ALARM",
        "ALARM()",
        "ALARM(a",
        "ALARM(a) AND",
        "ALARM(a) ALARM(b)",
        "AND ALARM(a)",
        "BROKEN(a)",
        'ALARM("a)',
        "AT_LEAST(0, ALARM, (a))",
        "AT_LEAST(3, ALARM, (a, b))",
        "AT_LEAST(101%, ALARM, (a))",
        "AT_LEAST(1, BUSY, (a))",
        "AT_LEAST(1, ALARM, ())",
        "AT_LEAST(1, ALARM, a)",
        "(" * 300 + "TRUE" + ")" * 300,
        "NOT " * 300 + "TRUE",
        "TRUE" + " " * MAX_RULE,
        " OR ".join(f"ALARM(a{number})" for number in range(101)),
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_what_is_wrong_is_told_with_its_position() -> None:
    with pytest.raises(InvalidInput, match=r"got 'XOR' at position 10; expected AND, OR or the end"):
        parse("ALARM(a) XOR ALARM(b)")


def test_the_alarms_of_a_rule_are_named_once_each_in_their_order() -> None:
    assert children(parse('ALARM(b) OR (NOT OK(a) AND AT_LEAST(1, ALARM, (b, "c d")))')) == ("b", "a", "c d")


NAMES = st.sampled_from(["a", "b", "c", "d e", "x-1"])
RULES: st.SearchStrategy[Rule] = st.recursive(
    st.one_of(
        st.builds(Constant, st.booleans()),
        st.builds(IsIn, st.sampled_from(StateValue), NAMES),
        st.builds(
            lambda state, names: AtLeast(len(names), state, False, names), st.sampled_from(StateValue), st.tuples(NAMES)
        ),
    ),
    lambda part: st.one_of(
        st.builds(Not, part), st.builds(Every, st.tuples(part, part)), st.builds(Some, st.tuples(part, part, part))
    ),
    max_leaves=12,
)


def written(rule: Rule) -> str:
    match rule:
        case Constant():
            return str(rule.value).upper()
        case IsIn():
            return f'{rule.state}("{rule.alarm}")'
        case Not():
            return f"NOT ({written(rule.of)})"
        case Every():
            return " AND ".join(f"({written(part)})" for part in rule.of)
        case Some():
            return " OR ".join(f"({written(part)})" for part in rule.of)
        case AtLeast():
            names = ", ".join(f'"{name}"' for name in rule.alarms)
            return f"AT_LEAST({rule.needed}, {rule.state}, ({names}))"


@given(RULES, st.dictionaries(NAMES, st.sampled_from(StateValue)))
def test_a_rule_that_is_written_and_read_again_is_the_same(rule: Rule, states: dict[str, StateValue]) -> None:
    assert parse(written(rule)) == rule
    assert holds(parse(f"NOT ({written(rule)})"), states) is not holds(rule, states)


@given(st.text(alphabet='ALRMOK ANDT(),"%\\x1', max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text)
    except InvalidInput as problem:
        assert "AlarmRule" in str(problem)
