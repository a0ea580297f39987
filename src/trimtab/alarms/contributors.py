"""The series behind an alarm over several: each is in a state of its own, and the alarm is in ALARM while one is. Pure.

A PromQL query returns the series that breach: one that it returns for the pending period on end goes into ALARM, one
that it did not return for the recovery period goes back to OK and is forgotten. A Metrics Insights query with GROUP BY
returns values, which `evaluate.judge` judges one by one.
"""

import json
from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.alarms.model import StateValue
from trimtab.base.ids import hash64
from trimtab.base.records import asdict, replace

MAX_CONTRIBUTORS = 500
"""Series of one alarm that are kept apart (Metrics Insights' own limit of series)."""


class Contributor(Struct, frozen=True):
    """A series: its labels, its state since `changed_ms`, why, and when it was first returned or last missed (ms).

    `breaching_ms` is since when it is returned on end; `quiet_ms` since when it is not; None where that is not so.
    """

    attributes: Mapping[str, str]
    state: StateValue
    changed_ms: int
    reason: str = ""
    breaching_ms: int | None = None
    quiet_ms: int | None = None


Contributors = dict[str, Contributor]
"""By id."""


def contributor_id(attributes: Mapping[str, str]) -> str:
    """The id of a series: 16 hexadecimal digits."""
    return f"{hash64(json.dumps(sorted(attributes.items()))):016x}"


def step(
    known: Mapping[str, Contributor],
    returned: Iterable[tuple[Mapping[str, str], float]],
    at_ms: int,
    pending_ms: int,
    recovery_ms: int,
) -> Contributors:
    """The contributors after a PromQL query `returned` some series (labels, value) at `at_ms`."""
    breaching = {contributor_id(labels): (labels, value) for labels, value in returned}
    after: Contributors = {}
    for id_, (labels, value) in list(breaching.items())[:MAX_CONTRIBUTORS]:
        one = known.get(id_) or Contributor(labels, StateValue.OK, at_ms)
        since_ms = at_ms if one.breaching_ms is None else one.breaching_ms
        one = replace(one, breaching_ms=since_ms, quiet_ms=None)
        if one.state is not StateValue.ALARM and at_ms - since_ms >= pending_ms:
            reason = f"Breaching for {(at_ms - since_ms) // 1000} seconds: the PromQL query returned {value!r}."
            one = replace(one, state=StateValue.ALARM, changed_ms=at_ms, reason=reason)
        after[id_] = one
    for id_, one in known.items():
        if id_ in breaching or one.state is not StateValue.ALARM:
            continue  # one that was only pending starts anew
        quiet_ms = at_ms if one.quiet_ms is None else one.quiet_ms
        if at_ms - quiet_ms < recovery_ms:
            after[id_] = replace(one, breaching_ms=None, quiet_ms=quiet_ms)
    return after


class ContributorChange(Struct, frozen=True):
    """A contributor that went from one state to another at a time (ms); one that is not known is OK."""

    id: str
    attributes: Mapping[str, str]
    old: StateValue
    new: StateValue
    at_ms: int
    reason: str = ""


def changes(before: Mapping[str, Contributor], after: Mapping[str, Contributor], at_ms: int) -> list[ContributorChange]:
    """What differs between the contributors of two evaluations."""
    found = []
    for id_ in {**before, **after}:
        one = after.get(id_) or before[id_]
        old, new = (known[id_].state if id_ in known else StateValue.OK for known in (before, after))
        if old is not new:
            found.append(ContributorChange(id_, one.attributes, old, new, at_ms, one.reason if id_ in after else ""))
    return found


def alarming(contributors: Mapping[str, Contributor]) -> Contributors:
    """Those in ALARM."""
    return {id_: one for id_, one in contributors.items() if one.state is StateValue.ALARM}


def write(contributors: Mapping[str, Contributor]) -> str | None:
    """As they are stored."""
    return json.dumps({id_: asdict(one) for id_, one in contributors.items()}) if contributors else None


def read(text: str | None) -> Contributors:
    """What `write` wrote."""
    if text is None:
        return {}
    found = json.loads(text)
    return {id_: Contributor(**{**one, "state": StateValue(one["state"])}) for id_, one in found.items()}
