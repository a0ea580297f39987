"""Types are learnt once, whichever threads ask first."""

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
