"""YAML and JSON documents of a file, as plain values; templates of Helm are filled in first (helm.py)."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

MOST_BYTES = 4 * 2**20
"""Of one file: a chart rendered whole is some hundred kB."""
MOST_NODES = 300_000
"""Values in a file once its aliases are followed: YAML can make billions of a few lines."""

Document = Mapping[str, Any]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one where it is built
    """Plain values only, and no dates: what looks like one is a name here."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def documents_of(text: str, file: str) -> list[Any]:
    """Every document of a file that is not empty. Raises InvalidInput that says where it is no YAML."""
    if len(text) > MOST_BYTES:
        raise InvalidInput(f"cannot read {file}: it has {len(text):,} characters; expected at most {MOST_BYTES:,}")
    try:
        found = [one for one in yaml.load_all(text, Loader=_Loader) if one is not None]  # a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as problem:
        raise InvalidInput(f"cannot read {file}: it is no YAML: {_where(problem)}") from None
    _check_size(found, file)
    return found


def parts_of(document: Any) -> Iterator[Document]:
    """The objects of a document: itself, or those of a list (`kind: List`)."""
    if isinstance(document, list):
        for one in document:
            yield from parts_of(one)
    elif isinstance(document, Mapping):
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            for one in document["items"]:
                yield from parts_of(one)
        else:
            yield document


def _where(problem: Exception) -> str:
    mark = getattr(problem, "problem_mark", None)
    said = getattr(problem, "problem", None) or str(problem)
    return f"{said}, line {mark.line + 1}" if mark is not None else said


def _check_size(documents: list[Any], file: str) -> None:
    """Raises InvalidInput for what aliases make huge or endless, or too deep to walk."""
    left, levels = MOST_NODES, [documents]
    for _ in range(typed.MOST_LEVELS):
        below: list[Any] = []
        for value in levels:
            inside = value.values() if isinstance(value, Mapping) else value
            left -= len(inside)
            if left < 0:
                raise InvalidInput(f"cannot read {file}: its aliases make over {MOST_NODES:,} values of it")
            below += [one for one in inside if isinstance(one, Mapping | list)]
        if not below:
            return
        levels = below
    raise InvalidInput(f"cannot read {file}: expected at most {typed.MOST_LEVELS} levels of lists and mappings")


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, and an empty one for all else."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list as it is, and an empty one for all else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A name as text; "" for none."""
    return "" if value is None or isinstance(value, Mapping | list) else str(value)
