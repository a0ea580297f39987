"""The one list of what goes with a later version: settings, commands and REST operations warn by it.

A name that a release had stays at least two minor versions after the version that deprecates it; `scripts/release.py`
refuses a release that still has what it said would be gone.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a name is the name of."""

    SETTING = "setting"
    COMMAND = "command"
    OPERATION = "operation"


class Deprecation(Struct, frozen=True, kw_only=True):
    """A name (`TRIMTAB_X`, `trimtab costs idle`, `GET /rest/v1/x`), since when, until when, and what to do."""

    kind: Kind
    name: str
    since: str
    until: str
    """The version that no longer has it."""
    instead: str

    @property
    def warning(self) -> str:
        """What who uses it reads."""
        return f"{self.name} is deprecated since {self.since} and will be gone in {self.until}: {self.instead}"


DEPRECATED = (
    Deprecation(
        kind=Kind.SETTING,
        name="TRIMTAB_NOTIFY_ALLOW_LINK_LOCAL",
        since="0.2.0",
        until="0.4.0",
        instead="it has no effect; allow the receiver with `trimtab egress allow`",
    ),
)


def of_kind(kind: Kind, listed: Iterable[Deprecation] = DEPRECATED) -> dict[str, Deprecation]:
    """Those of a kind, by name."""
    return {one.name: one for one in listed if one.kind is kind}
