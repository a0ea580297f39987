import gc
from pathlib import Path

import pytest

from trimtab import child


def test_the_collector_rests_until_the_module_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "started_by_child.py").write_text(
        "import gc\nat_import = gc.isenabled()\ndef main():\n    return 3 if gc.isenabled() and not at_import else 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    kept = gc.get_freeze_count()
    try:
        assert child.main("started_by_child") == 3
        assert gc.get_freeze_count() > kept
    finally:
        gc.enable()
