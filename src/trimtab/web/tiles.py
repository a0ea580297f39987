"""The tiles at the top of a page: one number, what it is, who it is about, and its recent shape."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.figures.areas import hosts as figures
from trimtab.figures.model import Figure
from trimtab.kpis.hosts import HostSummary
from trimtab.web import format as words
from trimtab.web.fleet import Trend, Trends


class Tile(Struct, frozen=True):
    """`note` names names; `href` leads to what the tile sums up.

    `name` is the one of the figure's names under which it is shown, its label where nothing is said; `of` narrows it to
    a currency, a month or a percentile.
    """

    figure: Figure
    value: str
    unit: str = ""
    note: str = ""
    trend: Trend = field(default_factory=list)
    href: str = ""
    name: str = ""
    of: str = ""

    def __post_init__(self) -> None:
        if self.name and self.name not in self.figure.names:
            names = ", ".join(self.figure.names)
            raise ValueError(f"bug: a tile shows {self.figure.id!r} as {self.name!r}; expected one of {names}")

    @property
    def label(self) -> str:
        """What is written above the number."""
        name = self.name or self.figure.label
        return f"{name}, {self.of}" if self.of else name


def as_dict(tile: Tile) -> dict[str, Any]:
    """A tile as JSON has it."""
    own = {name: getattr(tile, name) for name in ("label", "value", "unit", "note", "trend", "href")}
    return {"figure": tile.figure.id, **own}


def fleet_tiles(hosts: Sequence[HostSummary], trends: Trends, link: str) -> list[Tile]:
    """Hosts, CPU, memory, fullest disk and network of all hosts that are up; the worst one is named."""
    up = [host for host in hosts if host.up]
    stale = [host.name for host in hosts if not host.up]
    return [
        Tile(
            figures.HOSTS,
            str(len(up)),
            f"of {len(hosts)} up",
            _named("stale: ", stale) or ("all report" if hosts else "no host reports yet"),
            href=link,
        ),
        _share_tile(figures.CPU, up, "cpu", trends.cpu, f"{link}?sort=cpu"),
        _share_tile(figures.MEMORY, up, "memory", trends.memory, f"{link}?sort=memory"),
        _disk_tile(up, trends.disk, f"{link}?sort=disk"),
        _network_tile(up, _sum(trends.receive, trends.transmit), f"{link}?sort=receive"),
    ]


def host_tiles(host: HostSummary, trends: Trends) -> list[Tile]:
    """The same for one host."""
    cores = f"{words.value(host.cpus)} cores, load {words.value(host.load)}"
    memory = f"of {words.value(host.memory_bytes, words.BYTES)}"
    up = words.duration((host.uptime_s or 0) * 1000)
    size, unit = up.split(" ")
    return [
        Tile(figures.CPU, *_share(host.cpu), cores, trends.cpu),
        Tile(figures.MEMORY, *_share(host.memory), memory, trends.memory),
        Tile(figures.DISK, *_share(host.disk), host.disk_mount, trends.disk),
        Tile(
            figures.RECEIVED,
            *words.split_value(host.receive, words.BYTE_RATE),
            "all interfaces but loopback",
            trends.receive,
        ),
        Tile(figures.SENT, *words.split_value(host.transmit, words.BYTE_RATE), _disk_rates(host), trends.transmit),
        Tile(figures.UP, size, unit, f"{words.value(host.processes)} processes"),
    ]


def _disk_rates(host: HostSummary) -> str:
    return f"disk {words.value(host.read, words.BYTE_RATE)} read, {words.value(host.write, words.BYTE_RATE)} write"


def _share_tile(figure: Figure, hosts: Sequence[HostSummary], field_: str, trend: Trend, link: str) -> Tile:
    known = [(share, host.name) for host in hosts if (share := getattr(host, field_)) is not None]
    if not known:
        return Tile(figure, words.NONE, note="no host reports it", href=link)
    mean = sum(share for share, _ in known) / len(known)
    worst, name = max(known)
    note = f"busiest: {name}, {worst * 100:.0f} %" if len(known) > 1 else name
    return Tile(figure, *_share(mean), note, trend, href=link)


def _disk_tile(hosts: Sequence[HostSummary], trend: Trend, link: str) -> Tile:
    known = [(host.disk, host.name, host.disk_mount) for host in hosts if host.disk is not None]
    if not known:
        return Tile(figures.DISK, words.NONE, note="no host reports it", href=link)
    share, name, mount = max(known)
    rates = sum((host.read or 0) + (host.write or 0) for host in hosts)
    note = f"{mount} · I/O {words.value(rates, words.BYTE_RATE)}"
    return Tile(figures.DISK, *_share(share), note if len(hosts) == 1 else f"{name} {note}", trend, href=link)


def _network_tile(hosts: Sequence[HostSummary], trend: Trend, link: str) -> Tile:
    received, sent = sum(host.receive or 0 for host in hosts), sum(host.transmit or 0 for host in hosts)
    note = f"{words.value(received, words.BYTE_RATE)} in, {words.value(sent, words.BYTE_RATE)} out"
    if not any(host.receive is not None for host in hosts):
        return Tile(
            figures.NETWORK,
            words.NONE,
            note="waiting for a second report" if hosts else "no host reports it",
            href=link,
        )
    return Tile(figures.NETWORK, *words.split_value(received + sent, words.BYTE_RATE), note, trend, href=link)


def _share(share: float | None) -> tuple[str, str]:
    return (words.NONE, "") if share is None else (f"{share * 100:.1f}", "%")


def _sum(one: Trend, other: Trend) -> Trend:
    return [None if left is None or right is None else left + right for left, right in zip(one, other, strict=True)]


def _named(lead: str, names: Sequence[str], most: int = 2) -> str:
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return lead + ", ".join(names[:most]) + more
