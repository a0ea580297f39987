import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from trimtab.base.errors import SetupError
from trimtab.store.state.database import State
from trimtab.store.state.tables import tags

ROW = {"arn": "arn:aws:x", "key": "team", "value": "ranking"}


def test_commits_are_synced_in_full_and_the_file_is_private(synced: None, state: State, tmp_path: Path) -> None:
    assert (2,) == state.read_sync(lambda connection: tuple(connection.execute(text("PRAGMA synchronous")).one()))
    assert 0o600 == stat.S_IMODE((tmp_path / "state.sqlite").stat().st_mode)


def test_a_failed_transaction_leaves_nothing(state: State) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(tags).values(ROW))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        state.change_sync(fail)
    assert [] == state.read_sync(lambda connection: connection.execute(select(tags)).all())


def test_opening_again_keeps_the_rows_and_wiping_drops_them(state: State, tmp_path: Path) -> None:
    state.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    state.close()
    again = State.open("", tmp_path)
    assert 1 == len(again.read_sync(lambda connection: connection.execute(select(tags)).all()))
    again.wipe()
    assert [] == again.read_sync(lambda connection: connection.execute(select(tags)).all())
    again.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y"])
def test_a_wrong_url_names_the_setting(url: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="TRIMTAB_STATE_URL"):
        State.open(url, tmp_path)
