"""Which command of the settings' file runs in the place of an image, with what arguments and environment. Pure."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.commands.file import SETTING, BatchFile, Definition
from trimtab.batch.containers.asked import ROOT, Asked

_REFERENCE = re.compile(r"Ref::([A-Za-z0-9_.-]+)")
PROGRAM, SUBMITTED = "sagemaker_program", "sagemaker_submit_directory"
"""Hyperparameters by which the SDK's estimators name their script, and the archive that it is in."""


class Chosen(Struct, frozen=True):
    """A definition of the file and its name."""

    name: str
    definition: Definition


def chosen(file: BatchFile, asked: Asked) -> Chosen:
    """The definition that runs a job. Raises InvalidInput that says why none does."""
    for name, one in file.definitions.items():
        if any(fnmatchcase(asked.image, pattern) for pattern in one.images):
            _check(name, one, asked)
            return Chosen(name, one)
    raise InvalidInput(
        f"nothing may run in the place of image {asked.image}: name it among the images of a definition in the file of "
        f"{SETTING}"
    )


def _check(name: str, one: Definition, asked: Asked) -> None:
    if asked.instances > 1:
        raise InvalidInput(f"the local pool runs a job on one machine, and InstanceCount is {asked.instances}")
    if one.overrides:
        return
    if asked.entrypoint or asked.arguments or script_of(asked):
        raise InvalidInput(
            f"the job brings a command of its own, which definition {name} does not allow: {SETTING} sets no overrides"
        )
    unknown = sorted(set(asked.environment) - set(one.environment))
    if unknown:
        raise InvalidInput(f"Environment may not set {unknown[0]} of definition {name}: {SETTING} does not name it")


def script_of(asked: Asked) -> str:
    """The script that a job brings, as a name in its archive; empty where it brings none."""
    return plain(asked.parameters.get(PROGRAM, ""))


def command_of(one: Definition, asked: Asked, name: str, folder: Path) -> list[str]:
    """The command line. `folder` is what a container has as `/opt/ml`: paths of arguments are changed to lie there.

    `Ref::image`, `Ref::folder` and `Ref::job` of the definition are filled in, so that a container runtime may run it.
    A script is run by the definition's command, with the hyperparameters as arguments, as the SDK's containers do.
    """
    known = {**one.parameters, "image": asked.image, "folder": str(folder), "job": name}
    made = [_REFERENCE.sub(lambda match: known.get(match[1], match[0]), part) for part in one.command]
    if script_of(asked):
        own = [(key, value) for key, value in asked.parameters.items() if not key.startswith("sagemaker_")]
        made.append(str(folder / "code" / script_of(asked)))
        made += [part for key, value in own for part in (f"--{key}", plain(value))]
    elif asked.entrypoint or asked.arguments:
        made = [*(asked.entrypoint or made), *asked.arguments]
    moved = [f"{folder}/{part.removeprefix(ROOT)}" if part.startswith(ROOT) else part for part in made]
    if any("\0" in part for part in moved):
        raise InvalidInput("a command may hold no NUL character")
    return moved


def plain(value: str) -> str:
    """A hyperparameter without the quotes of JSON, in which the SDK's frameworks wrap texts."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def environment_of(one: Definition, asked: Asked) -> Mapping[str, str]:
    """The definition's environment with what the job sets of it. Raises InvalidInput."""
    made = {**one.environment, **asked.environment}
    if any(not key or "=" in key or "\0" in key + value for key, value in made.items()):
        raise InvalidInput("a name in the environment may hold no =, and no text a NUL character")
    return made
