#!/usr/bin/env python3
"""Compile the program and the tests on all cores, before a test run starts its workers.

In a new checkout each worker would compile all modules and rewrite the assertions of all tests for itself, at the same
time as the others: half a minute of processor time a worker. What is compiled already is left as it is.
"""

import compileall
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, _rewrite_test, _write_pyc_fp, get_cache_dir

ROOT = Path(__file__).resolve().parent.parent
_SHARE = 16  # files that a process takes at a time


def rewrite(file: Path) -> None:
    """Leave a test file with rewritten assertions where pytest looks for it, unless the one there fits."""
    folder = get_cache_dir(file)
    compiled = folder / (file.stem + PYC_TAIL)
    if _read_pyc(file, compiled) is not None:
        return
    try:
        source_hash, code = _rewrite_test(file, None)  # type: ignore[arg-type]  # only asks for an option that is off
    except SyntaxError:
        return  # pytest says where
    folder.mkdir(parents=True, exist_ok=True)
    whole = compiled.with_suffix(f".{os.getpid()}")
    with whole.open("wb") as written:
        _write_pyc_fp(written, source_hash, code)
    whole.replace(compiled)


def main() -> None:
    """Compile what is not compiled."""
    files = sorted(ROOT.glob("tests/**/*.py"))
    asserting = [file for file in files if file.name.startswith("test_") or file.name == "conftest.py"]
    compileall.compile_dir(ROOT / "src", quiet=2, workers=0)  # what does not compile fails where it is imported
    with ProcessPoolExecutor() as pool:
        list(pool.map(rewrite, asserting, chunksize=_SHARE))


if __name__ == "__main__":
    main()
