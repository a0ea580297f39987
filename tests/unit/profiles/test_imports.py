"""Imports of profiles: all files of an upload are kept with their run, or none; uploads do not stay."""

import asyncio
import gzip
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.unit.profiles.test_stragglers import csv_of, drawn
from tests.unit.profiles.traces import USUAL, trace
from tests.unit.profiles.training_jobs import Job, made

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.inventory.runs.forget import Forgetting
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.inventory.runs.store import RunStore
from trimtab.profiles import imports as importing
from trimtab.profiles import store as storing
from trimtab.profiles.imports import ImportState, ProfileImport
from trimtab.profiles.room import ProfilesRoom
from trimtab.store.state.database import State

KEY = RunKey("1", "atlas", "48213")


@pytest.fixture
def clock() -> ManualClock:
    manual = ManualClock()
    manual.at_ms = 1_790_000_000_000
    return manual


@pytest.fixture
def state(tmp_path: Path):  # type: ignore[no-untyped-def]  # a generator
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


def _with_run(state: State, clock: ManualClock, tmp_path: Path, work: Callable[[ProfilesRoom], Coroutine]) -> Any:  # type: ignore[type-arg]  # whatever it gives
    async def run() -> Any:
        now = clock.now_ms()
        await RunStore(state).put(
            [Run(KEY, "slurm", RunState.COMPLETED, now - 10, start_ms=now - 9, end_ms=now - 1, gpus=8.0)], now
        )
        return await work(ProfilesRoom.of(state, tmp_path, clock))

    return asyncio.run(run())


async def _import(room: ProfilesRoom, files: dict[str, bytes], **how: bool) -> ProfileImport:
    upload = await room.imports.open()
    for name, content in files.items():
        room.imports.uploads.path(upload, name).write_bytes(content)
    made_ = room.imports.start(KEY, upload, "ci", **how)
    assert room.imports.one(made_.id).state is ImportState.READING
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))
    assert not (room.imports.uploads.root / upload).exists()
    return made_


def test_traces_and_operations_are_told_apart_by_their_text(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        csv = csv_of(made(Job(), drawn(1)))
        files = {"a": trace(USUAL), "b": gzip.compress(trace(USUAL)), "c": csv, "d": gzip.compress(csv)}
        done = await _import(room, files)
        assert (done.state, done.kept, done.read, done.problem) == (ImportState.DONE, 4, 4, "")
        kept = await room.store.of(KEY)
        assert kept is not None and kept.imported_ms == clock.now_ms()
        assert [(one.file, one.trace is not None, one.stragglers is not None) for one in kept.files] == [
            ("a", True, False),
            ("b", True, False),
            ("c", False, True),
            ("d", False, True),
        ]
        assert kept.files[0].trace is not None and kept.files[0].trace.whole is not None
        assert kept.files[0].trace.whole.window_us == 85

    _with_run(state, clock, tmp_path, work)


def test_one_file_that_cannot_be_read_keeps_all_out(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        await _import(room, {"a": trace(USUAL)})
        failed = await _import(room, {"a": trace([]), "torn": trace(USUAL)[:-400]})
        assert failed.state is ImportState.FAILED
        assert failed.problem.startswith("cannot read torn: the file ends in the middle")
        kept = await room.store.of(KEY)
        assert kept is not None and [one.file for one in kept.files] == ["a"]
        assert kept.files[0].trace is not None and kept.files[0].trace.whole is not None

    _with_run(state, clock, tmp_path, work)


def test_the_same_name_replaces_others_stay_unless_all_go(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        await _import(room, {"a": trace(USUAL), "b": trace(USUAL)})
        assert (await _import(room, {"a": trace([])})).kept == 2
        kept = await room.store.of(KEY)
        assert kept is not None and kept.files[0].trace is not None
        assert kept.files[0].trace.whole is None
        assert (await _import(room, {"c": trace(USUAL)}, replace=True)).kept == 1
        assert await room.store.drop(KEY) == 1
        assert await room.store.of(KEY) is None

    _with_run(state, clock, tmp_path, work)


def test_notes_say_what_was_left_out(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        done = await _import(room, {"a": trace([]), "b": trace(USUAL).replace(b'"ts": 10', b'"ts": nan')})
        assert done.notes == ["a: no GPU activity: it has no complete event at all", "b: 1 events could not be read"]

    _with_run(state, clock, tmp_path, work)


def test_limits_and_what_is_not_there(state: State, clock: ManualClock, tmp_path: Path, monkeypatch) -> None:
    async def work(room: ProfilesRoom) -> None:
        upload = await room.imports.open()
        with pytest.raises(InvalidInput, match="it has no file"):
            room.imports.start(KEY, upload, "ci")
        with pytest.raises(InvalidInput, match="there is no upload"):
            room.imports.start(KEY, "../../etc", "ci")
        with pytest.raises(NotFound, match="no import 'x' of a profile is known"):
            room.imports.one("x")
        monkeypatch.setattr(importing, "MOST_FILES", 1)
        with pytest.raises(LimitExceeded, match="cannot import 2 files at once"):
            await _import(room, {"a": trace(USUAL), "b": trace(USUAL)})
        monkeypatch.setattr(storing, "MOST_FILES", 1)
        await _import(room, {"a": trace(USUAL)})
        failed = await _import(room, {"b": trace(USUAL)})
        assert failed.problem == "cannot keep 2 files of run '48213': at most 1; nothing was kept"

    _with_run(state, clock, tmp_path, work)


def test_a_profile_goes_with_its_run_and_needs_one(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        await _import(room, {"a": trace(USUAL)})
        clock.at_ms += 8 * 86_400_000
        assert await Forgetting(state, clock, 7, lambda: True).drop() == 1
        assert await room.store.of(KEY) is None
        failed = await _import(room, {"a": trace(USUAL)})
        assert failed.problem == "run '48213' is not known any more"

    _with_run(state, clock, tmp_path, work)


def test_uploads_that_nobody_imports_go_after_a_day(state: State, clock: ManualClock, tmp_path: Path) -> None:
    async def work(room: ProfilesRoom) -> None:
        old, young = await room.imports.open(), await room.imports.open()
        now_s = clock.now_ms() / 1000
        os.utime(room.imports.uploads.root / old, (now_s - 86_401, now_s - 86_401))
        os.utime(room.imports.uploads.root / young, (now_s - 86_399, now_s - 86_399))
        await room.imports.open()
        assert not (room.imports.uploads.root / old).exists()
        assert (room.imports.uploads.root / young).exists()

    _with_run(state, clock, tmp_path, work)


def test_a_file_of_neither_kind_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello\n")
    with pytest.raises(InvalidInput, match="cannot read a: it has no column dp_rank"):
        importing.read_file(tmp_path / "a", "a")
