"""The text of configuration files: YAML or JSON, read together as one set, and written.

    trimtab: 1
    metric_alarms:
      gpu-idle: {Namespace: …, MetricName: …, …}
    dashboards:
      fleet: {widgets: […]}

A name may be declared once in the set. Every document has the form of the API that defines it, without its name.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

VERSION = 1
"""Of the format; the line `trimtab: 1` says that a file is one of these."""
_KEY = "trimtab"


class File(Struct, frozen=True):
    """A file as it was sent."""

    name: str
    text: str


def read_files(files: Sequence[File], sections: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The documents of all files by section and name, not checked yet. Raises InvalidInput that names the file."""
    found: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, str], str] = {}
    for file in files:
        for section, documents in _read(file, sections).items():
            into = found.setdefault(section, {})
            for name, document in documents.items():
                if (section, name) in places:
                    raise InvalidInput(
                        f"cannot read {file.name}: {section} {name} is declared in {places[section, name]} too; "
                        "expected it once"
                    )
                places[section, name] = file.name
                into[name] = document
    return found


def write(configuration: Mapping[str, Mapping[str, Any]]) -> str:
    """The YAML text of a configuration; names in order, members as they are."""
    document = {_KEY: VERSION} | {
        section: {name: documents[name] for name in sorted(documents)} for section, documents in configuration.items()
    }
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def _read(file: File, sections: Sequence[str]) -> dict[str, dict[str, Any]]:
    try:
        document = yaml.load(file.text, Loader=_Loader)  # noqa: S506  # a SafeLoader that refuses repeated keys
        typed.check_characters(document)
    except RecursionError:
        raise InvalidInput(f"cannot read {file.name}: something in it is nested too deeply") from None
    except UnicodeEncodeError as problem:
        raise InvalidInput(f"cannot read {file.name}: it has half a surrogate pair ({problem})") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{file.name}:{mark.line + 1}:{mark.column + 1}" if mark else file.name
        raise InvalidInput(f"cannot read {where}: {getattr(problem, 'problem', None) or problem}") from None
    if not isinstance(document, dict) or document.get(_KEY) != VERSION:
        raise InvalidInput(
            f"cannot read {file.name}: expected `{_KEY}: {VERSION}` and sections ({', '.join(sections)})"
        )
    found = {}
    for section, documents in document.items():
        if section == _KEY:
            continue
        if section not in sections:
            near = get_close_matches(str(section), sections, 1)
            hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(sections)}"
            raise InvalidInput(f"cannot read {file.name}: there is no section {section!r}; {hint}")
        if documents is not None and not isinstance(documents, dict):
            raise InvalidInput(f"cannot read {file.name}: {section} must map names to documents")
        found[section] = {str(name): one for name, one in (documents or {}).items()}
    return found


class _Loader(yaml.SafeLoader):
    """YAML's safe types; times stay text, as JSON has them, and a key that is repeated is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = key.value
            if name in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} is given twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block; lists indented under their key; no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
