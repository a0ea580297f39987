"""Every figure of a report, and whether the API says it too."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from trimtab.client import reports_wire as wire

_FIGURE = re.compile(
    r"(?P<sign>[+−±])?(?P<digits>\d[\d,]*(?:\.(?P<after>\d+))?)(?P<exponent>e[-+]?\d+)?"
    r" ?(?P<unit>USD|%|h|ms|s|/s)(?![\w])"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, and how far a value may be off that rounds to it."""

    value: Decimal
    unit: str
    half: Decimal
    text: str


def figures(text: str) -> Iterator[Figure]:
    """Figures of a text: money, shares, hours, times and rates; money is exact to the digits that it has."""
    for found in _FIGURE.finditer(text):
        value = Decimal(found["digits"].replace(",", "") + (found["exponent"] or ""))
        half = Decimal(1).scaleb(-len(found["after"] or "")) / 2
        unit, scale = ("s", Decimal("0.001")) if found["unit"] == "ms" else (found["unit"], Decimal(1))
        signed = -value if found["sign"] == "−" else value
        yield Figure(signed * scale, unit, half * scale, found[0])


@dataclass
class Known:
    """What the API said, by unit."""

    values: dict[str, set[Decimal]] = field(default_factory=dict)

    def add(self, unit: str, *values: object) -> None:
        """Take values; None is none."""
        known = self.values.setdefault(unit, set())
        known.update(Decimal(str(one)) for one in values if one is not None)

    def text(self, *texts: str) -> None:
        """Take the figures of a text that the API gave."""
        for text in texts:
            for one in figures(text):
                self.add(one.unit, one.value)

    def says(self, figure: Figure) -> bool:
        """Whether a value rounds to the figure, whatever its sign: a sentence says "fell by"."""
        slack = figure.half + Decimal("1e-9")
        return any(abs(abs(one) - abs(figure.value)) <= slack for one in self.values.get(figure.unit, ()))


def texts(report: wire.WrittenReport) -> Iterable[str]:
    """Every sentence and every cell."""
    yield from (one.text for one in report.facts)
    for section in report.sections:
        yield from (one.text for one in section.said)
        for table in section.tables:
            yield from (cell for row in table.rows for cell in row)


def table(report: wire.WrittenReport, title: str) -> list[list[str]]:
    """The rows of the table with a title. Raises StopIteration where the report has none."""
    return next(one.rows for section in report.sections for one in section.tables if one.title == title)
