"""Specs as YAML, in which `on` is a word: YAML 1.1 takes on, off, yes and no for truths, and joins are `on` fields."""

import re
from typing import Any

import yaml

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

_TRUTH = "tag:yaml.org,2002:bool"
_PLAIN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
MOST_CHARACTERS = 262_144


class _Loader(yaml.SafeLoader):
    """Reads only true and false as truths."""


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads without needless quotes."""


for _kind in (_Loader, _Dumper):
    _kind.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag not in (_TRUTH, "tag:yaml.org,2002:timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _kind.add_implicit_resolver(_TRUTH, _PLAIN, list("tTfF"))


def parse_yaml(text: str) -> Any:
    """The document of a YAML or JSON text. Raises InvalidInput with the place at fault."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(f"cannot read the spec: it has {len(text)} characters, of at most {MOST_CHARACTERS}")
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        typed.check_characters(document)
        return document
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        told = " ".join(str(problem).split())[:300]
        raise InvalidInput(f"cannot read the spec: {told}", field="spec") from None


def write_yaml(document: Any) -> str:
    """A document as YAML for people; members as they are."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return text
