"""Where a run goes on when its zone takes the machine away: the zone that, by its record, keeps one longest.

A record is a number a tick, 0 where no machine was to be had. The expected stretch without an interruption, from a tick
at which there is a machine, is the mean of the squared lengths of its stretches over their sum: long ones are met more
often. Zones are ranked by that times the share of ticks with a machine; the zone that has just interrupted comes last.
"""

import os
from collections.abc import Callable, Mapping, Sequence

Start = Callable[[str], int]
"""Run a command line; its exit code."""
Say = Callable[[str], None]


def stretches(up: Sequence[int]) -> list[int]:
    """How many ticks each stretch with machines lasted."""
    found: list[int] = []
    before = False
    for one in up:
        if one and before:
            found[-1] += 1
        elif one:
            found.append(1)
        before = bool(one)
    return found


def lasting(up: Sequence[int]) -> float:
    """Ticks that a machine of the zone is likely to last, times the share of ticks that there is one."""
    lengths = stretches(up)
    whole = sum(lengths)
    return sum(one * one for one in lengths) / whole * (whole / len(up)) if whole else 0.0


def ranked(records: Mapping[str, Sequence[int]], here: str) -> list[str]:
    """The zones in the order in which they are tried; those without a record keep theirs."""
    return sorted(records, key=lambda zone: (zone == here, -lasting(records[zone])))


def shell(command: str) -> int:
    """Run the user's own command line in the shell."""
    return os.waitstatus_to_exitcode(os.system(command))  # noqa: S605 - the user's own command line


def elsewhere(command: str, zones: Sequence[str], run: str, say: Say, start: Start = shell) -> str | None:
    """Start the run again in the first of `zones` where `command` succeeds; that zone, None where none does.

    `{zone}` and `{run}` in the command are filled in. Without zones the command is run once.
    """
    for zone in zones or ("",):
        line = command.replace("{zone}", zone).replace("{run}", run)
        say(f"elsewhere: {line}")
        code = start(line)
        if code == 0:
            say(f"started in {zone}" if zone else "started elsewhere")
            return zone
        say(f"cannot start in {zone or 'another place'}: it ended with {code}")
    return None
