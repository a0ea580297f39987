"""From what a client submits to a job: which queue, which command, in what environment. Pure; raises InvalidInput."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput, SetupError
from trimtab.batch.commands.file import MOST_ATTEMPTS, SETTING, BatchFile, Definition
from trimtab.batch.commands.model import CommandJob, Part, Rule

MOST_PARTS = 1000  # of an array: they are kept in one row
_MOST_DEPENDENCIES = 20  # AWS's quota
_MOST_RULES = 5
_LEAST_TIMEOUT_S = 60
_LONGEST = 30_000  # characters of a command with its environment
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_REFERENCE = re.compile(r"Ref::([A-Za-z0-9_.-]+)")
OWN = "AWS_BATCH"  # how names of the environment begin that jobs may not set


class Off(SetupError):
    """Commands may not be submitted: no file says which."""

    def __init__(self) -> None:
        super().__init__(
            f"cannot run commands that are submitted over the API: this is off; name queues and job definitions in the "
            f"file of {SETTING} to allow those, and submit as admin"
        )


class Submission(Struct, frozen=True):
    """What is asked for. Empty and None are: as the definition says."""

    name: str
    queue: str
    definition: str
    size: int | None = None
    depends_on: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    attempts: int | None = None
    rules: Sequence[Rule] = ()
    timeout_s: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def job_of(asked: Submission, file: BatchFile, id_: str, now_ms: int) -> CommandJob:
    """The job that is asked for. Raises Off where nothing may run, InvalidInput for what cannot be."""
    if not file.definitions:
        raise Off
    if not _NAME.fullmatch(asked.name):
        raise InvalidInput("jobName must be 1 to 128 letters, digits, hyphens and underscores, and begin with no sign")
    queue = _last(asked.queue)
    if queue not in file.queues:
        raise InvalidInput(f"JobQueue {asked.queue} does not exist: {SETTING} names {_names(file.queues)}")
    name = _definition(asked.definition)
    definition = file.definitions.get(name)
    if definition is None:
        raise InvalidInput(
            f"JobDefinition {asked.definition} does not exist: {SETTING} names {_names(file.definitions)}"
        )
    size, tries, timeout_s = _limits(asked, definition)
    parameters = {**definition.parameters, **asked.parameters}
    command = _command(asked, definition, name, parameters)
    environment = _environment(asked, definition, name)
    if sum(map(len, command)) + sum(len(key) + len(value) for key, value in environment.items()) > _LONGEST:
        raise InvalidInput(f"the command and its environment have more than {_LONGEST} characters")
    return CommandJob(
        id_, asked.name, queue, name, command, environment, now_ms, definition.directory, size, tries, timeout_s,
        list(asked.rules), list(asked.depends_on), parameters, dict(asked.tags), dict(asked.environment),
        [Part() for _ in range(max(1, size))],
    )  # fmt: skip


def _limits(asked: Submission, definition: Definition) -> tuple[int, int, int]:
    if asked.size is not None and not 2 <= asked.size <= MOST_PARTS:
        raise InvalidInput(f"the size of an array must be from 2 to {MOST_PARTS} here, got {asked.size}")
    tries = definition.attempts if asked.attempts is None else asked.attempts
    if not 1 <= tries <= MOST_ATTEMPTS:
        raise InvalidInput(f"retryStrategy.attempts must be from 1 to {MOST_ATTEMPTS}, got {tries}")
    if len(asked.rules) > _MOST_RULES:
        raise InvalidInput(f"retryStrategy.evaluateOnExit may have {_MOST_RULES} conditions, got {len(asked.rules)}")
    if any(not (one.status_reason or one.reason or one.exit_code) for one in asked.rules):
        raise InvalidInput("each condition of evaluateOnExit needs onStatusReason, onReason or onExitCode")
    timeout_s = definition.timeout_s if asked.timeout_s is None else asked.timeout_s
    if asked.timeout_s is not None and asked.timeout_s < _LEAST_TIMEOUT_S:
        raise InvalidInput(f"attemptDurationSeconds must be {_LEAST_TIMEOUT_S} or more, got {asked.timeout_s}")
    if len(asked.depends_on) > _MOST_DEPENDENCIES:
        raise InvalidInput(f"a job may depend on {_MOST_DEPENDENCIES} others, got {len(asked.depends_on)}")
    return asked.size or 0, tries, timeout_s


def _command(asked: Submission, definition: Definition, name: str, parameters: Mapping[str, str]) -> list[str]:
    if asked.command and not definition.overrides:
        raise InvalidInput(
            f"containerOverrides.command is not allowed for JobDefinition {name}: {SETTING} sets no overrides there"
        )

    def filled(match: re.Match[str]) -> str:
        return parameters.get(match[1], match[0])

    made = [_REFERENCE.sub(filled, one) for one in asked.command or definition.command]
    if any("\0" in one for one in made):
        raise InvalidInput("a command may hold no NUL character")
    return made


def _environment(asked: Submission, definition: Definition, name: str) -> dict[str, str]:
    for key, value in asked.environment.items():
        if key.startswith(OWN) or not key or "=" in key or "\0" in key + value:
            raise InvalidInput(f"cannot set {key[:100]!r} in the environment: names begin with no {OWN}, and hold no =")
        if key not in definition.environment and not definition.overrides:
            raise InvalidInput(
                f"containerOverrides.environment may not set {key[:100]!r} of JobDefinition {name}: {SETTING} names "
                f"{_names(definition.environment)} there, and no overrides"
            )
    return {**definition.environment, **asked.environment}


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _definition(given: str) -> str:
    """The name of `name`, `name:1` or an ARN: definitions of the file have one revision."""
    name, _, revision = _last(given).partition(":")
    if revision not in ("", "1"):
        raise InvalidInput(f"JobDefinition {given} does not exist: definitions of {SETTING} have revision 1 only")
    return name


def _names(known: Mapping[str, object]) -> str:
    return ", ".join(sorted(known)) or "none"
