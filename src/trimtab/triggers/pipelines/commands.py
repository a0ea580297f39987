"""The commands that rules may start: named in a file on the server (TRIMTAB_TRIGGER_COMMANDS), never by a request.

[retrain]
argv = ["python", "train.py", "--data", "/data"]
timeout_s = 3600
memory_mb = 8192            # 0: no limit, which programs that use a GPU need
environment = { WANDB_MODE = "offline" }
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.base import typed
from trimtab.base.errors import SetupError


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command and its limits; no shell is involved. `cpu_s` and `memory_mb` 0 mean no limit."""

    argv: list[str]
    timeout_s: float = 3600.0
    memory_mb: int = 4096
    cpu_s: int = 0
    open_files: int = 1024
    output_kb: int = 64
    environment: dict[str, str] = msgspec.field(default_factory=dict)


class Commands(Struct, frozen=True):
    """The commands by name."""

    known: Mapping[str, Command] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str) -> "Commands":
        """Those in the file at `path` (TOML); none for an empty path. Raises SetupError."""
        if not path:
            return cls()
        try:
            with Path(path).expanduser().open("rb") as handle:
                read: dict[str, Any] = tomllib.load(handle)
            known = typed.convert(read, dict[str, Command])
        except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
            raise SetupError(f"cannot use TRIMTAB_TRIGGER_COMMANDS: {path}: {problem}") from None
        for name, command in known.items():
            if not command.argv or not all(command.argv[:1]) or command.timeout_s <= 0:
                raise SetupError(f"cannot use TRIMTAB_TRIGGER_COMMANDS: [{name}] needs argv and a timeout_s above 0")
        return cls(known)
