import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from trimtab.doors.protobuf import jit
from trimtab.doors.protobuf.kernels import Kernels


def made(monkeypatch: pytest.MonkeyPatch, failures: list[Exception], cached: bool = True) -> ModuleType:
    """A module whose `warm` fails in turn with `failures`."""
    module = ModuleType("made_kernels")

    def warm() -> None:
        if failures:
            raise failures.pop(0)

    module.warm = warm  # type: ignore[attr-defined]
    module.is_cached = lambda: cached  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_kernels", module)
    return module


def loaders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "kernels"]


def test_kernels_come_once_there_was_enough_work(monkeypatch: pytest.MonkeyPatch) -> None:
    module = made(monkeypatch, [])
    kernels = Kernels("made_kernels", worthwhile_bytes=100)
    assert kernels.get(60) is None
    assert [] == loaders()
    kernels.get(60)
    assert module is kernels.ready()
    assert module is kernels.get(0)


def test_what_is_not_kept_yet_is_compiled_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made(monkeypatch, [], cached=False)  # another process does not have it: that compiles here after all
    caplog.set_level("INFO")
    assert Kernels("made_kernels").load()
    assert "No module named 'made_kernels'; compiling here" in caplog.text


def test_a_compiled_function_is_kept_for_the_next_start() -> None:
    loading = Kernels("trimtab.doors.protobuf.table_compiled")
    assert loading.load()
    module = loading.get(0)
    assert module is not None
    assert module.is_cached()


def test_a_machine_without_numba_goes_on_in_plain_python(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "made_kernels", None)
    kernels = Kernels("made_kernels")
    assert not kernels.load()
    assert kernels.get(1) is None
    assert "cannot load numba" in caplog.text


def test_a_full_disk_only_costs_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    module = made(monkeypatch, [OSError("no space left on device")])
    kernels = Kernels("made_kernels")
    assert kernels.load()
    assert module is kernels.get(0)


def test_a_read_only_installation_compiles_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def njit(function: Any, **options: Any) -> Any:
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return function

    monkeypatch.setattr(jit, "njit", njit)

    def double(value: int) -> int:
        return 2 * value

    assert 4 == jit.compiled(double)(2)
    assert [{"nogil": True, "cache": True}, {"nogil": True}] == asked


def test_a_compiled_function_works_on_read_only_bytes() -> None:
    kernels = Kernels("trimtab.doors.prometheus.scan_compiled")
    assert kernels.load()
    module = kernels.get(0)
    assert module is not None
    assert -1 == module.scan(np.frombuffer(b"", np.uint8))[0]
