"""What a form is: fields, the command and the request that it stands for."""

import shlex
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.client.api import Client

Values = Mapping[str, str]


class Field(Struct, frozen=True):
    """One field. With `choices` it is a list to choose from; `offered` names what is offered while typing."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    usual: str = ""
    offered: str = ""


class Form(Struct, frozen=True):
    """One kind of record. `make` makes it and returns where it is shown, and a secret that is shown this once."""

    id: str
    title: str
    about: str
    back: str
    fields: tuple[Field, ...]
    method: str
    path: str
    body: Callable[[Values], Struct]
    command: Callable[[Values], Sequence[str]]
    make: Callable[[Client, Values, str], tuple[str, str]]
    bound: bool = True

    def shown(self, values: Values) -> Values:
        """The values of the fields, those that are usual where nothing was chosen."""
        return {one.name: values.get(one.name, "") or one.usual for one in self.fields}

    def command_line(self, values: Values) -> str:
        """The command that does the same."""
        return shlex.join(["trimtab", *self.command(values)])

    def request(self, values: Values) -> str:
        """The request that does the same, its body as YAML. Raises InvalidInput."""
        return msgspec.yaml.encode(msgspec.to_builtins(self.body(values))).decode()


def options(values: Values, names: Mapping[str, str]) -> list[str]:
    """`--option value` of those that have a value; several values are separated by commas."""
    found: list[str] = []
    for name, option in names.items():
        for value in several(values.get(name, "")):
            found += [option, value]
    return found


def several(text: str) -> list[str]:
    """Values between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def needed(values: Values, field: str, label: str) -> str:
    """A value that must be there. Raises InvalidInput."""
    found = values.get(field, "").strip()
    if not found:
        raise InvalidInput(f"cannot make it without {label}", field=field)
    return found
