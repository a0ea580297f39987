"""Dashboards that are there from the start: bodies in the package, shown until somebody saves one of the same name."""

from collections.abc import Mapping
from importlib import resources

import msgspec
from msgspec import Struct

_FOLDER = resources.files("trimtab.reports.dashboards") / "starters"


class Starter(Struct, frozen=True):
    """A starter: its name, a sentence, the body, and what must arrive for it to show anything."""

    name: str
    summary: str
    needs: str
    text: str


def _load() -> Mapping[str, Starter]:
    found = {}
    for file in sorted(_FOLDER.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".yaml"):
            continue
        raw = msgspec.yaml.decode(file.read_text(encoding="utf-8"))
        name = file.name.removesuffix(".yaml")
        text = msgspec.json.encode(raw["body"]).decode()
        found[name] = Starter(name, raw["summary"], raw["needs"], text)
    return found


STARTERS: Mapping[str, Starter] = _load()
"""Every starter, by name."""
