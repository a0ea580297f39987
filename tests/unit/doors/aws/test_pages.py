"""Lists in pages: every row once, whatever the size, and no token but one of an answer."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.paging import encode_token
from trimtab.doors.aws.pages import Pages, last_name

ROWS = list(range(7))
PAGES = Pages(3, lambda: InvalidInput("no such page"), "from", "then", "size")


@pytest.mark.parametrize(("size", "expected"), [(0, [3, 3, 1]), (2, [2, 2, 2, 1]), (7, [7]), (100, [7])])
def test_every_row_is_on_one_page(size: int, expected: list[int]) -> None:
    request: dict[str, Any] = {"size": size} if size else {}
    sizes, rows = [], []
    while True:
        shown, more = PAGES(ROWS, request)
        sizes.append(len(shown))
        rows += shown
        if not more:
            break
        request["from"] = more["then"]
    assert (rows, sizes) == (ROWS, expected)


def test_an_operation_has_its_own_size_and_member_but_a_request_has_the_last_word() -> None:
    assert PAGES(ROWS, {}, 6, member="Marker") == (ROWS[:6], {"Marker": encode_token([6])})
    assert PAGES(ROWS, {"size": 5}, 6)[0] == ROWS[:5]


def test_a_list_that_shrank_ends() -> None:
    assert PAGES(ROWS[:2], {"from": encode_token([6])}) == ([], {})


@pytest.mark.parametrize("token", ["%%", *map(encode_token, (2, [-1], [0], ["2"], [1, 2], [1.5]))])
def test_a_token_that_no_answer_gave_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput, match="no such page"):
        PAGES(ROWS, {"from": token})


def test_a_token_of_a_name_holds_it_and_none_is_the_beginning() -> None:
    invalid = InvalidInput("no such name")
    assert ("b", "", "") == (last_name(encode_token("b"), invalid), last_name("", invalid), last_name(None, invalid))


@pytest.mark.parametrize("token", ["%%%", encode_token(3), encode_token(["b"])])
def test_a_token_that_holds_no_name_is_refused_in_the_services_words(token: str) -> None:
    with pytest.raises(InvalidInput, match="no such name"):
        last_name(token, InvalidInput("no such name"))
