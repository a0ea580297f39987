"""What a function is: its name, the forms of its arguments, and how it is computed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.metrics.expressions.arithmetic import Dropped
from trimtab.metrics.expressions.types import ABBREVIATIONS, Type
from trimtab.metrics.expressions.values import Grid, Value

S, TS, ARRAY, TEXT = Type.SCALAR, Type.SERIES, Type.ARRAY, Type.TEXT


class Words(Struct, frozen=True):
    """A parameter that is one of some bare words."""

    names: tuple[str, ...]


Parameter = Type | Words
Argument = Value | str
"""A value, or the name of a word."""


class Form(Struct, frozen=True):
    """One way to call a function: what it takes, and the type of the answer."""

    parameters: tuple[Parameter, ...]
    result: Type

    def takes(self, types: Sequence[Type], words: Sequence[str]) -> bool:
        """Whether arguments of these types fit; `words` are the names of those that are words, "" of the others."""
        return len(types) == len(self.parameters) and all(map(_fits, self.parameters, types, words))

    def __str__(self) -> str:
        """As the documentation writes it: `TS[], S`."""
        return ", ".join(map(_written, self.parameters))


class Setting(Protocol):
    """What a function may ask of the evaluation around it."""

    @property
    def grid(self) -> Grid:
        """The periods of the expression."""
        ...

    @property
    def dropped(self) -> Dropped:
        """Where to note points that were dropped."""
        ...


Compute = Callable[[Setting, Sequence[Argument]], Value]


class Function(Struct, frozen=True):
    """A function of metric math.

    `compute` is None for those that read something (METRICS, SEARCH, PERIOD, ANOMALY_DETECTION_BAND,
    INSIGHT_RULE_METRIC): the evaluation answers them itself. `refusal` says why a known function has no answer here.
    """

    name: str
    forms: tuple[Form, ...]
    summary: str
    example: str
    compute: Compute | None = None
    refusal: str = ""

    def form(self, types: Sequence[Type], words: Sequence[str]) -> Form | None:
        """The form that takes arguments of these types."""
        return next((form for form in self.forms if form.takes(types, words)), None)


def forms(*pairs: tuple[Sequence[Parameter], Type]) -> tuple[Form, ...]:
    """Forms from (parameters, result) pairs."""
    return tuple(Form(tuple(parameters), result) for parameters, result in pairs)


EACH = forms(((TS,), TS), ((ARRAY,), ARRAY))
"""A function that changes every series by itself."""
SUMMED_UP = forms(((TS,), S), ((ARRAY,), TS))
"""A function that makes a number of a series, and a series of an array."""


def by_name(*functions: Function) -> Mapping[str, Function]:
    """The functions, by name."""
    return {function.name: function for function in functions}


def _fits(parameter: Parameter, type_: Type, word: str) -> bool:
    if isinstance(parameter, Words):
        return type_ is Type.WORD and word in parameter.names
    return parameter is type_


def _written(parameter: Parameter) -> str:
    return "|".join(parameter.names) if isinstance(parameter, Words) else ABBREVIATIONS[parameter]
