import os
from pathlib import Path

import pytest

from trimtab.agent.lock import exclusive
from trimtab.base.errors import SetupError


def test_a_second_agent_is_told_which_process_holds_the_directory(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "spool"),
        pytest.raises(SetupError, match=rf"the agent with process id {os.getpid()} uses it"),
        exclusive(tmp_path / "spool"),
    ):
        pass


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path):
            pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(SetupError, match=r"cannot use spool directory .*file/spool"),
        exclusive(tmp_path / "file" / "spool"),
    ):
        pass
