"""Every tool there is, found by listing the package `tools`; and a call of one, whatever came as its arguments."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.assistants import tools
from trimtab.assistants.answer import DATA_IS, clean, tokens_of, written
from trimtab.assistants.tool import Tool
from trimtab.base import typed
from trimtab.base.errors import InvalidInput, NotFound, TrimtabError
from trimtab.client.api import Client

MOST_TOOLS, MOST_SCHEMA_TOKENS = 12, 4000
"""What an assistant's window bears before it has asked anything."""


class Result(Struct, frozen=True):
    """What a call came to: JSON, and whether it says what went wrong."""

    text: str
    failed: bool = False


@cache
def toolbox() -> Mapping[str, Tool]:
    """The tools by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(tools.__path__))
    found: list[Tool] = [import_module(f"{tools.__name__}.{name}").TOOL for name in names]
    return {one.name: one for one in found}


def described() -> list[dict[str, Any]]:
    """All tools as `tools/list` tells them."""
    return [tool.described() for tool in toolbox().values()]


def schema_tokens() -> int:
    """How many tokens the descriptions of all tools are."""
    return tokens_of(msgspec.json.encode(described()).decode())


def find(name: str) -> Tool:
    """The tool of a name. Raises NotFound."""
    tool = toolbox().get(name)
    if tool is None:
        raise NotFound(f"cannot find this tool; expected one of {', '.join(toolbox())}")
    return tool


def call(tool: Tool, arguments: Any, client: Client) -> Result:
    """Ask a tool. What goes wrong is an answer, too: an assistant is to read it and to ask otherwise."""
    try:
        given = _read(tool, arguments)
        return Result(written(tool.run(client, given), client.url))
    except TrimtabError as problem:
        error = {"kind": type(problem).__name__, "message": clean(str(problem))}
        return Result(msgspec.json.encode({"error": error, "data_is": DATA_IS}).decode(), failed=True)


def _read(tool: Tool, arguments: Any) -> Struct:
    try:
        return typed.convert(arguments or {}, tool.arguments)
    except (msgspec.ValidationError, RecursionError) as problem:
        names = ", ".join(tool.arguments.__struct_fields__)
        raise InvalidInput(f"cannot call {tool.name}: {problem}; expected {names}") from None
