"""Configuration files as typed Python calls, over a `Client`. Errors are those of `Client`."""

from collections.abc import Sequence

from trimtab.client import config_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/config"


def export(client: Client, sections: Sequence[str] = ()) -> str:
    """The YAML text of what there is, of some sections or of all."""
    return b"".join(client.stream(_PATH, [("section", one) for one in sections])).decode()


def diff(client: Client, files: wire.ConfigFiles) -> wire.ConfigDifference:
    """What the files would change."""
    return client.call("POST", f"{_PATH}/diff", wire.ConfigDifference, body=files)


def apply(client: Client, files: wire.ConfigFiles) -> wire.ConfigApplied:
    """Make the changes (role write)."""
    return client.call("POST", f"{_PATH}/apply", wire.ConfigApplied, body=files)
