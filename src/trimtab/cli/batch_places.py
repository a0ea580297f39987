"""Where a batch job of the command line reads and writes: folders, or S3 by way of a folder of this machine."""

import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput, SetupError

S3 = "s3://"


class Placed(Struct, frozen=True):
    """What the job works on; `send` copies the output where it belongs once it is complete."""

    source: Path
    output: Path
    send: Callable[[], None]


def place(source: str, output: str, work: Path, endpoint: str) -> Placed:
    """The folders of a job. Copies of S3's objects lie under `work`, and are taken again where they did not change.

    Raises InvalidInput for a source that is not there, SetupError where the package that speaks to S3 is missing.
    """
    if not source.startswith(S3) and not Path(source).exists():
        raise InvalidInput(f"cannot read {source}: there is no such file or folder")
    if not source.startswith(S3) and not output.startswith(S3):
        return Placed(Path(source), Path(output), _nothing)
    folders = _folders(endpoint)
    own = work / hashlib.sha256(f"{source}\n{output}".encode()).hexdigest()[:16]
    here = folders.fetch(source, own / "in") if source.startswith(S3) else Path(source)
    if not output.startswith(S3):
        return Placed(here, Path(output), _nothing)
    target = own / "out"
    return Placed(here, target, lambda: folders.store(target, output))


def _folders(endpoint: str) -> Any:
    try:
        return importlib.import_module("trimtab.cloud.s3_folders").S3Folders(endpoint=endpoint)
    except ModuleNotFoundError as problem:
        raise SetupError(
            f"cannot use S3: the package {problem.name!r} is not installed; try pip install 'trimtab[server]'"
        ) from None


def _nothing() -> None:
    """Output that is a folder is there already."""
