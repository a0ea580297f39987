"""Template mining: what is variable is hidden, what differs in words is kept apart until it has many values."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.logs.patterns.mask import Masker, mask
from trimtab.logs.patterns.merge import USUAL, Generalising, templates
from trimtab.logs.patterns.mine import mine
from trimtab.logs.patterns.rules import VARIABLE

SHARED = Path(__file__).parents[5] / "shared/data/loghub"


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("Received block blk_-160 of size 67108864 from /10.251.42.84", "Received block <*> of size <*> from <*>"),
        ("ask 10.1.1.1:50010 to delete  blk_1 blk_-2 blk_3", "ask <*> to delete <*>"),
        ("GET https://a.example/x?q=1 status: 200 len: 1893", "GET <*> status: <*> len: <*>"),
        ("closed, 1,301 bytes (1.27 KB) sent, lifetime <1 sec", "closed, <*> sent, lifetime <*>"),
        ("connection from 1.2.3.4 () at Fri Jun 17 20:55:07 2005", "connection from <*> at <*>"),
        ("rhost=n219076184117.netvigator.com  user=root", "rhost=<*> user=root"),
        ("db.internal.example.com:5432 is down", "<*> is down"),
        ("device 00:1A:2B:3C:4D:5E joined", "device <*> joined"),
        ("icache prefetch depth....................0", "icache prefetch depth <*>"),
        ("took 12 ms, 97% of 3 h", "took <*> of <*>"),
        ("Verification failed", "Verification failed"),
        ("stops are [north, south gate, west] today", "stops are <*> today"),
        ("one stop [north] only", "one stop [north] only"),
        ("asked: Fare(from=north, to=south)", "asked: Fare(from=<*>, to=<*>)"),
    ],
)
def test_what_changes_is_hidden(line: str, template: str) -> None:
    assert mine([line]) == [template]


def test_a_word_with_many_values_is_variable_and_one_with_few_is_not() -> None:
    users = [f"session opened for user {name}" for name in ("ann", "bob", "cleo", "dora", "emil", "fay")]
    assert set(mine(users)) == {"session opened for user <*>"}
    assert len(set(mine(users[: USUAL.many - 1]))) == USUAL.many - 1


def test_names_that_fill_the_places_of_two_messages_are_variable() -> None:
    crew = ("ann", "bob", "cleo")
    come, go = ([f"{what} for {name}" for name in crew] for what in ("door opened", "door closed"))
    assert {"door opened for <*>", "door closed for <*>"} == set(mine([*come, *go]))
    assert 3 == len(set(mine(come)))
    assert 6 == len(set(mine([line.upper() for line in (*come, *go)])))  # what a program calls its states
    assert 4 == len(set(mine([*come[:2], *go[:2]])))


def test_the_first_word_says_what_a_message_is() -> None:
    lines = [f"{service} startup succeeded" for service in ("crond", "klogd", "hcid", "sdpd", "gpm", "cupsd")]
    assert 6 == len(set(mine(lines)))
    assert {"<*> startup succeeded"} == set(templates(lines, Generalising(leading=True)).values())


def test_a_template_keeps_at_least_a_word_or_two() -> None:
    lines = [f"{word} failed" for word in ("a", "b", "c", "d", "e", "f", "g")]
    assert "<*> <*>" not in set(mine(lines))


def test_an_odd_word_beside_numbers_in_its_place_is_one_of_them() -> None:
    assert set(mine(["Error loading /a/b: no such file", "Error loading ./run_me: no such file"])) == {
        "Error loading <*>: no such file"
    }


@given(st.lists(st.text(alphabet="ab 01./:=()-,%", max_size=30), max_size=20), st.randoms())
def test_the_order_of_lines_changes_nothing(lines: list[str], chance: object) -> None:
    masked = [mask(line) for line in lines]
    again = list(masked)
    chance.shuffle(again)  # type: ignore[attr-defined]  # hypothesis' Random
    assert templates(masked) == templates(again)


@given(st.text(max_size=200))
def test_any_line_has_a_template_and_digits_are_all_alike(line: str) -> None:
    masker = Masker()
    assert masker.mask(line) == mask(line.translate(str.maketrans("123456789", "000000000")))
    assert mine([line])[0].count(VARIABLE) == 0 or VARIABLE in line


def share_grouped(found: list[str], true: list[str]) -> float:
    """Grouping accuracy: the share of lines whose group has exactly the lines of the true one."""
    lines = pd.DataFrame({"found": found, "true": true})
    size = lines.groupby(["found", "true"])["found"].transform("size")
    whole = (size == lines.groupby("found")["true"].transform("size")) & (
        size == lines.groupby("true")["found"].transform("size")
    )
    return float(whole.mean())


def test_the_accuracy_on_public_logs_does_not_fall() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED}: LogHub's samples come with the shared data")
    found = [
        share_grouped(mine(frame["Content"].tolist()), frame["EventId"].tolist())
        for frame in (
            pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(SHARED.rglob("*_structured.csv.gz"))
        )
    ]
    assert sum(found) / len(found) > 0.95
