"""The state of this machine's trimtab to a file and back, as the command line asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from trimtab.base.clock import Clock, iso
from trimtab.base.errors import SetupError
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.store.state.portable.form import SECRETS, Close, Head
from trimtab.store.state.portable.load import load
from trimtab.store.state.portable.read import check as check_file
from trimtab.store.state.portable.write import write
from trimtab.store.state.tables import locks
from trimtab.store.telemetry.lock import owner_of


def export(settings: Settings, file: Path, clock: Clock, version: str, *, secrets: bool) -> Close:
    """Write the state to a file, while trimtab runs or not. Raises SetupError."""
    if not settings.state_url and not (settings.data_dir / "state.sqlite").exists():
        raise SetupError(f"cannot export: {settings.data_dir} has no state; set TRIMTAB_DATA_DIR or TRIMTAB_STATE_URL")
    with _open(settings) as state:
        return write(state, version, iso(clock.now_ms()), file, secrets=secrets)


def check(file: Path) -> tuple[Head, Close]:
    """Read a whole file and compare it with its checksums. Raises InvalidInput."""
    return check_file(file)


def import_(settings: Settings, file: Path, clock: Clock, *, replace: bool) -> dict[str, int]:
    """Put the state of a file in the place of this one; rows by table.

    Raises SetupError while trimtab runs, InvalidInput for what does not fit, Conflict where there is a state already.
    """
    owner = owner_of(settings.data_dir / "log" / "metrics")
    if owner is not None:
        raise SetupError(f"cannot import: process {owner} is using {settings.data_dir}; stop that trimtab, or give "
                         "--url to have it import")  # fmt: skip
    with _open(settings) as state:
        until_ms = state.read_sync(lambda connection: connection.scalar(select(func.max(locks.c.until_ms)))) or 0
        if settings.state_url and until_ms > clock.now_ms():
            raise SetupError("cannot import: a trimtab works on this database; stop it and ask again in half a minute")
        return load(state, file, replace=replace)


def missing(head: Head) -> list[str]:
    """What must be entered again after a file without secrets was imported."""
    return [] if head.secrets else [words for _, words in SECRETS.values()]


@contextmanager
def _open(settings: Settings) -> Iterator[State]:
    state = State.open(settings.state_url, settings.data_dir, settings.state_key_file)
    try:
        yield state
    finally:
        state.close()
