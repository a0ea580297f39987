"""The part of Go's templates that the chart uses, rendered as Helm renders it: for tests on machines without Helm.

Actions: if, else, with, range (lists, and `$key, $value :=` of maps), define, include, end; `-` trims. A construct that
is not known here is an error, so that the chart stays within what is tested.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\(|\)|\||[^\s()|]+')


class Node:
    """A piece of a template: text, an expression, or a block with its parts."""

    def __init__(self, kind: str, what: str = "") -> None:
        self.kind, self.what = kind, what
        self.body: list[Node] = []
        self.otherwise: list[Node] = []


class Chart:
    """A chart's folder, rendered for values."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about: dict[str, Any] = yaml.safe_load((folder / "Chart.yaml").read_text())
        self.values: dict[str, Any] = yaml.safe_load((folder / "values.yaml").read_text())
        self._defined: dict[str, list[Node]] = {}

    def rendered(self, values: Mapping[str, Any], name: str = "trimtab", namespace: str = "ml") -> dict[str, str]:
        """The text of each template by its file's name, with `values` over the chart's own."""
        root = {
            "Values": _merged(self.values, values),
            "Chart": {key[:1].upper() + key[1:]: value for key, value in self.about.items()},
            "Release": {"Name": name, "Namespace": namespace, "Service": "Helm"},
        }
        parsed = {path.name: _parsed(path.read_text()) for path in sorted((self.folder / "templates").iterdir())}
        for nodes in parsed.values():
            self._defined |= {json.loads(node.what): node.body for node in nodes if node.kind == "define"}
        return {
            file: self._text(nodes, root, {"$": root}) for file, nodes in parsed.items() if not file.startswith("_")
        }

    def documents(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every object of a rendering."""
        texts = [text for file, text in self.rendered(values).items() if file.endswith(".yaml")]
        return [one for text in texts for one in yaml.safe_load_all(text) if one]

    def _text(self, nodes: Sequence[Node], dot: Any, names: dict[str, Any]) -> str:
        return "".join(self._pieces(nodes, dot, names))

    def _pieces(self, nodes: Sequence[Node], dot: Any, names: dict[str, Any]) -> Iterator[str]:
        for node in nodes:
            match node.kind:
                case "text":
                    yield node.what
                case "say":
                    yield _shown(self._value(node.what, dot, names))
                case "if":
                    yield self._text(node.body if self._value(node.what, dot, names) else node.otherwise, dot, names)
                case "with":
                    value = self._value(node.what, dot, names)
                    yield self._text(node.body, value, names) if value else self._text(node.otherwise, dot, names)
                case "range":
                    yield from self._ranged(node, dot, names)

    def _ranged(self, node: Node, dot: Any, names: dict[str, Any]) -> Iterator[str]:
        heads, found, what = node.what.partition(":=")
        value = self._value(what if found else heads, dot, names)
        if isinstance(value, Mapping):
            key, item = (one.strip() for one in heads.split(","))
            for each in sorted(value):
                yield self._text(node.body, value[each], names | {key: each, item: value[each]})
            return
        for each in value or ():
            yield self._text(node.body, each, names)

    def _value(self, text: str, dot: Any, names: dict[str, Any]) -> Any:
        words = _WORD.findall(text)
        value, rest = self._pipeline(words, dot, names)
        if rest:
            raise ValueError(f"cannot render {text!r}: {rest} is left over")
        return value

    def _pipeline(self, words: list[str], dot: Any, names: dict[str, Any]) -> tuple[Any, list[str]]:
        value: Any = None
        first = True
        while words and words[0] != ")":
            if words[0] == "|":
                words = words[1:]
            arguments: list[Any] = []
            head, words = words[0], words[1:]
            if head == "(":
                inner, words = self._pipeline(words, dot, names)
                arguments, head, words = [inner], "", words[1:]
            while words and words[0] not in ("|", ")"):
                if words[0] == "(":
                    inner, words = self._pipeline(words[1:], dot, names)
                    arguments.append(inner)
                    words = words[1:]
                else:
                    arguments.append(self._atom(words[0], dot, names))
                    words = words[1:]
            if not first:
                arguments.append(value)
            value = self._called(head, arguments, dot, names)
            first = False
        return value, words

    def _called(self, head: str, arguments: list[Any], dot: Any, names: dict[str, Any]) -> Any:
        match head, arguments:
            case "", [one]:
                return one
            case "quote", [one]:
                return json.dumps(_shown(one))
            case "default", [other, one]:
                return one or other
            case "printf", [pattern, *rest]:
                return pattern % tuple(rest)
            case "not", [one]:
                return not one
            case "contains", [part, whole]:
                return part in whole
            case "trunc", [length, one]:
                return one[:length]
            case "trimSuffix", [end, one]:
                return one.removesuffix(end)
            case "toYaml", [one]:
                return yaml.safe_dump(one, default_flow_style=False, sort_keys=True).rstrip("\n")
            case "nindent", [width, one]:
                return "\n" + "\n".join(f"{' ' * width}{line}" for line in one.split("\n"))
            case "include", [name, scope]:
                return self._text(self._defined[name], scope, {"$": names["$"]})
        if arguments:
            raise ValueError(f"cannot render {head}: it is not known here")
        return self._atom(head, dot, names)

    def _atom(self, word: str, dot: Any, names: dict[str, Any]) -> Any:
        if word.startswith('"'):
            return json.loads(word)
        if word.lstrip("-").isdigit():
            return int(word)
        if word in ("true", "false"):
            return word == "true"
        base, _, path = word.partition(".")
        value = names[base] if base.startswith("$") else dot
        if base and not base.startswith("$"):
            raise ValueError(f"cannot render {word}: it is not known here")
        for part in path.split(".") if path else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def _parsed(text: str) -> list[Node]:
    top = Node("top")
    open_: list[tuple[Node, list[Node]]] = [(top, top.body)]
    at = 0
    trim_next = False
    for found in _ACTION.finditer(text):
        before = text[at : found.start()]
        before = before.lstrip() if trim_next else before
        before = before.rstrip() if found[1] else before
        if before:
            said = Node("text", before)
            open_[-1][1].append(said)
        at, trim_next = found.end(), bool(found[3])
        head, _, rest = found[2].partition(" ")
        if head in ("if", "with", "range", "define"):
            node = Node(head, rest.strip())
            open_[-1][1].append(node)
            open_.append((node, node.body))
        elif head == "else":
            node = open_.pop()[0]
            open_.append((node, node.otherwise))
        elif head == "end":
            open_.pop()
        else:
            open_[-1][1].append(Node("say", found[2]))
    rest = text[at:]
    top.body.append(Node("text", rest.lstrip() if trim_next else rest))
    if len(open_) != 1:
        raise ValueError("cannot read the template: a block has no end")
    return top.body


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
