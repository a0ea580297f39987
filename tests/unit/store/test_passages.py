"""Passages are found by words, the ones that fit best first."""

import sqlite3

import pytest

from trimtab.base.errors import Unavailable
from trimtab.store import passages
from trimtab.store.passages import Passages, query, telling

TEXTS = [
    ("Budgets", "Who is told", "An e-mail goes to the owner."),
    ("Alarms", "Budgets of errors", "What an objective has left."),
    ("Alarms", "Mail", "Where an alarm of budgets is sent: to TRIMTAB_MAIL_TO, an e-mail."),
]


@pytest.fixture
def index():  # type: ignore[no-untyped-def]  # a generator
    made = Passages(TEXTS)
    yield made
    made.close()


def test_a_word_of_the_title_counts_more_than_one_of_the_heading_and_that_more_than_one_of_the_text(
    index: Passages,
) -> None:
    assert [0, 1, 2] == [one.index for one in index.find("budgets", 9)]
    assert [0, 1] == [one.index for one in index.find("budgets", 2)]
    fits = [one.fit for one in index.find("budgets", 9)]
    assert sorted(fits, reverse=True) == fits
    assert min(fits) > 0


def test_words_are_found_in_every_form_and_the_last_by_its_beginning(index: Passages) -> None:
    assert {0, 1, 2} == {one.index for one in index.find("budgeting", 9)}
    assert [1] == [one.index for one in index.find("obj", 9)]
    assert [] == index.find("obj ", 9), "a word that is typed to its end is one"


def test_what_has_marks_within_is_looked_for_whole(index: Passages) -> None:
    assert [2] == [one.index for one in index.find("TRIMTAB_MAIL_TO", 9)]
    assert [] == index.find("TRIMTAB_MAIL_FROM", 9)


def test_the_words_are_marked_in_the_text(index: Passages) -> None:
    assert "An e-mail goes to the \x02owner\x03." == index.excerpt("owners", 0)

    assert "" == index.excerpt("owners", 1), "which was not found for it"


def test_a_question_is_its_telling_words() -> None:
    assert ["stop", "paying", "idle", "GPUs"] == telling("How do I stop paying for the “idle” GPUs?")
    assert ["user", "data"] == telling("a user's data")
    assert ["how", "is", "it"] == telling("how is it?")


@pytest.mark.parametrize("text", ["", "  ", '"', "?!", "* OR ^", 'NEAR("a" b)', "title : x", "a\x00b"])
def test_no_text_is_a_fault_of_the_index(text: str, index: Passages) -> None:
    assert isinstance(index.find(text, 5), list)
    assert query(text).count('"') % 2 == 0


def test_a_python_without_the_index_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "_TABLE", "CREATE VIRTUAL TABLE passages USING fts55(body)")
    with pytest.raises(Unavailable, match="cannot search texts: this Python's SQLite has no FTS5"):
        Passages([])
    assert sqlite3.sqlite_version
