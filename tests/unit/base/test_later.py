"""A module that is needed later costs nothing before."""

import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.base.later import Later


def test_it_is_imported_at_the_first_look_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seldom.py").write_text("import sys\nnumber = 7\nsys.counted = getattr(sys, 'counted', 0) + 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "counted", 0, raising=False)
    seldom = Later("seldom")
    assert "seldom" not in sys.modules
    assert [7, 7] == [seldom.number, seldom.number]
    assert 1 == sys.counted  # type: ignore[attr-defined]  # the module counts itself
    with pytest.raises(AttributeError, match="other"):
        _ = seldom.other


def test_the_server_starts_without_what_files_of_columns_need() -> None:
    told = "import sys, trimtab.server; print([name for name in sys.modules if name.startswith('pyarrow.')])"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert not {"pyarrow.compute", "pyarrow.csv", "pyarrow.parquet"} & set(eval(ran.stdout))
