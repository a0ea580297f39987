"""What fires now, and what was unusual: alarms, budgets, hanging runs, anomalies of metrics, of logs and of costs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, money, time_text
from trimtab.assistants.tool import Parts, Tool, by_ask
from trimtab.assistants.words import End, Start, Text
from trimtab.base.errors import InvalidInput
from trimtab.client import alarms_wire, anomalies_wire
from trimtab.client.alarms import Alarms
from trimtab.client.anomalies import Anomalies
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import Budget
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.cost_anomalies_wire import CostAnomaly
from trimtab.client.runs import Runs
from trimtab.client.runs_wire import HangingRun

_PAGE = 500
"""Alarms that are read at most."""
_ALARM = ("alarm", "account", "state", "since", "condition", "reason", "muted")


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of alarms."""

    ask: Annotated[
        Literal["firing", "alarms", "history", "anomalies"],
        Meta(
            description="firing: all that is wrong now, of every kind. alarms: alarms by `text` or `state`. history:"
            " what happened to the alarm `name`, and how often it would have fired in a week. anomalies: series that"
            " are unlike their own past."
        ),
    ] = "firing"
    name: Annotated[Text, Meta(description="Of history: the alarm's name.")] = ""
    account: Annotated[str, Meta(max_length=64, description="Account of the alarm, as listed.")] = ""
    text: Annotated[Text, Meta(description="Part of a name.")] = ""
    state: Literal["", "OK", "ALARM", "INSUFFICIENT_DATA"] = ""
    start: Start = "-24h"
    end: End = "now"


def _firing(client: Client, asked: Arguments) -> Answer:
    parts = Parts()
    none = alarms_wire.AlarmList([])
    alarms = parts.of("alarms", lambda: _listed(client, asked, "ALARM"), none)
    budgets: list[Budget] = parts.of(
        "budgets", lambda: [one for one in Budgets(client).listed() if one.state == "ALARM"], []
    )
    hanging: list[HangingRun] = parts.of("hanging runs", lambda: Runs(client).hanging().runs, [])
    costs: list[CostAnomaly] = parts.of(
        "cost anomalies", lambda: CostAnomalies(client).listed(open_only=True).anomalies, []
    )
    nothing = anomalies_wire.AnomalyList([], 0, 0, None)
    unusual = parts.of("anomalies", lambda: Anomalies(client).find(start=asked.start, end=asked.end, limit=50), nothing)
    going = [one for one in unusual.anomalies if one.open]
    return Answer(
        page="/alarms?state=ALARM",
        total={
            "alarms": len(alarms.alarms),
            "more_alarms": alarms.next is not None,
            "budgets": len(budgets),
            "hanging_runs": len(hanging),
            "open_cost_anomalies": len(costs),
            "open_anomalies": len(going),
        },
        basis="states as last evaluated; budgets with the live estimate; anomalies that go on now",
        notes=parts.check(),
        tables=[
            Table(name="alarms", columns=_ALARM, rows=[_alarm(one) for one in alarms.alarms]),
            Table(
                name="budgets",
                columns=("budget", "unit", "actual", "limit", "forecast"),
                rows=[(o.name, o.unit, money(o.actual), money(o.limit), money(o.forecast)) for o in budgets],
            ),
            Table(
                name="hanging_runs",
                columns=("job", "cluster", "name", "team", "gpus", "since"),
                rows=[(o.job, o.cluster, o.name, o.team, o.gpus, time_text(o.from_ms)) for o in hanging],
            ),
            Table(
                name="cost_anomalies",
                columns=("id", "of", "since", "currency", "impact"),
                rows=[
                    (o.id, o.place.service or o.value, time_text(o.start_ms), o.currency, money(o.impact))
                    for o in costs
                ],
                sums=("impact",),
            ),
            Table(
                name="anomalies",
                columns=("place", "what", "since", "score"),
                rows=[(o.place, o.what, time_text(o.start_ms), o.score) for o in going],
            ),
        ],
    )


def _listed(client: Client, asked: Arguments, state: str) -> alarms_wire.AlarmList:
    """Alarms of the account that is asked about, else of every account that the key sees; one page of them."""
    place = Alarms(client, account=asked.account or None)
    return place.page(state=state or None, text=asked.text or None, limit=_PAGE)


def _alarm(one: alarms_wire.Alarm) -> tuple[str | bool | None, ...]:
    return (one.name, one.account, one.state, time_text(one.since_ms), one.summary, one.reason, bool(one.muted_by))


def _alarms(client: Client, asked: Arguments) -> Answer:
    page = _listed(client, asked, asked.state)
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
    every = sorted(page.alarms, key=lambda one: (order[one.state], one.name))
    return Answer(
        page="/alarms",
        total={
            "alarms": len(every),
            "more_alarms": page.next is not None,
            "in_alarm": sum(one.state == "ALARM" for one in every),
        },
        basis="states as last evaluated",
        tables=[Table(name="alarms", columns=_ALARM, rows=[_alarm(one) for one in every])],
    )


def _history(client: Client, asked: Arguments) -> Answer:
    if not asked.name:
        raise InvalidInput("cannot tell a history: no alarm is named; expected one that ask=alarms shows", field="name")
    alarms = Alarms(client, account=asked.account or None)
    found = alarms.history(asked.name, start=asked.start, end=asked.end, limit=50)
    rows = [(time_text(one.at_ms), one.type, one.summary) for one in found.items]
    parts = Parts()
    replay: alarms_wire.AlarmReplay | None = parts.of(
        "its replay", lambda: alarms.replay(asked.name, start="-7d", points=10), None
    )
    replayed = {} if replay is None else {
        "would_have_fired_in_7_days": replay.fired, "hours_in_alarm": round(replay.firing_ms / 3_600_000, 1)
    }  # fmt: skip
    fired = sum(one.type == "StateUpdate" and one.summary.endswith("to ALARM") for one in found.items)
    return Answer(
        page="/alarms",
        total={"entries": len(rows), "changes_to_alarm": fired, **replayed},
        basis="kept for 14 days, the newest first",
        period=(asked.start, asked.end),
        notes=parts.notes,
        tables=[Table(name="history", columns=("at", "kind", "what"), rows=rows)],
    )


def _anomalies(client: Client, asked: Arguments) -> Answer:
    found = Anomalies(client).find(start=asked.start, end=asked.end, name=asked.text or None, limit=60)
    rows = [
        (one.id, one.place, one.what, time_text(one.start_ms), one.open, one.score, one.account)
        for one in found.anomalies
    ]
    columns = ("id", "place", "what", "since", "goes_on", "score", "account")
    return Answer(
        page="/anomalies",
        total={"anomalies": found.total, "series_watched": found.watch.watched if found.watch else None},
        basis="each series against its own past; the strongest first, 4 is the most there is",
        period=(asked.start, asked.end),
        tables=[
            Table(name="anomalies", columns=columns, rows=rows, more=max(found.total - len(rows), 0)),
        ],
    )


_ASKS = {"firing": _firing, "alarms": _alarms, "history": _history, "anomalies": _anomalies}

TOOL = Tool(
    name="alerts",
    title="What fires",
    about="What is wrong now: alarms that fire, budgets that are passed, runs that hang, costs and metrics that are "
    "unlike their past; alarms with their states and conditions, and how often one fired.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
