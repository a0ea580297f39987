"""`gpu_hours`: GPU time of a team by day or hour, as the fleet ledger has it.

existing = down + held + free + unknown, held = active + inactive + unmeasured, idle = free + inactive.
"""

import numpy as np

from trimtab.fleet.figures import FIGURES
from trimtab.fleet.frame import Frame, grouped
from trimtab.fleet.model import DAY_MS, HOUR_MS, MachineKey
from trimtab.kpis.runs.reader import RunReports
from trimtab.reports.datasets.field import Field, number, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import DAY, HOUR, days_of

HOURS = tuple(one.id.removeprefix("gpu_hours_") for one in FIGURES.values() if one.unit == "h")
"""The columns of hours: every figure of GPU-hours."""
FIELDS: tuple[Field, ...] = (
    DAY, HOUR, text("account", "Account."), text("owner", "Team; unowned; (held by nobody)."),
    *(number(name, f"{FIGURES[f'gpu_hours_{name}'].text}.", "GPU-h") for name in HOURS),
)  # fmt: skip


def gpu_hours(reports: RunReports) -> Source:
    """The source over the fleet ledger."""

    async def read(window: Window) -> Rows:
        first, last = days_of(window.start_ms, min(window.end_ms, reports.clock.now_ms()))
        if first >= last:
            return Rows(())
        hourly = HOUR.name in window.wanted
        frame = await reports.ledger.frame(window.scope, first, last, HOUR_MS if hourly else DAY_MS)
        return Rows(rows_of(frame, hourly=hourly), min(last, reports.clock.now_ms()))

    return Source(
        "gpu_hours", "GPU-hours", "a team's day, or hour", FIELDS, read, whole=True, finer=frozenset((HOUR.name,))
    )


def rows_of(frame: Frame, *, hourly: bool) -> list[tuple[object, ...]]:
    """One row a bucket, account and team."""
    accounts = [MachineKey.parse(path).account for path in frame.machines]
    keys = [
        (at, accounts[machine], owner)
        for at, machine, owner in zip(frame.bucket.tolist(), frame.machine.tolist(), frame.owner_names(), strict=True)
    ]
    known = sorted(set(keys))
    place = {key: number for number, key in enumerate(known)}
    sums = grouped(frame, np.array([place[key] for key in keys], np.int64), len(known))
    return [
        (at // DAY_MS * DAY_MS, at if hourly else None, account, owner, *(getattr(one, name) for name in HOURS))
        for (at, account, owner), one in zip(known, sums, strict=True)
    ]
