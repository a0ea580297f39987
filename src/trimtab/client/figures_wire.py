"""What travels over `/rest/v1/figures`."""

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """A figure that is shown: its one name, formula, basis (of money), what a range means to it, how it adds up, and
    the page on which the rows behind it are. `aliases` are shorter names by which it is shown too."""

    id: str
    label: str
    area: str
    unit: str
    formula: str
    basis: str
    span: str
    rollup: str
    rows: str
    aliases: list[str]


class Figures(Struct, frozen=True):
    """The register."""

    figures: list[Figure]
