"""Bodies of requests."""

import itertools
import json
import random
from pathlib import Path

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inference.load import payloads


def test_a_template_is_filled_from_records_in_turn() -> None:
    rows = [{"q": 'say "a"', "k": 3}, {"q": "b", "k": 4}]
    made = payloads.template('{"q": "{{q}}", "k": {{k}}, "n": {{n}}}', rows)
    found = [json.loads(one) for one in itertools.islice(made, 3)]
    assert [{"q": 'say "a"', "k": 3, "n": 1}, {"q": "b", "k": 4, "n": 2}, {"q": 'say "a"', "k": 3, "n": 3}] == found


def test_a_field_that_no_record_has_is_named() -> None:
    with pytest.raises(InvalidInput, match="no record has z"):
        next(payloads.template("{{z}}", [{"a": 1}]))


def test_lines_come_round_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a":1}\n\n{"a":2}\n')
    assert [b'{"a":1}', b'{"a":2}', b'{"a":1}'] == list(itertools.islice(payloads.lines(path), 3))


def test_a_prompt_has_about_as_many_words_as_tokens() -> None:
    assert 100 == len(payloads.prompt(100, random.Random(1)).split())
