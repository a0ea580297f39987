from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.web.assets import Assets


def test_a_missing_build_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"python hatch_build\.py"):
        Assets(tmp_path)


def test_an_asset_has_its_hashed_url(static: Path) -> None:
    assert Assets(static).url("app.js") == "/static/app-1.js"
