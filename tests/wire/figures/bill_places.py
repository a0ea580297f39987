"""Where figures of the bill are shown: the month, today, statements and budgets."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import quote

from trimtab.figures.areas.statements import TOTAL
from wire.figures.place import Place, Places
from wire.figures.reading import WHOLE, Shown, Site, Span, Values, added, amounts, exact, over_all, rounded, written

_DAY_S = 86_400
_COIN = Decimal("0.01")
_APART_S = 180
"""How far two looks at what runs on may be apart: snapshots are of a minute each, and this machine may do much else."""


def _month(site: Site) -> Span:
    """The running month as far as the bill goes; the last billed one where the running one has no line."""
    end_ms = site.json("/rest/v1/costs/estimate", metric="unblended")["billed_until_ms"]
    end = datetime.fromtimestamp(end_ms / 1000, UTC)
    last = datetime.fromtimestamp(end_ms / 1000 - 1, UTC)
    return Span(last.replace(day=1, hour=0, minute=0, second=0, microsecond=0), end)


def _name(span: Span) -> str:
    return f"{span.start:%Y-%m}"


# -- the month


def _services(rows: Iterable[tuple[str, str, Shown]]) -> Values:
    found = added(((service, currency), amount) for service, currency, amount in rows)
    return found | over_all(found)


def _month_rest(site: Site, span: Span) -> Values:
    answer = site.json("/rest/v1/costs", **_month(site).rest_days, metric="unblended", granularity="total",
                       group="service")  # fmt: skip
    found = _services((one["keys"][0], one["currency"], exact(one["amount"])) for one in answer["cells"])
    for currency, amount in answer["totals"].items():
        assert found[WHOLE, currency].value == Decimal(amount), (
            f"cells add up to {found[WHOLE, currency]}, not {amount}"
        )
    return found


def _month_command(site: Site, span: Span) -> Values:
    found = site.command("costs", *_month(site).day_options, "--metric", "unblended", "--by", "service",
                         "--granularity", "total")  # fmt: skip
    return _services((one["keys"][0], one["currency"], exact(one["amount"])) for one in found["cells"])


def _month_page(site: Site, span: Span) -> Values:
    answer = site.json("/costs.json", **_month(site).rest_days, metric="unblended", by="service")
    return {
        (group, sheet["unit"]): exact(line["now"])
        for sheet in answer["sheets"]
        for group, line in [(WHOLE, sheet["total"]), *((one["key"], one) for one in sheet["groups"])]
    }


def _month_tile(site: Site, span: Span) -> Values:
    labels = [one["label"] for one in site.json("/overview.json", **span.page)["tiles"]]
    return amounts(" ".join(site.tile("/", next(one for one in labels if "’s $" in one), **span.page)))


def _month_dataset(site: Site, span: Span) -> Values:
    columns = {"service": "", "currency": "", "cost": "sum(billed_cost)"}
    rows = site.dataset("costs", columns, _month(site))
    return _services((one["service"], one["currency"], exact(one["cost"])) for one in rows)


def _month_statements(site: Site, span: Span) -> Values:
    months = site.json("/rest/v1/statements")["months"]
    [mine] = [one for one in months if one["month"] == _name(_month(site))]
    return {(WHOLE, currency): exact(amount) for currency, amount in mine["billed"].items()}


def _month_focus(site: Site, span: Span) -> Values:
    rows = site.csv("/rest/v1/costs/export", version="1.2", format="csv", **_month(site).rest_days)
    return _services((one["ServiceName"], one["BillingCurrency"], exact(one["BilledCost"])) for one in rows)


def _month_aws(site: Site, span: Span) -> Values:
    start, end = _month(site).days
    answer = site.aws("ce").get_cost_and_usage(
        TimePeriod={"Start": start, "End": end}, Granularity="MONTHLY", Metrics=["UnblendedCost"],
        GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
    )  # fmt: skip
    groups = [one for result in answer["ResultsByTime"] for one in result["Groups"]]
    cells = ((one["Keys"][0], one["Metrics"]["UnblendedCost"]) for one in groups)
    return _services((service, one["Unit"], exact(one["Amount"])) for service, one in cells)


# -- today


def _lately(rows: Iterable[tuple[str, str, object]], digits: int = 6) -> Values:
    """What grows while it is read: a place may be so much behind another as the thing grew since."""
    now = datetime.now(UTC)
    so_far = max((now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds(), 1.0)
    share = Decimal(min(_APART_S / so_far, 1.0))
    return {
        (group, currency): Shown(Decimal(str(amount)), abs(Decimal(str(amount))) * share + Decimal(1).scaleb(-digits))
        for group, currency, amount in rows
    }


def _today_rows(answer: Any) -> Values:
    total = ((WHOLE, one["currency"], one["today"]) for one in answer["total"])
    return _lately([*((one["name"], one["currency"], one["today"]) for one in answer["groups"]), *total])


def _today_rest(site: Site, span: Span) -> Values:
    return _today_rows(site.json("/rest/v1/costs/estimate", metric="unblended"))


def _today_command(site: Site, span: Span) -> Values:
    return _today_rows(site.command("costs", "today"))


_OWNER_ROW = re.compile(r'<tr><th scope="row">([^<]*)</th><td class="num">([\d,.−-]+) <span class="muted">(\w+)</span>')


def _today_page(site: Site, span: Span) -> Values:
    """The part of the page of costs that is of today."""
    rows = _OWNER_ROW.findall(site.text("/costs/ahead", metric="unblended"))
    read = [(unescape(name), currency, amount.replace(",", "").replace("−", "-")) for name, amount, currency in rows]
    return _lately([(WHOLE if name == "Total" else name, currency, amount) for name, currency, amount in read], 2)


_SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)


def samples(site: Site, name: str) -> Iterable[tuple[Mapping[str, str], Decimal]]:
    """What `/metrics` has of a name."""
    for one in _SAMPLE.finditer(site.text("/metrics")):
        if one["name"] == name:
            yield dict(re.findall(r'(\w+)="([^"]*)"', one["labels"])), Decimal(one["value"])


def _today_metrics(site: Site, span: Span) -> Values:
    found = samples(site, "trimtab_cost_dollars")
    return _lately((labels["owner"], labels["currency"], value) for labels, value in found)


# -- statements


def _owners(rows: Iterable[tuple[str, str, object, object]]) -> Values:
    """Exact amounts, and whole coins that add up to the bill."""
    pairs = [((owner, currency), exact(amount), exact(coins)) for owner, currency, amount, coins in rows]
    found = added((key, one) for key, one, _ in pairs)
    found |= added(((owner, f"{currency} coins"), one) for (owner, currency), _, one in pairs)
    return found | over_all(found)


def _statement_of(answer: Any) -> Values:
    found = _owners((one["owner"], one["currency"], one["amount"], one["coins"]) for one in answer["owners"])
    for currency, amount in answer["totals"].items():
        assert found[WHOLE, currency].value == Decimal(amount), (
            f"owners add up to {found[WHOLE, currency]}, not {amount}"
        )
    return found


def _statement_rest(site: Site, span: Span) -> Values:
    return _statement_of(site.json(f"/rest/v1/statements/{_name(_month(site))}"))


def _statement_command(site: Site, span: Span) -> Values:
    return _statement_of(site.command("statements", "show", _name(_month(site))))


def _statement_json(site: Site, span: Span) -> Values:
    lines = site.json("/statements.json", month=_name(_month(site)))["lines"]
    return _owners((one["owner"], one["currency"], one["amount"], one["charged"]) for one in lines)


def _statement_csv(site: Site, span: Span) -> Values:
    rows = site.csv(f"/rest/v1/statements/{_name(_month(site))}/export", format="csv")
    rows = [one for one in rows if one["charge"] != "to-invoice"]  # what leads from owners to the invoice is nobody's
    return _owners((one["owner"], one["currency"], one["amount"], one["charged"]) for one in rows)


def _statement_page(site: Site, span: Span) -> Values:
    """The table that people see: whole coins by owner, of the currency that its region names."""
    page, month = site.text("/statements", month=_name(_month(site))), _name(_month(site))
    found: Values = {}
    for label in re.findall(r'<section class="panel" aria-label="(Charged by [^"]*)"', page):
        heads, *rows = site.table("/statements", unescape(label), month=month)
        at = heads.index(next(one for one in heads if one.startswith("Charged")))
        currency = label.rpartition(" ")[2]
        for row in rows:
            shown = written(row[at]) if len(row) > at else None
            if shown is not None:
                name = WHOLE if row[0].startswith(TOTAL.label) else row[0].removesuffix(" nobody's")
                found[name, f"{currency} coins"] = exact(shown.value)
    return found


def _statement_dataset(site: Site, span: Span) -> Values:
    columns = {"owner": "", "currency": "", "cost": "sum(net_effective_cost)"}
    rows = site.dataset("allocated_costs", columns, _month(site))
    found = {(one["owner"], one["currency"]): exact(one["cost"]) for one in rows}
    return found | over_all(found)


def _statement_costs(site: Site, span: Span) -> Values:
    answer = site.json("/rest/v1/costs", **_month(site).rest_days, metric="net_amortized", granularity="total")
    return {(WHOLE, currency): exact(amount) for currency, amount in answer["totals"].items()}


def _statement_aws(site: Site, span: Span) -> Values:
    start, end = _month(site).days
    answer = site.aws("ce").get_cost_and_usage(
        TimePeriod={"Start": start, "End": end}, Granularity="MONTHLY", Metrics=["NetAmortizedCost"]
    )
    [total] = [one["Total"]["NetAmortizedCost"] for one in answer["ResultsByTime"]]
    return {(WHOLE, total["Unit"]): exact(total["Amount"])}


# -- budgets


def _rest_budgets(site: Site) -> list[Any]:
    found: list[Any] = site.json("/rest/v1/budgets")["budgets"]
    return found


def _key(budget: Any) -> tuple[str, str]:
    return f"budget {budget['account']}/{budget['name']}", budget["unit"]


def _budgets(name: str, rows: Iterable[Any]) -> Values:
    """Exact; of a budget with estimated days a tenth of these may have come since: it is judged each minute."""
    known = [one for one in rows if one[name] is not None and one["type"] == "COST"]
    return {_key(one): Shown(Decimal(one[name]), abs(Decimal(one["estimated"] or "0")) / 10) for one in known}


def _budgets_rest(name: str, site: Site, span: Span) -> Values:
    return _budgets(name, _rest_budgets(site))


def _budgets_command(name: str, site: Site, span: Span) -> Values:
    return _budgets(name, (
        one for account in {one["account"] for one in _rest_budgets(site)}
        for one in site.command("budgets", "list", "--account", account)
    ))  # fmt: skip


def _budgets_page(name: str, site: Site, span: Span) -> Values:
    rows = site.json("/budgets.json")["budgets"]
    return {_key(one): rounded(one[name].replace(",", ""), 2) for one in rows if one[name] and one["type"] == "cost"}


def _budgets_aws(name: str, site: Site, span: Span) -> Values:
    found: Values = {}
    for account in {one["account"] for one in _rest_budgets(site)}:
        for one in site.aws("budgets").describe_budgets(AccountId=account)["Budgets"]:
            spend = one.get("CalculatedSpend", {}).get(name)
            if spend is not None and one["BudgetType"] == "COST":
                found[f"budget {account}/{one['BudgetName']}", spend["Unit"]] = exact(spend["Amount"])
    return found


def _left_rest(site: Site, span: Span) -> Values:
    """Limit less actual, of budgets of teams."""
    rows = [one for one in _rest_budgets(site) if one["limit"] is not None and one["actual"] is not None]
    named = {one["budget"] for one in site.json("/teams.json", **span.page)["teams"] if one["budget"]}
    return {
        (f"budget {one['name']}", ""): Shown(
            Decimal(one["limit"]) - Decimal(one["actual"]), abs(Decimal(one["estimated"] or "0")) / 10
        )
        for one in rows
        if one["name"] in named
    }


def _team_budgets(site: Site, span: Span) -> dict[str, str]:
    rows = site.json("/teams.json", **span.page)["teams"]
    return {one["team"]: one["budget"] for one in rows if one["budget"]}


def _left_json(site: Site, span: Span) -> Values:
    rows = site.json("/teams.json", **span.page)["teams"]
    return {(f"budget {one['budget']}", ""): exact(one["budget_left"]) for one in rows if one["budget"]}


def _left_csv(site: Site, span: Span) -> Values:
    rows = site.csv("/teams.csv", **span.page)
    return {(f"budget {one['budget']}", ""): exact(one["budget_left"]) for one in rows if one["budget"]}


def _left_page(site: Site, span: Span) -> Values:
    heads, *rows = site.table("/teams", "teams", **span.page)
    named, at = _team_budgets(site, span), heads.index("Budget left")
    cells = {named[row[0]]: written(row[at]) for row in rows if row[0] in named}
    return {(f"budget {name}", ""): one for name, one in cells.items() if one is not None}


def _left_tiles(site: Site, span: Span) -> Values:
    found: Values = {}
    for team, name in _team_budgets(site, span).items():
        shown = written(site.tile(f"/teams/{quote(team, safe='')}", "Budget left", **span.page)[0])
        if shown is not None:
            found[f"budget {name}", ""] = shown
    return found


def _charged_tiles(site: Site, span: Span) -> Values:
    """The page of each team, whether it holds GPUs or not."""
    month, found = _month(site), {}
    for owner, unit in _statement_json(site, span):
        if unit.endswith(" coins") and owner not in (WHOLE, "unowned", "unused commitments"):
            number, currency = site.tile(f"/teams/{quote(owner, safe='')}", f"Charged, {month.start:%B}", **span.page)
            shown = written(number)
            if shown is not None:
                found[owner, f"{currency} coins"] = shown
    return found


PLACES: Places = {
    "month_to_date": [
        Place("GET /rest/v1/costs", _month_rest, reason="the running month, whatever range is chosen"),
        Place("trimtab costs", _month_command),
        Place("/costs.json", _month_page),
        Place("overview, tile", _month_tile, part=True),
        Place("dataset costs", _month_dataset),
        Place("FOCUS export", _month_focus),
        Place("GET /rest/v1/statements", _month_statements, part=True),
        Place("Cost Explorer", _month_aws),
    ],
    "cost_today": [
        Place("GET /rest/v1/costs/estimate", _today_rest, reason="today, and it grows while it is read"),
        Place("trimtab costs today", _today_command),
        Place("/costs, not billed yet", _today_page, part=True),
        Place("/metrics", _today_metrics, part=True),
    ],
    "statement_total": [
        Place("GET /rest/v1/statements/MONTH", _statement_rest, reason="a whole month"),
        Place("trimtab statements show", _statement_command),
        Place("/statements.json", _statement_json),
        Place("statement as CSV", _statement_csv),
        Place("/statements", _statement_page, part=True),
        Place("/teams/TEAM, tile", _charged_tiles, part=True),
        Place("dataset allocated_costs", _statement_dataset, part=True),
        Place("GET /rest/v1/costs", _statement_costs, part=True),
        Place("Cost Explorer", _statement_aws, part=True),
    ],
    **{
        id_: [
            Place("GET /rest/v1/budgets", partial(_budgets_rest, name), reason="the running period of the budget"),
            Place("trimtab budgets list", partial(_budgets_command, name)),
            Place("/budgets.json", partial(_budgets_page, name)),
            Place("AWS Budgets", partial(_budgets_aws, spend)),
        ]
        for id_, name, spend in (
            ("budget_actual", "actual", "ActualSpend"), ("budget_forecast", "forecast", "ForecastedSpend"),
        )
    },
    "budget_left": [
        Place("limit − actual of GET /rest/v1/budgets", _left_rest, reason="the running period of the budget"),
        Place("/teams.json", _left_json),
        Place("/teams.csv", _left_csv),
        Place("/teams", _left_page),
        Place("/teams/TEAM, tile", _left_tiles),
    ],
}  # fmt: skip
