"""What a figure is: one name and one definition for a number that people are shown."""

from enum import StrEnum

from msgspec import Struct


class Rollup(StrEnum):
    """How figures of parts make the figure of the whole. Never as a mean of ratios."""

    SUM = "sum"
    RATIO = "ratio of sums"
    WHOLE = "computed over the whole, never from parts"
    NEWEST = "the newest of the parts"


NOW = "now: the newest report, whatever range is chosen"
CLIPPED = "the range that is chosen: what began before or ends after is clipped to it"
BASES = "billed, amortised or net amortised, as the answer says; net amortised where nobody chooses"


class Figure(Struct, frozen=True, kw_only=True):
    """A figure that is shown. `label` is its name wherever it is shown, `formula` how it is computed, in words.

    `unit` is "h" (GPU-hours), "1" (a share or a count), "s", "1/s", "B", "B/s", "kWh" or "$" (money, in the currency
    that stands beside it). `basis` is of money, "" of others. `span` says what a range means to it, `rows` is the page
    on which the rows behind it are, with the same range. `aliases` are shorter names in places where the rest is plain.
    """

    id: str
    label: str
    area: str
    unit: str
    formula: str
    rollup: Rollup
    basis: str = ""
    span: str = CLIPPED
    rows: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which it is shown."""
        return (self.label, *self.aliases)
