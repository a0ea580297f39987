"""A report before it is a page, a PDF, a mail or a CSV: sentences with their evidence, tables, and bars.

Every figure is text by now, written once, so that a report says the same wherever it is read.
"""

from collections.abc import Sequence

from msgspec import Struct


class Said(Struct, frozen=True):
    """A sentence, and the page (a path of ours) that shows what it rests on. `tone`: good, bad, or neither."""

    text: str
    href: str = ""
    tone: str = ""


class Table(Struct, frozen=True):
    """Rows of text under heads; `right` are the columns of numbers, `total` says that the last row is their sum."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    total: bool = False
    href: str = ""


class Bar(Struct, frozen=True):
    """One bar: its name, its length in any unit, and the value in words."""

    name: str
    value: float
    shown: str


class Bars(Struct, frozen=True):
    """A bar chart."""

    title: str
    bars: Sequence[Bar]


class Section(Struct, frozen=True):
    """A part of a report."""

    title: str
    said: Sequence[Said] = ()
    bars: Sequence[Bars] = ()
    tables: Sequence[Table] = ()


class Age(Struct, frozen=True):
    """How new the data of one kind is: `until_ms` is the end of what is known, None where nothing is."""

    what: str
    until_ms: int | None
    note: str = ""


class Document(Struct, frozen=True):
    """A report over `[start_ms, end_ms)`. `facts` are the most important sentences, most important first.

    `one_page`: on paper it is one page, whatever it says.
    """

    template: str
    title: str
    about: str
    start_ms: int
    end_ms: int
    made_ms: int
    facts: Sequence[Said]
    sections: Sequence[Section]
    ages: Sequence[Age]
    one_page: bool = False
