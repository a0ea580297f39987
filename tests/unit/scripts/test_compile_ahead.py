"""What is compiled before a test run is what its workers would compile: they find it and take it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, get_cache_dir


@pytest.fixture(scope="module")
def script(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile_ahead", repository / "scripts" / "compile_ahead.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pytest_takes_what_was_rewritten_until_the_file_changes(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("def test_it():\n    assert 1 == 1\n")
    kept = get_cache_dir(file) / f"test_it{PYC_TAIL}"
    script.rewrite(file)
    code = _read_pyc(file, kept)
    assert code is not None
    assert "@pytest_ar" in code.co_names  # its assertions are rewritten
    before = kept.stat().st_mtime_ns
    script.rewrite(file)
    assert before == kept.stat().st_mtime_ns
    file.write_text("def test_it():\n    assert 2 == 2\n")
    assert _read_pyc(file, kept) is None
    script.rewrite(file)
    assert _read_pyc(file, kept) is not None
    assert [kept] == list(kept.parent.iterdir())


def test_a_file_that_is_no_python_is_left_to_pytest(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("def test_it(:\n")
    script.rewrite(file)
    assert [file] == list(tmp_path.iterdir())
