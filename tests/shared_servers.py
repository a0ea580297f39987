"""Servers that several files share: a start costs seconds of processor time, and few files need one of their own.

Files of one kind run one after another in one worker (`by_file.py`), in the order in which they stand here, over one
server, which ends with the last of them. Each uses names, accounts and owners of its own, and takes it for granted that
those before it left things behind.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from live_server import LiveServer

FILES = {
    "guarded": (  # asks for credentials; no file brings a bill, and the last one is refused often
        "tests/wire/aws/test_keys.py",
        "tests/wire/rest/test_other_accounts.py",
        "tests/wire/rest/test_egress.py",
        "tests/wire/rest/test_access.py",
    ),
    "odd": (  # puts what comes to nobody's mind wherever it is taken
        "tests/wire/rest/test_schema.py",
        "tests/wire/rest/test_odd_bodies.py",
    ),
}
SETTINGS = {"guarded": {"TRIMTAB_REQUIRE_AUTH": "1"}}
_PLACES = {file: (kind, place) for kind, files in FILES.items() for place, file in enumerate(files)}


def kind_of(file: str) -> str:
    """The kind of server that a file (from the root of the checkout) shares; empty where it shares none."""
    return _PLACES.get(file, ("", 0))[0]


def scope_of(file: str) -> str:
    """What runs in one worker, one test after another: the files of one kind, or a file."""
    return kind_of(file) or file


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def put_together(items: list[pytest.Item]) -> None:
    """Move the files of each kind to where the first of them stands."""
    first: dict[str, int] = {}
    for at, item in enumerate(items):
        first.setdefault(scope_of(file_of(item)), at)
    items.sort(key=lambda item: (first[scope_of(file_of(item))], _PLACES.get(file_of(item), ("", 0))[1]))


class SharedServers:
    """The shared servers of a worker; one at a time runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._live: LiveServer | None = None
        self._kind = ""
        self.admin = ""
        """A token of an administrator, where the server asks for credentials; made before it ran."""

    def server(self, kind: str, file: str) -> LiveServer:
        """The server of a kind, for a file that stands in FILES."""
        assert kind_of(file) == kind, f"name {file} among the files of {kind!r} in tests/shared_servers.py"
        self.end_unless(kind)
        if self._live is None or self._live.process is None or self._live.process.poll() is not None:
            data = self._folder / kind
            settings = SETTINGS.get(kind, {})
            if settings.get("TRIMTAB_REQUIRE_AUTH") and not self.admin:
                self.admin = _admin(data)
            self._live, self._kind = LiveServer(data, **settings).start(), kind
        return self._live

    def end_unless(self, kind: str) -> None:
        """Stop what runs for another kind."""
        if self._live is not None and self._kind != kind:
            self._live.stop()
            self._live, self.admin = None, ""


def _admin(data: Path) -> str:
    words = ("keys", "create", "--kind", "token", "--role", "admin", "--json")
    command = [sys.executable, "-m", "trimtab", *words]
    made = subprocess.run(command, env={**os.environ, "TRIMTAB_DATA_DIR": str(data)}, capture_output=True, check=True)
    return str(json.loads(made.stdout)["secret"])
