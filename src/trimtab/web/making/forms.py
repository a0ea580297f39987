"""The forms: a budget, a monitor of costs, who is told of cost anomalies, a channel."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.client import budgets_wire, cost_anomalies_wire, notify_wire
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.notify import Notify
from trimtab.web.making.form import Field, Form, Values, needed, options, several
from trimtab.web.view import link

S = TypeVar("S", bound=Struct)
_NAME = Field("name", "Name", "what people will read")
_EMAIL = Field("email", "E-mail addresses", "ml@example.com, ops@example.com")
_TOPIC = Field("topic", "Or a topic or channel", "arn:aws:sns:…:ops", offered="whom")


def _read(fields: Mapping[str, Any], type_: type[S]) -> S:
    """A body of the API out of what was typed; what is empty is left out. Raises InvalidInput."""
    given = {name: value for name, value in fields.items() if value not in ("", None, [], {})}
    try:
        return typed.convert(given, type_)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot make it: {problem}") from None


def _tags(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in several(text):
        key, equals, value = part.partition("=")
        if not key or not equals:
            raise InvalidInput(f"cannot filter by tag {part!r}: expected KEY=VALUE, such as team=ml", field="tags")
        found.setdefault(key, []).append(value)
    return found


def _budget(values: Values) -> budgets_wire.PutBudget:
    told = [("ACTUAL", one) for one in several(values["actual"])]
    told += [("FORECASTED", one) for one in several(values["forecasted"])]
    emails, topic = several(values["email"]), values["topic"]
    if told and not (emails or topic):
        raise InvalidInput("cannot tell nobody: give an e-mail address or a topic", field="email")
    services = several(values["service"])
    only = {"Dimensions": {"Key": "SERVICE", "Values": services}} if services else None
    fields = {
        "name": needed(values, "name", "a name"),
        "limit": values["limit"],
        "unit": values["unit"],
        "time_unit": values["time_unit"].upper(),
        "filter": only,
        "tags": _tags(values["tags"]),
        "notifications": [
            {"threshold": one, "type": type_, "emails": emails, **({"topic": topic} if topic else {})}
            for type_, one in told
        ],
    }
    return _read(fields, budgets_wire.PutBudget)


def _budget_command(values: Values) -> list[str]:
    names = {
        "limit": "--limit", "unit": "--unit", "time_unit": "--time-unit", "tags": "--tag", "service": "--service",
        "actual": "--actual", "forecasted": "--forecasted", "email": "--email", "topic": "--topic",
    }  # fmt: skip
    usual = {field.name: field.usual for field in BUDGET.fields if field.name in ("unit", "time_unit")}
    typed_in = {name: value for name, value in values.items() if usual.get(name) != value}
    return ["budgets", "put", values["name"] or "NAME", *options(typed_in, names)]


def _make_budget(client: Client, values: Values, account: str) -> tuple[str, str]:
    made = Budgets(client, account).put(_budget(values))
    return link("/budgets", [("budget", made.name), ("account", made.account)]), ""


_BY = {"service": "SERVICE", "account": "LINKED_ACCOUNT", "tag": "TAG", "category": "COST_CATEGORY"}


def _monitor(values: Values) -> cost_anomalies_wire.PutMonitor:
    by, key = values["by"], values["key"].strip()
    if bool(key) != (by in ("tag", "category")):
        raise InvalidInput("cannot watch it: a tag or a cost category has a key, a service and an account none")
    fields = {"name": needed(values, "name", "a name"), "dimension": _BY.get(by, by), "key": key}
    return _read(fields, cost_anomalies_wire.PutMonitor)


def _monitor_command(values: Values) -> list[str]:
    by = f"{values['by']}:{values['key']}" if values["key"] else values["by"]
    return ["costs", "monitors", "add", values["name"] or "NAME", "--by", by]


def _make_monitor(client: Client, values: Values, account: str) -> tuple[str, str]:
    made = CostAnomalies(client).add_monitor(_monitor(values))
    return link("/cost-anomalies", [("monitor", made.id)]), ""


def _subscription(values: Values) -> cost_anomalies_wire.PutSubscription:
    emails, topic = several(values["email"]), values["topic"].strip()
    if not emails and not topic:
        raise InvalidInput("cannot tell nobody: give an e-mail address or a topic", field="email")
    fields = {
        "name": needed(values, "name", "a name"),
        "frequency": values["when"].upper(),
        "absolute": values["absolute"],
        "percentage": values["percentage"],
        "emails": emails,
        "topic": topic,
    }
    return _read(fields, cost_anomalies_wire.PutSubscription)


def _subscription_command(values: Values) -> list[str]:
    names = {"when": "--when", "absolute": "--absolute", "percentage": "--percentage", "email": "--email",
             "topic": "--topic"}  # fmt: skip
    return ["costs", "subscriptions", "add", values["name"] or "NAME", *options(values, names)]


def _make_subscription(client: Client, values: Values, account: str) -> tuple[str, str]:
    CostAnomalies(client).subscribe(_subscription(values))
    return "/cost-anomalies", ""


def _channel(values: Values) -> notify_wire.CreateChannel:
    fields = {
        "name": needed(values, "name", "a name"),
        "kind": values["kind"],
        "endpoint": needed(values, "endpoint", "a URL or addresses"),
        "topics": several(values["topics"]),
        "events": several(values["events"]),
        "owners": several(values["owners"]),
    }
    return _read(fields, notify_wire.CreateChannel)


def _channel_command(values: Values) -> list[str]:
    head = ["notify", "add", values["name"] or "NAME", values["kind"], values["endpoint"] or "ENDPOINT"]
    return head + options(values, {"topics": "--topic", "events": "--event", "owners": "--owner"})


def _make_channel(client: Client, values: Values, account: str) -> tuple[str, str]:
    made = Notify(client).add(_channel(values))
    return f"/notifications?channel={quote(made.channel.name)}", made.signing_secret or ""


BUDGET = Form(
    "budget", "New budget", "A limit on a part of the bill, and who is told when it is passed, or is going to be.",
    "/budgets",
    (
        _NAME,
        Field("limit", "Limit", "5000"),
        Field("unit", "In", "USD", usual="USD"),
        Field("time_unit", "Every", choices=(("daily", "day"), ("monthly", "month"), ("quarterly", "quarter"),
                                             ("annually", "year")), usual="monthly"),
        Field("tags", "Only lines with these tags", "team=ml, env=prod", offered="tags"),
        Field("service", "Only these services", "Amazon SageMaker"),
        Field("actual", "Tell when so much is spent, %", "80, 100"),
        Field("forecasted", "Tell when so much is expected, %", "100"),
        _EMAIL,
        _TOPIC,
    ),
    "POST", "/rest/v1/budgets", _budget, _budget_command, _make_budget,
)  # fmt: skip
MONITOR = Form(
    "monitor", "New monitor of costs", "Each value of a dimension of the bill is judged by itself, every day.",
    "/cost-anomalies",
    (
        _NAME,
        Field("by", "Watch each", choices=(("service", "service"), ("account", "account"), ("tag", "value of a tag"),
                                           ("category", "value of a cost category")), usual="service"),
        Field("key", "Key of the tag or category", "team", offered="keys"),
    ),
    "POST", "/rest/v1/costs/anomalies/monitors", _monitor, _monitor_command, _make_monitor,
)  # fmt: skip
SUBSCRIPTION = Form(
    "subscription", "Be told of cost anomalies", "Of each anomaly once, from an impact on.", "/cost-anomalies",
    (
        _NAME,
        Field("when", "When", choices=(("immediate", "at once"), ("daily", "each day"), ("weekly", "each week")),
              usual="daily"),
        Field("absolute", "From so much more on", "100"),
        Field("percentage", "And so many percent more", "40"),
        _EMAIL,
        _TOPIC,
    ),
    "POST", "/rest/v1/costs/anomalies/subscriptions", _subscription, _subscription_command, _make_subscription,
)  # fmt: skip
CHANNEL = Form(
    "channel", "New channel", "Who is told: a chat, mail, a webhook. A pager needs a key: "
    "trimtab notify add pager pagerduty --routing-key-file key.txt",
    "/notifications",
    (
        _NAME,
        Field("kind", "Kind", choices=(("slack", "Slack"), ("teams", "Teams"), ("email", "e-mail"),
                                       ("webhook", "webhook"), ("alertmanager", "Alertmanager")), usual="slack"),
        Field("endpoint", "URL, or addresses of mail", "https://hooks.slack.com/services/…"),
        Field("topics", "Topics that it gets", "ops; made if new", usual=""),
        Field("events", "Events that it gets", "alarm.*, run.hung"),
        Field("owners", "Owners who are asked here", "ml-platform"),
    ),
    "POST", "/rest/v1/channels", _channel, _channel_command, _make_channel, bound=False,
)  # fmt: skip
FORMS = (BUDGET, MONITOR, SUBSCRIPTION, CHANNEL)
