"""Hours of the week in which nobody uses a thing: learnt on the earlier weeks, proved on the last one. Pure.

Hours of the week are numbers from 0, which begins Monday 00:00 UTC. An hour counts as quiet when it was measured in
every earlier week and used in none; what was not measured (it was off) is not said to be quiet. Only stretches that are
worth a stop and a start are kept, over the end of the week too.
"""

from collections.abc import Mapping

from msgspec import Struct

HOUR_MS = 3_600_000
WEEK = 168
_MONDAY = 72
"""The hour of the week in which time begins: 1970 began on a Thursday."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CRON_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class Quiet(Struct, frozen=True):
    """The hours, learnt over `weeks`, and of how many of the last week's (`proved`) the thing was used after all."""

    hours: tuple[int, ...]
    weeks: int
    proved: int
    missed: int


def quiet_hours(used: Mapping[int, bool], now_ms: int, least_weeks: int, stretch: int) -> Quiet | None:
    """What is quiet of a thing, by start of each measured hour (ms) whether it was used; None of too few weeks.

    `least_weeks` are weeks to learn on, `stretch` the hours that a stop must last.
    """
    end = now_ms // HOUR_MS * HOUR_MS
    weeks: dict[int, dict[int, bool]] = {}
    for at, was_used in used.items():
        if at < end:
            weeks.setdefault((end - at - 1) // (WEEK * HOUR_MS), {})[hour_of_week(at)] = was_used
    earlier = [weeks[back] for back in sorted(weeks) if back]
    if len(earlier) < least_weeks or 0 not in weeks:
        return None
    still = {hour for hour in range(WEEK) if all(week.get(hour) is False for week in earlier)}
    kept = [(first + at) % WEEK for first, many in stretches(still) if many >= stretch for at in range(many)]
    proof = [weeks[0][hour] for hour in kept if hour in weeks[0]]
    return Quiet(tuple(sorted(kept)), len(earlier), len(proof), sum(proof))


def hour_of_week(at_ms: int) -> int:
    """The hour of the week that a moment is in."""
    return (at_ms // HOUR_MS + _MONDAY) % WEEK


def stretches(hours: set[int]) -> list[tuple[int, int]]:
    """Hours that follow each other, as (the first, how many); one may go over the end of the week."""
    if len(hours) >= WEEK:
        return [(0, WEEK)]
    found = []
    for first in sorted(hour for hour in hours if (hour - 1) % WEEK not in hours):
        many = 1
        while (first + many) % WEEK in hours:
            many += 1
        found.append((first, many))
    return found


def words(hours: set[int]) -> str:
    """The hours for people: `Mon, Tue 20:00 for 11 h; Fri 20:00 for 59 h (UTC)`."""
    by_time: dict[tuple[int, int], list[str]] = {}
    for first, many in stretches(hours):
        by_time.setdefault((first % 24, many), []).append(_DAYS[first // 24])
    told = (f"{', '.join(days)} {hour:02}:00 for {many} h" for (hour, many), days in by_time.items())
    return f"{'; '.join(told)} (UTC)"


def crons(hours: set[int]) -> tuple[list[str], list[str]]:
    """When to stop and when to start, as EventBridge Scheduler's cron expressions."""
    runs = stretches(hours)
    return _crons([first for first, _ in runs]), _crons([(first + many) % WEEK for first, many in runs])


def crontabs(hours: set[int]) -> tuple[list[str], list[str]]:
    """When to stop and when to start, as lines of a crontab that keeps UTC: `0 20 * * 1,2`."""
    runs = stretches(hours)
    return _crontab([first for first, _ in runs]), _crontab([(first + many) % WEEK for first, many in runs])


def _crontab(moments: list[int]) -> list[str]:
    by_hour: dict[int, list[str]] = {}
    for one in moments:
        by_hour.setdefault(one % 24, []).append(str((one // 24 + 1) % 7))  # 0 is Sunday
    return [f"0 {hour} * * {','.join(sorted(days))}" for hour, days in sorted(by_hour.items())]


def _crons(moments: list[int]) -> list[str]:
    by_hour: dict[int, list[str]] = {}
    for one in moments:
        by_hour.setdefault(one % 24, []).append(_CRON_DAYS[one // 24])
    return [f"cron(0 {hour} ? * {','.join(days)} *)" for hour, days in sorted(by_hour.items())]
