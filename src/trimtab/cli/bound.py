"""What somebody or something is bound to, as options of commands and as a text of their lists."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

import click
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., Any])


class Bound(Struct, frozen=True):
    """An account (None: every one), teams, and values of other tags."""

    account: str | None = None
    teams: list[str] = field(default_factory=list)
    tags: dict[str, list[str]] = field(default_factory=dict)


class BoundTo(Protocol):
    """What `sees` reads of a key, a group or an account of a service."""

    @property
    def account(self) -> str | None:
        """The account, if it is bound to one."""

    @property
    def teams(self) -> list[str]:
        """The teams."""

    @property
    def tags(self) -> dict[str, list[str]]:
        """The values of other tags."""


def bound_options(command: F) -> Callable[..., Any]:
    """Adds `--account`, `--team` and `--tag`; the command gets them as `bound`."""

    @click.option("--account", metavar="ID", help="Account that it is bound to, 12 digits.")
    @click.option("--team", "teams", metavar="NAME", multiple=True, help="Team that it is bound to. Repeatable.")
    @click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="Tag that it is bound to. Repeatable.")
    @wraps(command)
    def bounded(*args: Any, account: str | None, teams: tuple[str, ...], tags: tuple[str, ...], **options: Any) -> Any:
        if account is not None and not (len(account) == 12 and account.isascii() and account.isdigit()):
            raise InvalidInput(f"cannot use account {account!r}: expected 12 digits", field="--account")
        return command(*args, bound=Bound(account, list(teams), _tags(tags)), **options)

    return bounded


def sees(bound: BoundTo) -> str:
    """What somebody bound so sees: `account 123…, team a or b`, `everything`."""
    places = [f"account {bound.account}"] if bound.account else []
    places += [f"team {' or '.join(bound.teams)}"] if bound.teams else []
    places += [f"{key} {' or '.join(values)}" for key, values in bound.tags.items()]
    return ", ".join(places) or "everything"


def _tags(given: tuple[str, ...]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key or not value:
            raise InvalidInput(f"cannot use tag {text!r}: expected KEY=VALUE", field="--tag")
        tags.setdefault(key, []).append(value)
    return tags
