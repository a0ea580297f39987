"""Options and the client that every command that talks to a server shares."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click
from msgspec import Struct

from trimtab.base.errors import InvalidInput, SetupError
from trimtab.client.api import Client
from trimtab.settings import OFF, Settings, load

F = TypeVar("F", bound=Callable[..., Any])

_ANY_HOST = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # recognised, not listened on


class Connection(Struct, frozen=True):
    """The server that a command talks to, from options and settings."""

    settings: Settings
    url: str
    token: str
    ca_file: str = ""
    is_local: bool = True
    """Whether it is this machine's own server: the one that its settings, and not a URL, name."""

    def client(self, timeout_s: float = 60.0) -> Client:
        """A client of that server."""
        return Client(self.url, self.token, timeout_s=timeout_s, ca_file=self.ca_file)


def server_url(settings: Settings) -> str:
    """The server's URL: `TRIMTAB_URL`, else the address that this machine's server listens on."""
    if settings.url:
        return settings.url.rstrip("/")
    host, _, port = settings.http_addr.rpartition(":")
    if settings.http_addr == OFF or port == "0":
        raise SetupError(
            f"cannot tell where the server is: TRIMTAB_HTTP_ADDR is {settings.http_addr}; "
            "name it with --url or TRIMTAB_URL"
        )
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{_ANY_HOST.get(host, host)}:{port}"


def connect(url: str | None, token: str | None) -> Connection:
    """The connection that the options and the settings name."""
    settings = load()
    # The certificate that this machine's own server shows is trusted; a server elsewhere needs the system's trust.
    is_local = not (url or settings.url)
    ca_file = settings.tls_cert if is_local else ""
    shown = settings.token if token is None else token
    return Connection(settings, (url or server_url(settings)).rstrip("/"), shown, ca_file, is_local)


def server_options(command: F) -> F:
    """Add `--url` and `--token`; the command gets `connection`."""

    @click.option("--url", metavar="URL", help="Server to talk to (TRIMTAB_URL).")
    @click.option("--token", metavar="TOKEN", help="Token to present (TRIMTAB_TOKEN; better there than here).")
    @functools.wraps(command)
    def wrapped(*args: Any, url: str | None, token: str | None, **kwargs: Any) -> Any:
        return command(*args, connection=connect(url, token), **kwargs)

    return wrapped  # type: ignore[return-value]  # a decorator that keeps the command's name, not its signature


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """`name=value` options as a mapping. Raises InvalidInput for one that is not."""
    found: dict[str, str] = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not separator or not name or name in found:
            raise InvalidInput(f"cannot use {option} {value!r}: expected name=value, each name once", field=option)
        found[name] = text
    return found
