"""Proposals: an alarm, a budget or a capacity plan as a link to its filled form. A person saves it, nobody else."""

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer
from trimtab.assistants.tool import Parts, Tool
from trimtab.assistants.words import Text
from trimtab.base.errors import InvalidInput
from trimtab.client.advice import AdviceCalls
from trimtab.client.alarms import Alarms
from trimtab.client.alarms_wire import AlarmReplay, ReplayDraft
from trimtab.client.api import Client

_OPERATORS = {
    ">": ("gt", "GreaterThanThreshold"),
    ">=": ("ge", "GreaterThanOrEqualToThreshold"),
    "<": ("lt", "LessThanThreshold"),
    "<=": ("le", "LessThanOrEqualToThreshold"),
}
_SIMPLE = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What is proposed."""

    kind: Annotated[
        Literal["alarm", "budget", "capacity_plan", "finding"],
        Meta(
            description="alarm: needs namespace, metric, threshold. budget: needs name, limit. capacity_plan: of"
            " `service`. finding: the page on which a person accepts the advice `id`."
        ),
    ]
    name: Annotated[str, Meta(max_length=100)] = ""
    namespace: Text = ""
    metric: Text = ""
    dimensions: Annotated[list[Text], Meta(max_length=30, description="name=value")] = []
    statistic: Annotated[str, Meta(max_length=16, description="Average, Sum, Maximum, p99 …")] = "Average"
    operator: Literal[">", ">=", "<", "<="] = ">"
    threshold: float | None = None
    period_s: Annotated[int, Meta(ge=10, le=86_400)] = 300
    datapoints: Annotated[int, Meta(ge=1, le=100, description="Periods in a row.")] = 1
    limit: Annotated[str, Meta(pattern=r"^([0-9]{1,15}(\.[0-9]{1,6})?)?$", description="Of a budget.")] = ""
    unit: Annotated[str, Meta(max_length=16)] = "USD"
    time_unit: Literal["MONTHLY", "DAILY", "QUARTERLY", "ANNUALLY"] = "MONTHLY"
    tags: Annotated[list[Text], Meta(max_length=5, description="Of a budget: only lines with key=value.")] = []
    service: Text = ""
    id: Annotated[Text, Meta(description="Of a finding.")] = ""


def _run(client: Client, asked: Arguments) -> Answer:
    return _KINDS[asked.kind](client, asked)


def _answer(link: str, facts: dict[str, Any], basis: str, notes: list[str]) -> Answer:
    return Answer(
        page=link,
        total={"made": 0},
        basis=basis,
        facts=facts,
        notes=["Nothing is made yet: a person opens the page, checks the filled form, and saves it.", *notes],
    )


def _alarm(client: Client, asked: Arguments) -> Answer:
    if not (asked.namespace and asked.metric and asked.threshold is not None):
        raise InvalidInput("cannot draft an alarm: expected namespace, metric and threshold", field="metric")
    pairs = [("kind", "metric"), ("name", asked.name), ("namespace", asked.namespace), ("metric", asked.metric),
             *(("dimension", one) for one in asked.dimensions), ("stat", asked.statistic),
             ("period", str(asked.period_s)), ("op", _OPERATORS[asked.operator][0]),
             ("threshold", f"{asked.threshold:g}"), ("n", str(asked.datapoints)),
             ("m", str(asked.datapoints))]  # fmt: skip
    parts = Parts()
    draft = ReplayDraft(_definition(asked), points=10)
    replay: AlarmReplay | None = parts.of("its replay", lambda: Alarms(client).replay_draft(draft), None)
    facts = {} if replay is None else {
        "would_have_fired": replay.fired, "in_days": 30, "minutes_in_alarm": round(replay.firing_ms / 60_000),
        "longest_minutes": round(replay.longest_ms / 60_000), "notes": replay.notes[:3],
    }  # fmt: skip
    link = "/alarms/new?" + urlencode([(name, value) for name, value in pairs if value])
    return _answer(link, facts, "the draft replayed on the last 30 days", parts.notes)


def _definition(asked: Arguments) -> dict[str, Any]:
    statistic = "Statistic" if asked.statistic in _SIMPLE else "ExtendedStatistic"
    return {
        "Namespace": asked.namespace,
        "MetricName": asked.metric,
        "Dimensions": [dict(zip(("Name", "Value"), one.partition("=")[::2], strict=True)) for one in asked.dimensions],
        statistic: asked.statistic,
        "Period": asked.period_s,
        "ComparisonOperator": _OPERATORS[asked.operator][1],
        "Threshold": asked.threshold,
        "EvaluationPeriods": asked.datapoints,
        "DatapointsToAlarm": asked.datapoints,
    }


def _budget(client: Client, asked: Arguments) -> Answer:
    if not (asked.name and asked.limit):
        raise InvalidInput("cannot draft a budget: expected name and limit", field="limit")
    pairs = [("name", asked.name), ("limit", asked.limit), ("unit", asked.unit),
             ("time_unit", asked.time_unit.lower()), ("tags", ", ".join(asked.tags))]  # fmt: skip
    link = "/make/budget?" + urlencode([(name, value) for name, value in pairs if value])
    return _answer(link, {}, "a limit on amortised cost of the bill", [])


def _plan(client: Client, asked: Arguments) -> Answer:
    query = "?" + urlencode({"service": asked.service}) if asked.service else ""
    return _answer(f"/capacity-plan{query}", {}, "type, policy and purchase of a service, replayed on its demand", [])


def _finding(client: Client, asked: Arguments) -> Answer:
    if not asked.id:
        raise InvalidInput("cannot point to a finding: expected its id, as the tool advice shows it", field="id")
    found = AdviceCalls(client).get(asked.id)
    facts = {"summary": found.summary, "resource": found.name, "decision": found.decision, "fix": found.fix}
    return _answer(f"/advice/{quote(asked.id, safe='')}", facts, "the finding as last judged", [])


_KINDS = {"alarm": _alarm, "budget": _budget, "capacity_plan": _plan, "finding": _finding}

TOOL = Tool(
    name="draft",
    title="Propose an alarm, a budget or a plan",
    about="Drafts an alarm (with how often it would have fired), a budget or a capacity plan, or points to the page "
    "where advice is accepted. It changes nothing: `page` is a filled form for a person to check and save.",
    arguments=Arguments,
    run=_run,
)
