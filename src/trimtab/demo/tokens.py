"""A token an account: what tells the doors which account samples belong to."""

from pathlib import Path

import msgspec

from trimtab.base import typed
from trimtab.client.api import Client
from trimtab.client.wire import CreateKey
from trimtab.demo.company import ACCOUNTS

_NAME = "demo"


def tokens(client: Client, directory: Path) -> dict[str, str]:
    """Tokens by account id: those of the last run where the server still knows them, else new ones."""
    path = directory / "demo" / "tokens.json"
    listed = client.keys()
    live = {key.id for key in listed if key.revoked_ms is None}
    known = _read(path)
    if {account.id for account in ACCOUNTS} == set(known) and all(id_ in live for id_, _ in known.values()):
        return {account: secret for account, (_, secret) in known.items()}
    made = {}
    for account in ACCOUNTS:
        key = client.create_key(CreateKey(name=f"{_NAME} {account.name}", kind="token", account=account.id))
        made[account.id] = (key.id, key.secret)
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(made))
    return {account: secret for account, (_, secret) in made.items()}


def _read(path: Path) -> dict[str, tuple[str, str]]:
    try:
        return typed.decode(path.read_bytes(), type=dict[str, tuple[str, str]])
    except (OSError, msgspec.DecodeError):
        return {}
