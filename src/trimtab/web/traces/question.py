"""What the trace pages ask, as their URLs have it: an expression, a range of durations, a window and a baseline."""

from collections.abc import Hashable
from functools import partial

from msgspec import Struct

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.timerange import parse_instant_ms
from trimtab.bottlenecks.read import Choice, Sampled
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.web.site import Site
from trimtab.web.view import View

TTL_S = 15.0
DEFAULT_RANGE = "1h"
BASELINES = {
    "before": "the same time before",
    "day": "a day before",
    "week": "a week before",
}
_DAY_MS = 86_400_000


class TraceQuestion(Struct, frozen=True):
    """The filter as typed (`text`) and as asked, with the durations that were chosen in the picture."""

    text: str
    choice: Choice
    low_ms: float | None = None
    high_ms: float | None = None


def room_of(site: Site) -> BottlenecksRoom:
    """The room. Raises NotFound where this server keeps no traces."""
    if site.state.bottlenecks is None:
        raise NotFound("this server keeps no traces")
    return site.state.bottlenecks


def read_question(view: View) -> TraceQuestion:
    """The question in the URL. Raises InvalidInput for durations that are no numbers."""
    text = view.get("q")
    low, high = _number(view, "low"), _number(view, "high")
    pieces = [f"({text})"] if text else []
    pieces += [f"duration >= {low / 1000:.6f}"] if low is not None else []
    pieces += [f"duration <= {high / 1000:.6f}"] if high is not None else []
    expression = text if len(pieces) == 1 and text else " AND ".join(pieces)
    return TraceQuestion(text, Choice(view.window.start_ms, view.window.end_ms, expression), low, high)


def read_baseline(view: View, choice: Choice) -> Choice | None:
    """The baseline that the URL asks for: `baseline=before|day|week`, or an instant from which on it is as long."""
    asked = view.get("baseline")
    if not asked:
        return None
    span = choice.end_ms - choice.start_ms
    if asked in BASELINES:
        by = {"before": span, "day": _DAY_MS, "week": 7 * _DAY_MS}[asked]
        return Choice(choice.start_ms - by, choice.end_ms - by, choice.expression)
    start = parse_instant_ms(asked, view.now_ms)
    return Choice(start, start + span, choice.expression)


async def sampled(site: Site, view: View, choice: Choice) -> Sampled:
    """The population, shared by all who ask the same within some seconds. Raises what the room raises."""
    read = partial(room_of(site).populations.population, view.scope, choice)
    return await site.cache.get(("traces", *key_of(view, choice)), TTL_S, read)


def key_of(view: View, choice: Choice | None) -> tuple[Hashable, ...]:
    """What is the same for all who ask the same within some seconds."""
    if choice is None:
        return ()
    grain = int(TTL_S * 1000)
    return view.scope, choice.start_ms // grain, choice.end_ms // grain, choice.expression


def _number(view: View, name: str) -> float | None:
    text = view.get(name)
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        raise InvalidInput(f"cannot read {name}: got {text!r}; expected milliseconds", field=name) from None
