"""The vocabulary has every word of the language, and every form of it can be said."""

import pytest

from trimtab.logs.fields import Parameters
from trimtab.logs.insights.aggregates import AGGREGATES
from trimtab.logs.insights.functions import FUNCTIONS, PERIODS
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.plan import plan
from trimtab.logs.insights.vocabulary import AGGREGATES as OVER_ROWS
from trimtab.logs.insights.vocabulary import COMMANDS, EXAMPLES, Word
from trimtab.logs.insights.vocabulary import FUNCTIONS as OF_VALUES


def names(words: tuple[Word, ...]) -> set[str]:
    return {word.name.lower() for word in words}


def test_every_command_and_function_is_in_it() -> None:
    with pytest.raises(QueryProblem) as problem:
        parse("nonsense x")
    commands = set(str(problem.value).partition("a command: ")[2].split(", "))
    assert commands | {"source"} == names(COMMANDS)
    assert names(OVER_ROWS) == set(AGGREGATES)
    assert names(OF_VALUES) == {*FUNCTIONS, *PERIODS, "now"}


@pytest.mark.parametrize("word", [*OVER_ROWS, *OF_VALUES], ids=lambda word: word.name)
def test_every_form_of_a_function_can_be_planned(word: Word) -> None:
    form = word.form.replace(", …", "")
    text = f"stats {form} as v" if word in OVER_ROWS else f"fields {form} as v"
    assert plan(parse(text), lambda _: "1", Parameters(), 0).names


@pytest.mark.parametrize("word", COMMANDS, ids=lambda word: word.name)
def test_every_form_of_a_command_can_be_read(word: Word) -> None:
    parse(word.form)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_every_example_can_be_read(name: str, text: str) -> None:
    assert parse(text).commands
