"""What is kept of a function: one document. Versions are copies of its configuration, aliases names of versions."""

import base64
import hashlib
from typing import Any

from msgspec import Struct, field, json

from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id

LATEST = "$LATEST"
ALLOCATION_MS = 90_000
"""Until asked provisioned concurrency is ready: one to two minutes, says Lambda's guide of small numbers."""
READY, IN_PROGRESS = "READY", "IN_PROGRESS"


class Provisioned(Struct):
    """Provisioned concurrency of a version or alias: what is asked for since when, and what was there before."""

    requested: int
    since_ms: int
    before: int = 0

    def available(self, now_ms: int) -> int:
        """Environments that are ready: fewer at once, more when they have been allocated."""
        return self.requested if self.ready(now_ms) else min(self.requested, self.before)

    def ready(self, now_ms: int) -> bool:
        """Whether all are."""
        return self.requested <= self.before or now_ms - self.since_ms >= ALLOCATION_MS


class Alias(Struct):
    """A name of a version; `routing` are weights of other versions."""

    name: str
    version: str
    revision: str
    description: str = ""
    routing: dict[str, float] = field(default_factory=dict)


class Version(Struct):
    """A version's configuration, in Lambda's members."""

    number: str
    form: dict[str, Any]
    modified_ms: int
    revision: str


class LambdaFunction(Struct):
    """A function. `versions` begin with $LATEST; `origin` says who told of it ("" where it was created here)."""

    name: str
    arn: str
    created_ms: int
    versions: list[Version]
    aliases: list[Alias] = field(default_factory=list)
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    reserved: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    published: int = 0

    @property
    def latest(self) -> Version:
        """The version that is changed."""
        return self.versions[0]

    def version(self, qualifier: str) -> Version:
        """A version by its number, or by an alias of it. Raises NotFound."""
        wanted = qualifier or LATEST
        alias = next((one for one in self.aliases if one.name == wanted), None)
        number = alias.version if alias else wanted
        for one in self.versions:
            if one.number == number:
                return one
        raise NotFound(f"Function not found: {self.arn}:{qualifier}")

    def alias(self, name: str) -> Alias:
        """An alias. Raises NotFound."""
        for one in self.aliases:
            if one.name == name:
                return one
        raise NotFound(f"Cannot find alias arn: {self.arn}:{name}")

    @property
    def provisioned_total(self) -> int:
        """All environments that are asked for."""
        return sum(one.requested for one in self.provisioned.values())


def code_hash(form: dict[str, Any]) -> str:
    """A hash of the configuration that stands for that of the code, as Lambda shows it."""
    return base64.b64encode(hashlib.sha256(json.encode(form, order="deterministic")).digest()).decode()


def publish(function: LambdaFunction, description: str | None, now_ms: int) -> Version:
    """Make a version of what is latest; one that changes nothing is the last one again."""
    newest = function.versions[-1] if len(function.versions) > 1 else None
    form = dict(function.latest.form)
    if description is not None:
        form["Description"] = description
    if newest is not None and newest.form.get("CodeSha256") == form.get("CodeSha256") and newest.form == form:
        return newest
    function.published += 1
    made = Version(str(function.published), form, now_ms, new_id())
    function.versions.append(made)
    return made


def provision(function: LambdaFunction, qualifier: str, number: int, now_ms: int) -> Provisioned:
    """Ask for provisioned concurrency of a version or alias. Raises InvalidInput, NotFound, Conflict."""
    if qualifier == LATEST:
        raise InvalidInput("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    version = function.version(qualifier)
    if number < 1:
        raise InvalidInput("ProvisionedConcurrentExecutions must be 1 or more.")
    if version.number == LATEST:
        raise InvalidInput("Alias with weights can not be used with Provisioned Concurrency")
    others = function.provisioned_total - (
        function.provisioned[qualifier].requested if qualifier in function.provisioned else 0
    )
    if function.reserved is not None and others + number > function.reserved:
        raise InvalidInput("Requested Provisioned Concurrency should not be greater than the "
                           "reservedConcurrentExecution for function")  # fmt: skip
    same = [one for one in function.provisioned if one != qualifier and function.version(one).number == version.number]
    if same:
        raise Conflict("Alias can not be used for Provisioned Concurrency configuration on an already provisioned "
                       "version")  # fmt: skip
    known = function.provisioned.get(qualifier)
    if known is None or known.requested != number:
        before = known.available(now_ms) if known else 0
        function.provisioned[qualifier] = Provisioned(number, now_ms, before)
    return function.provisioned[qualifier]
