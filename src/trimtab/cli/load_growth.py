"""Growing traffic as options write it."""

from trimtab.base.errors import InvalidInput
from trimtab.inference.traffic import Phase, Stop, Traffic


def read_phases(text: str) -> Traffic:
    """`2,1,120;1,0,60`: users at once, users a minute, seconds, of each phase."""
    return Traffic(tuple(Phase(int(one[0]), one[1], one[2]) for one in (_numbers(part) for part in text.split(";"))))


def read_stairs(text: str) -> Traffic:
    """`120,5,2`: seconds of a step, steps, users that each adds."""
    seconds, steps, users = _numbers(text)
    return Traffic.stairs(seconds, int(steps), int(users))


def read_stop(most_per_min: int | None, latency: str | None, flat_stops: bool) -> Stop:
    """The stopping conditions; `latency` is `P95=200`."""
    percentile, _equals, limit = (latency or "P95=0").upper().partition("=")
    try:
        return Stop(most_per_min or 0, percentile, float(limit), flat_stops)
    except ValueError:
        raise InvalidInput(f"cannot use --latency-limit {latency!r}: expected P95=200 or P99=500") from None


def _numbers(text: str) -> tuple[float, float, float]:
    try:
        first, second, third = (float(one) for one in text.split(","))
    except ValueError:
        raise InvalidInput(f"cannot read traffic {text!r}: expected three numbers with commas") from None
    if min(first, second, third) < 0 or third == 0:
        raise InvalidInput(f"cannot send traffic {text!r}: expected numbers above 0")
    return first, second, third
