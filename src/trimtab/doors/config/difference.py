"""What differs between what is declared and what there is: pure, document by document and value by value."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.doors.config.model import Action, Change, Configuration, FieldChange

_ABSENT = object()


def differences(declared: Configuration, stored: Configuration, *, prune: bool) -> list[Change]:
    """The changes that make `stored` what is `declared`, in the order of sections and names.

    A section that the files do not have is left alone. What a section does not name is removed only with `prune`.
    """
    return [change for section in declared for change in _section(section, declared[section], stored[section], prune)]


def _section(section: str, wanted: Mapping[str, Any], there: Mapping[str, Any], prune: bool) -> Iterator[Change]:
    for name in sorted(wanted):
        before, after = there.get(name), wanted[name]
        if before is None:
            yield Change(section, name, Action.ADD, tuple(fields({}, after)), None, after)
        elif found := tuple(fields(before, after)):
            yield Change(section, name, Action.CHANGE, found, before, after)
    for name in sorted(there.keys() - wanted.keys()) if prune else ():
        yield Change(section, name, Action.REMOVE, tuple(fields(there[name], {})), there[name], None)


def fields(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """Every value that differs, the deepest path that says so."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from fields(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list):
        for number in range(max(len(before), len(after))):
            one, other = (each[number] if number < len(each) else _ABSENT for each in (before, after))
            yield from fields(one, other, f"{path}[{number}]")
    elif not _same(before, after):
        yield FieldChange(path, _plain(before), _plain(after))


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, bool) != isinstance(after, bool):
        return False
    return bool(before == after)


def _plain(value: Any) -> Any:
    return None if value is _ABSENT else value
