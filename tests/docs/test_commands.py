"""Commands and options that documents and messages name are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from trimtab.cli.main import root

_FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(trimtab [^`]+)`")
_LINE = re.compile(r"^\s*(?:\$ )?(?:sudo )?(?:\w+=\S+ )*(trimtab [a-z].*)$")
_END = re.compile(r"\s+#|[|;&>)]")
"""What ends a command within its line: a comment, another command, a redirection."""
_UNWRITTEN = re.compile(r"[^a-z0-9-]")
"""A word that stands for others: `keys …`, `list/show`, `connect VENDOR`."""
_OPTION = re.compile(r"--[a-z][a-z0-9-]*(?==|$)")
_QUOTED = re.compile(r"(?:`|<code>)(trimtab [a-z][^`<\n\"]*)(?:`|</code>)")
"""A command in a message, a docstring or a page; one that goes on in another line of the code is left out."""
_HISTORY = {"CHANGELOG.md", "commands.md"}
"""What was so when it was written, and what is generated from the commands."""


def _code(text: str) -> Iterator[str]:
    """The commands of a document: lines of its blocks, and what its sentences quote."""
    for kind, block in _FENCE.findall(text):
        if kind in ("", "sh", "bash", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                yield from _LINE.findall(line)
    yield from (" ".join(quoted.split()) for quoted in _INLINE.findall(_FENCE.sub("", text)))


def _words(command: str) -> list[str]:
    """Its words after `trimtab`, up to what another program is given."""
    return _END.split(re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", command))[0].partition(" -- ")[0].split()[1:]


def _problem(command: str) -> str:
    """What of a command is not there."""
    at: click.Command = root
    words = _words(command)
    while words and isinstance(at, click.Group) and not words[0].startswith("-"):
        child = at.get_command(click.Context(at), words[0])
        if child is None and at.name == "import":  # `import FILE` is `import bill FILE`
            child, words = at.commands["bill"], ["", *words]
        if child is None:
            return "" if _UNWRITTEN.search(words[0]) else f"{words[0]} is no command of {at.name}"
        at, words = child, words[1:]
    options = {name for one in at.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "--version"}
    asked = [found.group() for word in words if (found := _OPTION.match(word))]
    return ", ".join(f"{at.name} has no {option}" for option in asked if option not in options)


def _problems(commands: Iterator[tuple[Path, str]]) -> dict[str, str]:
    said = {f"{place.name}: {command}": _problem(command) for place, command in commands}
    assert len(said) > 150
    return {command: problem for command, problem in said.items() if problem}


def test_a_document_names_commands_and_options_that_are_there(repository: Path) -> None:
    pages = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md")]
    written = ((page, one) for page in pages if page.name not in _HISTORY for one in _code(page.read_text()))
    assert {} == _problems(written)


def test_a_message_names_commands_and_options_that_are_there(repository: Path) -> None:
    files = [one for one in (repository / "src/trimtab").rglob("*") if one.suffix in (".py", ".html", ".md", ".yaml")]
    assert {} == _problems((file, one) for file in files for one in _QUOTED.findall(file.read_text()))
