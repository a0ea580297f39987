"""Readings for people: an aligned table with readable values."""

from collections.abc import Iterable

from trimtab.agent.reading import Reading

_IEC = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def table(readings: Iterable[Reading]) -> str:
    """One line a reading: name, attributes, value."""
    rows = [(item.name, ", ".join(value for _, value in item.attributes), value_text(item)) for item in readings]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(f"{name:<{widths[0]}}  {about:<{widths[1]}}  {value:>{widths[2]}}" for name, about, value in rows)


def value_text(reading: Reading) -> str:
    """The value with its unit: bytes in powers of 1024, shares in per cent, seconds in days and hours."""
    value = reading.value
    if reading.unit == "By":
        return _bytes(value)
    if reading.unit == "1":
        return f"{value * 100:.1f} %"
    if reading.unit == "s":
        minutes = int(value) // 60
        return f"{minutes // 1440} d {minutes // 60 % 24:02d}:{minutes % 60:02d}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bytes(value: int | float) -> str:
    power = 0
    while abs(value) >= 1024 and power < len(_IEC) - 1:
        value /= 1024
        power += 1
    return f"{value:.1f} {_IEC[power]}" if power else f"{value:.0f} B"
