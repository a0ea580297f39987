"""Types are learnt once, whichever threads ask first."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import make_dataclass
from typing import Any

import msgspec
import pytest

from trimtab.base import typed


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_decode_into_a_new_type_at_once_all_get_their_value(hasty: None) -> None:
    parts = 20
    raw = b"{" + b",".join(b'"f%d":{"a":1,"b":[1,2]}' % at for at in range(parts)) + b"}"
    for _ in range(10):  # without the lock one of them ends the process
        inner = [make_dataclass(f"Part{at}", [("a", "int"), ("b", "list[int]")]) for at in range(parts)]
        whole = make_dataclass("Whole", [(f"f{at}", kind) for at, kind in enumerate(inner)])
        found: list[Any] = []
        together = threading.Barrier(4)

        def ask(kind: type = whole, found: list[Any] = found, together: threading.Barrier = together) -> None:
            together.wait()
            found.append(typed.decode(raw, type=kind))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert [2] * 4 == [one.f19.b[1] for one in found]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str` - at `\$\[0\]`"):
        typed.decode('["1"]', type=list[int])
    assert [1] == typed.decode('["1"]', type=list[int], strict=False)
    assert [1] == typed.convert(["1"], list[int], strict=False)
    assert {"a": 1} == typed.decode('{"a":1}')


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null, "x[{"]}', "[]", "1", '"\\ud83d\\ude00"', b'{"a": "\xc3\xa9"}'])
def test_what_a_stranger_wrote_is_read_as_json_is(text: str | bytes) -> None:
    assert json.loads(text) == typed.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "nested in more than 100 levels"),
        ("[" * 101 + "]" * 101, "nested in more than 100 levels"),
        ('{"a":' * 60 + "[" * 60 + "]" * 60 + "}" * 60, "nested in more than 100 levels"),
        ('{"a": "\\ud800"}', "surrogates not allowed"),
        ('{"\\udfff": 1}', "surrogates not allowed"),
        ('["\\ude00\\ud83d"]', "surrogates not allowed"),
        (b'{"a": "\xff"}', "can't decode byte"),
        ("{", "Expecting property name"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_what_nothing_could_hold_is_no_json(text: str | bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        typed.loads(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100 + b"]" * 100,
        b"[" + b",".join([b'{"a":{"b":[1]}}'] * 5000) + b"]",
        json.dumps([f'a text [ that opens {{ and never closes " {at}' for at in range(500)]).encode(),
        b'"' + b"[" * 500 + b'"',
        b'"\\"' + b"[" * 500 + b'"',
    ],
    ids=["100 levels", "wide", "brackets in texts", "a text", "a text with a quote"],
)
def test_levels_are_counted_outside_of_texts(raw: bytes) -> None:
    typed.check_levels(raw)


@pytest.mark.parametrize("raw", [b'{"a":"[{",' + b'"b":[' * 101, b'["]]]]"' + b",[" * 101, b'["\\"]"' + b",[" * 101])
def test_brackets_in_texts_hide_no_level(raw: bytes) -> None:
    with pytest.raises(ValueError, match="more than 100 levels"):
        typed.check_levels(raw)
