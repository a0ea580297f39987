"""Whose alarms, objectives or canaries a command means: `--account` and `--region`; and what it asks of them."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import click
import msgspec

from trimtab.cli.connection import Connection

F = TypeVar("F", bound=Callable[..., Any])
Place = tuple[str | None, str | None]
"""The region and the account; None is the server's own region and the caller's own account."""
T = TypeVar("T")


def place_options(command: F) -> F:
    """Add `--region` and `--account`; the command gets `place`."""

    @click.option("--region", help="Region of the alarms; the server's own by default.")
    @click.option("--account", metavar="ID", help="Account of the alarms; your own by default.")
    @functools.wraps(command)
    def wrapped(*args: Any, region: str | None, account: str | None, **kwargs: Any) -> Any:
        return command(*args, place=(region, account), **kwargs)

    return wrapped  # type: ignore[return-value]  # a decorator that keeps the command's name, not its signature


class Placed(NamedTuple):
    """What lies at a path of REST, by name, in an account and a region."""

    path: str
    connection: Connection
    place: Place

    def call(self, method: str, answer: type[T], *names: str, body: msgspec.Struct | None = None) -> T:
        """Ask for all of them, for the one that is named, or for what a further name says of it."""
        query = [(name, value) for name, value in zip(("region", "account"), self.place, strict=True) if value]
        path = "/".join((self.path, *(quote(name, safe="") for name in names)))
        with self.connection.client() as client:
            return client.call(method, path, answer, query=query, body=body)
