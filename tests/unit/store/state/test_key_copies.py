"""Machines on one database, each with its own copy of the key file, while one of them rotates it."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.access.keys import FRESH_S, KeyStore
from trimtab.access.principal import Role
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.store.state.database import State


class Machine:
    """One of them."""

    def __init__(self, url: str, folder: Path, clock: ManualClock) -> None:
        self.key = folder / "state.key"
        self.state = State.open(url, folder)
        self.keys = KeyStore(self.state, clock)

    def opens(self, token: str) -> bool:
        return self.keys.principal_of_token(token) is not None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def machines(either: State, tmp_path: Path, clock: ManualClock) -> Iterator[tuple[Machine, Machine]]:
    """The second has a copy of the first's file."""
    url = either.engine.url.render_as_string(hide_password=False)
    (tmp_path / "second").mkdir()
    shutil.copy(tmp_path / "state.key", tmp_path / "second")
    first, second = Machine(url, tmp_path, clock), Machine(url, tmp_path / "second", clock)
    yield first, second
    first.state.close()
    second.state.close()


def test_a_key_opens_again_as_soon_as_the_new_file_is_there(
    machines: tuple[Machine, Machine], clock: ManualClock
) -> None:
    first, second = machines
    token = asyncio.run(first.keys.create_token("ci", Role.READ)).secret
    assert second.opens(token)
    assert 1 == first.state.rotate_seals()
    clock.advance(FRESH_S)
    assert (True, False) == (first.opens(token), second.opens(token))
    shutil.copy(first.key, second.key)
    clock.advance(FRESH_S)
    assert second.opens(token)


def test_nothing_is_sealed_under_a_key_that_is_out_of_use(
    machines: tuple[Machine, Machine], clock: ManualClock
) -> None:
    first, second = machines
    first.state.rotate_seals()
    with pytest.raises(Unavailable, match=r"cannot seal a secret: .*second/state\.key is of before .*secrets rotate"):
        asyncio.run(second.keys.create_token("lost", Role.READ))
    assert [] == asyncio.run(first.keys.list())
    shutil.copy(first.key, second.key)
    token = asyncio.run(second.keys.create_token("kept", Role.READ)).secret
    clock.advance(FRESH_S)
    assert first.opens(token)


def test_a_rotation_that_was_killed_does_not_stop_its_machine(
    machines: tuple[Machine, Machine], clock: ManualClock
) -> None:
    """The file has the new key before the old one, and the database is sealed under the old one yet."""
    first, _ = machines
    old = first.key.read_text()
    first.state.rotate_seals()
    new = first.key.read_text()
    first.state.close()
    first.key.write_text(old + new)  # as a second rotation that ended half way leaves it
    again = Machine(first.state.engine.url.render_as_string(hide_password=False), first.key.parent, clock)
    token = asyncio.run(again.keys.create_token("between", Role.READ)).secret
    assert again.opens(token)
    again.state.rotate_seals()
    assert again.opens(token)
    again.state.close()
