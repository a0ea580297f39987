"""Grafana's names of units as the units that trimtab's lines carry, and back."""

_GRAFANA = {
    "percentunit": "fraction", "percent": "Percent", "bytes": "By", "decbytes": "By", "bits": "bit", "deckbytes": "kB",
    "kbytes": "KiB", "mbytes": "MiB", "decmbytes": "MB", "gbytes": "GiB", "decgbytes": "GB",
    "Bps": "By/s", "binBps": "By/s", "bps": "bit/s", "binbps": "bit/s", "KBs": "kB/s", "MBs": "MB/s",
    "s": "s", "dtdurations": "s", "ms": "ms", "µs": "us", "ns": "ns", "m": "min", "h": "h", "d": "d",
    "reqps": "/s", "ops": "/s", "rps": "/s", "wps": "/s", "iops": "/s", "cps": "/s", "eps": "/s", "mps": "/s",
    "pps": "/s", "hertz": "Hz", "watt": "W", "kwatt": "kW", "joule": "J", "kwatth": "kWh", "celsius": "°C",
    "fahrenheit": "°F", "rotrpm": "rpm", "currencyUSD": "$", "currencyEUR": "€", "short": "", "none": "", "locale": "",
}  # fmt: skip
_BACK = {
    "fraction": "percentunit", "Percent": "percent", "By": "bytes", "Bytes": "bytes", "By/s": "Bps",
    "Bytes/Second": "Bps", "s": "s", "Seconds": "s", "ms": "ms", "Milliseconds": "ms", "/s": "ops", "W": "watt",
    "°C": "celsius", "Hz": "hertz", "$": "currencyUSD",
}  # fmt: skip


def from_grafana(name: str) -> str:
    """The unit of a Grafana unit; a name that is not known is kept as text."""
    return _GRAFANA.get(name, name.removeprefix("suffix:").removeprefix("prefix:"))


def to_grafana(unit: str) -> str:
    """Grafana's name of a unit; text that it has no name for becomes a suffix."""
    return _BACK.get(unit, "short" if unit in ("", "None", "1") else f"suffix: {unit}")
