"""Every check there is: found by listing the package `checks`, so that a new check is one new file."""

import pkgutil
from functools import cache
from importlib import import_module

from trimtab.advice import checks
from trimtab.advice.check import Check
from trimtab.base.errors import NotFound


@cache
def catalogue() -> dict[str, Check]:
    """The checks by id, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(checks.__path__))
    found = [import_module(f"{checks.__name__}.{name}").CHECK for name in names]
    return {one.id: one for one in sorted(found, key=lambda one: (one.pillar, one.name))}


def check(id_: str) -> Check:
    """The check with that id. Raises NotFound."""
    known = catalogue().get(id_)
    if known is None:
        raise NotFound(f"cannot find check {id_!r}: `trimtab advice checks` lists {len(catalogue())}")
    return known
