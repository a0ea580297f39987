"""`Reading`: one measured number with its OpenTelemetry name, unit and attributes."""

from msgspec import Struct

Attributes = tuple[tuple[str, str], ...]
"""Attribute pairs in the order in which they are shown."""


class Reading(Struct, frozen=True):
    """A gauge, or with `start_ms` a cumulative monotonic sum counted since then (ms since the epoch).

    Names and attributes are OpenTelemetry's semantic conventions (system.*, process.*) where they have one;
    `unit` is UCUM (`By`, `s`, `1`, `{process}`). Whole numbers stay ints, so that byte counters keep every bit.
    """

    name: str
    unit: str
    value: int | float
    attributes: Attributes = ()
    start_ms: int | None = None

    @property
    def counter(self) -> bool:
        """Whether the value is a cumulative sum rather than a gauge."""
        return self.start_ms is not None
