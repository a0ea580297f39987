"""The file of TRIMTAB_BATCH_FILE: which commands jobs may run here, and how many at once.

Nothing else lets the API run a command. Without the file every SubmitJob is refused.

    [queues.default]
    slots = 2                             # attempts at once
    priority = 1                          # where slots are scarce on the machine, higher goes first

    [definitions.score]
    command = ["python3", "score.py", "--day", "Ref::day"]
    directory = "/srv/score"
    attempts = 3
    timeout_s = 3600

    [definitions.score.parameters]        # what Ref::name is where a job does not say
    day = "today"

    [definitions.score.environment]       # jobs may set these to something else, and no others
    MODEL = "large"

    [definitions.train]                   # training and processing jobs of SageMaker's API that name these images
    command = ["python3", "/srv/train.py"]
    images = ["*/churn-train:*"]          # * is any text
    gpus = 1                              # of this machine, that it holds while it runs
    gpu_type = "H100"                     # what they are, where no agent of the machine says it

    [definitions.any]                     # jobs bring their own command: whoever may submit runs what they like
    command = ["true"]
    overrides = true
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import SetupError
from trimtab.base.toml_file import loaded_toml, typed_toml

SETTING = "TRIMTAB_BATCH_FILE"
MOST_ATTEMPTS = 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class Queue(Struct, frozen=True, kw_only=True):
    """A queue: `slots` attempts run at once."""

    slots: int = field(default_factory=lambda: os.cpu_count() or 1)
    priority: int = 1


class Definition(Struct, frozen=True, kw_only=True):
    """A command that jobs may run, without a shell. `timeout_s` of an attempt; 0 is any time.

    `overrides` lets a job bring a command and an environment of its own: then whoever may submit jobs runs what they
    like on this machine. `images` are those in whose place it runs, `gpus` how many of this machine's it holds, of
    `gpu_type` where nobody else says it.
    """

    command: list[str]
    directory: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    attempts: int = 1
    timeout_s: int = 0
    overrides: bool = False
    images: list[str] = field(default_factory=list)
    gpus: float = 0.0
    gpu_type: str = ""


class BatchFile(Struct, frozen=True, kw_only=True):
    """The whole file."""

    queues: dict[str, Queue] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)


def read_batch_file(path: str) -> BatchFile:
    """The file at `path` ("": nothing may run). Raises SetupError that says what is wrong."""
    if not path:
        return BatchFile()
    return batch_file(loaded_toml(path, SETTING), path)


def batch_file(loaded: Mapping[str, Any], path: str = "") -> BatchFile:
    """A parsed file. Raises SetupError."""
    sections = {"queues": Queue, "definitions": Definition}
    made = typed_toml(loaded, BatchFile, sections, SETTING, path, strict=True)
    for name in (*made.queues, *made.definitions):
        if not _NAME.fullmatch(name):
            raise SetupError(f"cannot use {SETTING} {path}: got the name {name!r}; expected letters, digits, - and _")
    for name, queue in made.queues.items():
        if not 1 <= queue.slots <= 1024:
            raise SetupError(f"cannot use {SETTING} {path} [queues.{name}]: expected 1 to 1024 slots")
    for name, one in made.definitions.items():
        _check(one, f"{path} [definitions.{name}]")
    return (
        made
        if made.queues or not made.definitions
        else BatchFile(queues={"default": Queue()}, definitions=made.definitions)
    )


def _check(one: Definition, where: str) -> None:
    if not one.command or not one.command[0]:
        raise SetupError(f"cannot use {SETTING} {where}: it has no command")
    if not 1 <= one.attempts <= MOST_ATTEMPTS or one.timeout_s < 0:
        raise SetupError(
            f"cannot use {SETTING} {where}: expected 1 to {MOST_ATTEMPTS} attempts and a timeout of 0 or more"
        )
    if one.gpus < 0:
        raise SetupError(f"cannot use {SETTING} {where}: expected gpus of 0 or more")
    if one.directory and not Path(one.directory).is_dir():
        raise SetupError(f"cannot use {SETTING} {where}: there is no folder {one.directory}")
