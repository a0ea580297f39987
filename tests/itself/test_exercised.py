"""Everything that is served is exercised by name: operations of AWS and of REST, commands and pages.

Read from the text of the tests, without running them; what a sweep over all of them calls does not count. What no test
names stands in `unnamed.txt`, which may only become shorter.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import click
import pytest
from botocore import xform_name

import every_operation
from trimtab import client
from trimtab.cli.main import root

TESTS = Path(__file__).parents[1]
CLIENT = Path(client.__file__).parent
MOST_UNNAMED = 155
UNNAMED = [
    line.split(" ", 1) for line in (Path(__file__).parent / "unnamed.txt").read_text().splitlines() if line[0] != "#"
]


@cache
def texts() -> tuple[str, ...]:
    """What each test file says; paths that it has a name for are put in where it uses the name."""
    files = sorted(file for file in TESTS.rglob("*") if file.suffix in (".py", ".test", ".mjs", ".js"))
    return tuple(with_constants(file.read_text()) for file in files if file != Path(__file__))


def with_constants(text: str) -> str:
    for name, value in re.findall(r"^(\w+) = f?[\"'](/[^\"'\n]*)[\"']", text, re.MULTILINE):
        text = text.replace(f"{{{name}}}", value)
    return text


@cache
def words() -> frozenset[str]:
    return frozenset(word for text in texts() for word in re.findall(r"\w+", text))


@cache
def addresses() -> str:
    """Every path that tests write, one a line, what they put in as `{}`."""
    text = re.sub(r"\{[^{}\s]*(\([^()]*\))?[^{}\s]*\}", "{}", "\n".join(texts()))
    return "\n".join(dict.fromkeys(re.findall(r"/[\w{}$<>/.:%@~+-]*", text)))


def addressed(template: str) -> bool:
    parts = [r"[^/\s]+" if part.startswith("{") else re.escape(part) for part in template.strip("/").split("/")]
    return re.search(rf"(^|/|\}})(?:{'/'.join(parts)})/?$", addresses(), re.MULTILINE) is not None


@cache
def called() -> frozenset[str]:
    """Paths of the methods of the Python client that tests call, in files that import the method's module."""
    return frozenset(
        re.sub(r"\{[^{}]*\}", "{}", address)
        for file in CLIENT.glob("*.py")
        for method, addresses in methods_of(with_constants(file.read_text()))
        for address in addresses
        if any(f"client.{file.stem}" in text and f".{method}(" in text for text in texts())
    )


def methods_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """Methods of a module of the client, and the paths that they write."""
    for name, argument, value in re.findall(r"^def (\w+)\((\w+): str\).*\n    return f\"(.*)\"$", text, re.MULTILINE):
        text = re.sub(rf"f?\"?\{{?\b{name}\({argument}\)\}}?(?=[\",/])", value.replace("\\", ""), text)
    for name, body in re.findall(r"^    def (\w+)\((.*?)(?=^    def |\Z)", text, re.MULTILINE | re.DOTALL):
        yield name, re.findall(r"/rest/v1/[^\"',\s]*(?:\([^()]*\)[^\"',\s]*)*", body.replace("safe='')", ")"))


BEFORE, AFTER = ' "`(', ' "`),'


@cache
def one_text() -> str:
    """All files, words one space apart."""
    return re.sub(r"\s+", " ", "\n".join(texts()).replace("'", '"'))


@cache
def quoted() -> dict[str, frozenset[str]]:
    """By module of the command line: what the files that import it have in quotes."""
    words: dict[str, set[str]] = {}
    for text in texts():
        for module in re.findall(r"trimtab\.cli\.\w+", text.replace("from trimtab.cli import ", "trimtab.cli.")):
            words.setdefault(module, set()).update(re.findall(r"[\"']([\w-]+)[\"']", text))
    return {module: frozenset(found) for module, found in words.items()}


def commanded(path: Sequence[str], modules: set[str]) -> bool:
    if any(path[-1] in quoted().get(module, ()) for module in modules):
        return True
    return any(stands_apart(way) for way in ('", "'.join(path), " ".join(path)))


def stands_apart(way: str) -> bool:
    """Whether a file says these words, and not as a part of longer ones."""
    text = one_text()
    at = text.find(way)
    while at >= 0:
        after = text[at + len(way) : at + len(way) + 1]
        if at and after and text[at - 1] in BEFORE and after in AFTER:
            return True
        at = text.find(way, at + 1)
    return False


def aws() -> Iterator[tuple[str, bool]]:
    for service in every_operation.aws():
        for name in service.operations:
            yield f"{service.model.name} {name}", bool({name, xform_name(name)} & words())


def rest() -> Iterator[tuple[str, bool]]:
    for operation in every_operation.rest():
        yield (
            f"{operation.method} {operation.path}",
            addressed(operation.path) or re.sub(r"\{[^{}]*\}", "{}", operation.path) in called(),
        )


def pages() -> Iterator[tuple[str, bool]]:
    for route in every_operation.pages():
        for method in (route.methods or set()) - {"HEAD"}:
            yield f"{method} {route.path}", addressed(re.sub(r"\{\w+(:\w+)?\}", "{x}", route.path))


def commands() -> Iterator[tuple[str, bool]]:
    def below(command: click.Command, path: tuple[str, ...], modules: set[str]) -> Iterator[tuple[str, bool]]:
        home = getattr(command.callback, "__module__", "")
        modules = {*modules, *({home} if home.startswith("trimtab.cli.") and home != "trimtab.cli.main" else ())}
        if not isinstance(command, click.Group):
            yield " ".join(path), commanded(path, modules)
            return
        for name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), name)
            if child is not None and not child.hidden:
                yield from below(child, (*path, name), modules)

    return below(root, (), set())


@pytest.mark.parametrize("kind", ["aws", "rest", "command", "page"])
def test_everything_is_exercised_by_name_but_what_is_listed(kind: str) -> None:
    seen = dict({"aws": aws, "rest": rest, "command": commands, "page": pages}[kind]())
    listed = {name for of, name in UNNAMED if of == kind}
    unnamed = {name for name, named in seen.items() if not named}
    assert seen
    assert set() == unnamed - listed, "write a test of it that names it"
    assert set() == listed - unnamed, "a test names it now: take it from unnamed.txt"


def test_the_list_only_becomes_shorter() -> None:
    assert len(UNNAMED) <= MOST_UNNAMED
