"""Files that share a server are in one worker, one after another, and ask for the server of their kind."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import shared_servers
from shared_servers import FILES, SharedServers, kind_of, put_together, scope_of

ALL = [(kind, file) for kind, files in FILES.items() for file in files]


@pytest.mark.parametrize(("kind", "file"), ALL)
def test_each_asks_for_the_server_of_its_kind(repository: Path, kind: str, file: str) -> None:
    assert f'.server("{kind}", "{file}")' in (repository / file).read_text()


def test_files_of_a_kind_come_together_in_their_order_where_the_first_of_them_stood() -> None:
    first, second, *_ = FILES["guarded"]
    items: list[Any] = [
        SimpleNamespace(nodeid=f"{file}::{test}")
        for file, test in (("a.py", "x"), (second, "x"), (second, "y"), ("b.py", "x"), (first, "y"), (first, "x"))
    ]
    put_together(items)
    assert [item.nodeid for item in items] == [
        "a.py::x", f"{first}::y", f"{first}::x", f"{second}::x", f"{second}::y", "b.py::x",
    ]  # fmt: skip
    assert scope_of(first) == scope_of(second) == "guarded"
    assert scope_of("a.py") == "a.py"


class Pretended:
    """A server that starts and stops at once."""

    begun: ClassVar[list[str]] = []

    def __init__(self, data: Path, **settings: str) -> None:
        self.data, self.settings, self.process = data, settings, None

    def start(self) -> "Pretended":
        self.begun.append(self.data.name)
        self.process = SimpleNamespace(poll=lambda: None)
        return self

    def stop(self) -> None:
        self.begun.append(f"-{self.data.name}")


def test_one_is_started_for_all_and_ends_where_another_kind_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_servers, "LiveServer", Pretended)
    places = {"a.py": ("odd", 0), "b.py": ("odd", 1), "c.py": ("billed", 0)}
    monkeypatch.setattr(shared_servers, "_PLACES", places)
    monkeypatch.setattr(Pretended, "begun", [])
    shared = SharedServers(tmp_path)
    live = shared.server("odd", "a.py")
    shared.end_unless(kind_of("b.py"))
    assert live is shared.server("odd", "b.py")
    shared.end_unless(kind_of("d.py"))
    assert Pretended.begun == ["odd", "-odd"]
    crashed: Any = shared.server("billed", "c.py")
    crashed.process = SimpleNamespace(poll=lambda: 1)
    shared.server("billed", "c.py")
    assert Pretended.begun == ["odd", "-odd", "billed", "billed"]
    with pytest.raises(AssertionError, match=r"name d\.py among the files of 'odd'"):
        shared.server("odd", "d.py")
