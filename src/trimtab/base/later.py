"""Modules that are imported when something of them is first asked for: few processes ever need them."""

from importlib import import_module
from typing import Any


class Later:
    """Stands for the module of a name, and imports it at the first look at one of its names."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """What the module has by that name, which is kept: the next look at it is a plain one."""
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found
