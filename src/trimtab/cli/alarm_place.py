"""Whose alarms a command means: `--account` and `--region`."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
Place = tuple[str | None, str | None]
"""The region and the account; None is the server's own region and the caller's own account."""


def place_options(command: F) -> F:
    """Add `--region` and `--account`; the command gets `place`."""

    @click.option("--region", help="Region of the alarms; the server's own by default.")
    @click.option("--account", metavar="ID", help="Account of the alarms; your own by default.")
    @functools.wraps(command)
    def wrapped(*args: Any, region: str | None, account: str | None, **kwargs: Any) -> Any:
        return command(*args, place=(region, account), **kwargs)

    return wrapped  # type: ignore[return-value]  # a decorator that keeps the command's name, not its signature
