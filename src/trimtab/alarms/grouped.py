"""Alarms over several series that are judged one by one, each with the alarm's own judgement. Pure."""

from collections.abc import Callable, Mapping

from trimtab.alarms.contributors import Contributor, Contributors, alarming
from trimtab.alarms.evaluate import VALUES, Periods, Verdict, evaluate
from trimtab.alarms.model import Judgement, StateValue
from trimtab.alarms.reasons import Why, compact, stamp

Explained = Callable[[Periods, StateValue, StateValue], Why]
"""Why a series with these periods went from one state to another."""


def step_judged(
    known: Mapping[str, Contributor],
    series: Mapping[str, tuple[Mapping[str, str], Periods]],
    judgement: Judgement,
    time: int,
    explained: Explained,
) -> Contributors:
    """The contributors after one evaluation; one that the query no longer returns is forgotten.

    They are in ALARM or OK: one without data is not there (user guide, "Acting on alarm changes").
    """
    after: Contributors = {}
    for id_, (attributes, periods) in series.items():
        before = known.get(id_) or Contributor(attributes, StateValue.OK, time)
        verdict = evaluate(periods, judgement)
        state = before.state if verdict is Verdict.KEEP else VALUES[verdict]
        if state is StateValue.INSUFFICIENT_DATA:
            state = StateValue.OK
        if state is not before.state:
            before = Contributor(attributes, state, time, explained(periods, before.state, state).reason)
        after[id_] = before
    return after


def together(contributors: Mapping[str, Contributor]) -> Verdict | None:
    """ALARM while one is, OK while one is and none in ALARM; None without any."""
    states = {one.state for one in contributors.values()}
    return next((verdict for verdict in _BY_RANK if VALUES[verdict] in states), None)


def counted(known: Contributors, time: int) -> Why:
    """Why an alarm over several series changed, in the words of the user guide ("Limits" of Metrics Insights)."""
    reason = f"{len(alarming(known))} out of {len(known)} time series evaluated to ALARM"
    return Why(reason, compact({"version": "1.0", "queryDate": stamp(time)}))


_BY_RANK = (Verdict.ALARM, Verdict.OK, Verdict.INSUFFICIENT_DATA)
