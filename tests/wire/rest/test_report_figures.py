"""Figures of the five reports are those of the API, to the cent; a report says how old its data is, and its gaps."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from brought import bring
from live_server import LiveServer
from report_figures import Known, figures, table, texts
from trimtab.client import wire
from trimtab.client.advice import AdviceCalls
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.cost_explorer import Asked, CostExplorer
from trimtab.client.datasets import Datasets
from trimtab.client.datasets_wire import SqlStatement
from trimtab.client.economics import Economics
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ReportRuns, ResourceRecord, RunRecord, SetRate
from trimtab.client.reports import Reports
from trimtab.client.reports_wire import WrittenReport
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
ACCOUNT, OWNER = "474747474747", "figures-vision"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=1)
MINUTE = 60_000
_BILL = [
    # days back, cost, service, team
    (2, "123.456", "Figures Compute", OWNER), (2, "0.0049", "Figures Storage", OWNER),
    (2, "77.70", "Figures Compute", "figures-search"), (1, "210.015", "Figures Compute", OWNER),
    (1, "12.345", "Figures Storage", ""), (1, "33.33", "Figures Network", "figures-search"),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with a bill, GPUs, an endpoint, runs, an alarm and advice of yesterday."""
    path = tmp_path_factory.mktemp("figures") / "figures.csv"
    path.write_text(bill())
    bring(server, path)
    with Client(server.url, timeout_s=120) as made:
        measured(made, ms(FIRST + timedelta(hours=12)))
        start, end = ms(FIRST + timedelta(hours=9)), ms(FIRST + timedelta(hours=11))
        held = {"submit_ms": start, "start_ms": start, "end_ms": end, "gpus": 4.0, "gpu_type": "L40", "team": OWNER}
        Runs(made).report(ReportRuns("figures", "slurm", [
            RunRecord(job="1", state="completed", name="fine", **held),
            RunRecord(job="2", state="failed", name="lost", exit_code=1, **held),
        ]))  # fmt: skip
        Inventory(made).set_rates([SetRate("gpu:L40", "1.237")])
        arn = "arn:aws:eks:us-east-1:123456789012:cluster/of-figures"
        old = {"version": "1.29", "endpointPublicAccess": False, "loggingTypes": ["audit"]}
        Inventory(made).put([ResourceRecord(arn=arn, name="of-figures", attributes=old)], "test")
        AdviceCalls(made).refresh([])  # all checks: the plan is then made, and what findings are worth stands
        yield made


def bill() -> str:
    """A FOCUS file of the last two days."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow((
        "BilledCost", "EffectiveCost", "BillingCurrency", "BillingAccountId", "SubAccountId", "BillingPeriodStart",
        "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ProviderName", "ServiceName",
        "RegionId", "ResourceId", "Tags",
    ))  # fmt: skip
    for at, (back, cost, service, team) in enumerate(_BILL):
        day = TODAY - timedelta(days=back)
        month = day.replace(day=1)
        after = (month + timedelta(days=32)).replace(day=1)
        period = [f"{one:%Y-%m-%d}T00:00:00Z" for one in (month, after, day, day + timedelta(days=1))]
        tags = f'{{"team": "{team}"}}' if team else ""
        rows.writerow(
            (cost, cost, "USD", ACCOUNT, ACCOUNT, *period, "Usage", "AWS", service, "us-east-1", f"f-{at}", tags)
        )
    return out.getvalue()


def measured(client: Client, end_ms: int) -> None:
    """An hour of two GPUs, of which one falls silent for a quarter, and of an endpoint that fails too often."""
    for team, busy, gaps in ((OWNER, 50.0, range(20, 35)), ("figures-search", 0.0, range(0))):
        for name, value in (("DCGM_FI_DEV_GPU_UTIL", busy), ("DCGM_FI_DEV_FB_USED", 4000.0)):
            put(client, end_ms, name, value, range(60), gaps, UUID=f"GPU-{team}", team=team)
    for code, rate in (("200", 97.0), ("500", 3.0)):
        put(client, end_ms, "http_requests_total", rate, range(60), range(0), code=code, service="figures-answer")
    put(client, end_ms, "http_request_duration_seconds", 0.31, range(60), range(0), service="figures-answer")
    client.query("shop", "http_requests_total", fresh=True)


def put(client: Client, end_ms: int, name: str, value: float, minutes: range, gaps: range, **by: str) -> None:
    rows = [
        wire.Datum(name=name, value=value, time=end_ms - (60 - at) * MINUTE, dimensions=by)
        for at in minutes if at not in gaps
    ]  # fmt: skip
    assert client.put("shop", rows).accepted == len(rows)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def written(client: Client, template: str) -> WrittenReport:
    owner = OWNER if template == "monthly-team" else ""
    return Reports(client).write(template, owner, start=day(FIRST), end=day(TODAY))


@pytest.mark.parametrize("template", ["weekly-fleet", "monthly-team", "endpoint-slo", "training-cost", "executive"])
def test_no_report_says_a_figure_that_the_api_does_not(client: Client, template: str) -> None:
    report = written(client, template)
    known = told(client, OWNER if template == "monthly-team" else "")
    found = [(text, one) for text in texts(report) for one in figures(text)]
    assert [] == [(text, one.text) for text, one in found if not known.says(one)]
    expected = {"endpoint-slo": {"%", "s", "/s"}, "training-cost": {"USD", "h", "%"}}.get(template, {"USD", "h", "%"})
    assert expected <= {one.unit for _, one in found}


def told(client: Client, owner: str) -> Known:
    """What the API says of everybody, or of an owner, after the report: a server that others use learns meanwhile."""
    known = Known()
    for tell in (tell_costs, tell_kpis, tell_runs, tell_phases, tell_advice, tell_anomalies):
        tell(client, known, owner)
    return known


def tell_costs(client: Client, known: Known, owner: str) -> None:
    """Costs of both days, by owner and service, what changed, and why in the API's own words."""
    explorer, facet = CostExplorer(client), owner_facet(client)
    mine = [f"{facet}={owner}"] if owner else []
    for groups in ((), (facet,), ("service",)):
        before, after = (
            amounts(explorer, Asked(day(one), day(one + timedelta(days=1)), groups, mine))
            for one in (FIRST - timedelta(days=1), FIRST)
        )
        for key in {*before, *after}:
            old, new = before.get(key, Decimal(0)), after.get(key, Decimal(0))
            known.add("USD", old, new, new - old)
            if old:
                known.add("%", (new - old) / abs(old) * 100)
        rows = sorted({*before, *after}, key=lambda key: -after.get(key, Decimal(0)))[12:]  # those that are "others"
        olds, news = (sum((one.get(key, Decimal(0)) for key in rows), Decimal(0)) for one in (before, after))
        known.add("USD", olds, news, news - olds)
        if olds:
            known.add("%", (news - olds) / abs(olds) * 100)
    changes = explorer.drivers(Asked(day(FIRST), day(TODAY), (), mine), metric="net_amortized").changes
    for change in changes:
        known.text(change.text)
        for driver in change.drivers:
            known.text(driver.text)
            known.add("USD", Decimal(driver.after) - Decimal(driver.before))


def tell_kpis(client: Client, known: Known, owner: str) -> None:
    """GPU-hours of the fleet and of teams, and what endpoints did."""
    span = {"start": str(ms(FIRST)), "end": str(ms(TODAY))}
    for level in ("fleet", "team", "service"):
        for group in client.kpis(level, **span).groups:  # type: ignore[arg-type] # one of the level's names
            values = {one.id: one.value for one in group.kpis}
            known.add("h", *(value for id_, value in values.items() if id_.startswith("gpu_hours")))
            known.add("s", *(value for id_, value in values.items() if id_.startswith(("latency", "ttft"))))
            known.add("/s", values["requests_per_s"])
            for id_ in ("gpu_active_share", "success_ratio", "error_budget_left"):
                if values[id_] is not None:
                    known.add("%", (values[id_] or 0) * 100)
            known.add("%", *(one.coverage * 100 for one in group.kpis if one.coverage is not None))
            if existing := values["gpu_hours_existing"]:
                shares = [values[f"gpu_hours_{name}"] or 0 for name in ("down", "held", "active")]
                known.add("%", *(one / existing * 100 for one in shares))


def tell_runs(client: Client, known: Known, owner: str) -> None:
    """Runs of yesterday, together, those that failed, and each."""
    more = {"team": owner} if owner else {}
    runs = Runs(client).listed(start=day(FIRST), end=day(TODAY), limit=500, **more).runs
    bad = [one for one in runs if one.state in ("failed", "node_failed", "out_of_memory", "timeout", "lost")]
    for some in (runs, bad, *([one] for one in runs)):
        hours = sum(one.gpu_hours for one in some)
        known.add("h", hours, sum(one.known_hours for one in some))
        known.add("USD", sum((Decimal(one.amounts.get("USD", "0")) for one in some), Decimal(0)))
        whole = sum(one.gpu_hours for one in runs)
        known.add("%", *([hours / whole * 100] if whole else []))
    known.add("%", *(one.active_share * 100 for one in runs if one.active_share is not None))
    known.text(*(one.largest_loss.words for one in runs if one.largest_loss is not None))


def tell_phases(client: Client, known: Known, owner: str) -> None:
    """What the GPUs of runs did, by the dataset of phases: of all runs, and of those that are no services."""
    whose = f"owner = '{owner}'" if owner else "true"
    services = [
        one.job for one in Runs(client).listed(start=day(FIRST), end=day(TODAY), limit=500).runs
        if one.tags.get("kind", "") in ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet")
    ]  # fmt: skip
    left_out = ", ".join(f"'{job}'" for job in services) or "''"
    for only in ("true", f"run NOT IN ({left_out})"):
        sql = f"SELECT phase, sum(gpu_hours), sum(cost) FROM run_phases WHERE {whose} AND {only} GROUP BY phase"
        rows = Datasets(client).sql(SqlStatement(sql, start=day(FIRST), end=day(TODAY))).rows
        whole = sum(float(row[1]) for row in rows)
        for _, hours, cost in rows:
            known.add("h", float(hours), whole)
            known.add("%", *([float(hours) / whole * 100] if whole else []))
            known.add("USD", Decimal(str(cost or 0)))


def tell_advice(client: Client, known: Known, owner: str) -> None:
    """Findings, and those of one check about one owner's things together."""
    found = AdviceCalls(client).listed(**({"owner": owner} if owner else {})).advice
    groups: dict[tuple[str, str, str], list[int]] = {}
    for at, one in enumerate(found):
        groups.setdefault((one.check, one.owner, one.currency), []).append(at)
        known.text(one.summary)
    sums = []
    for members in groups.values():
        cash = sum((Decimal(found[at].cash or "0") for at in members), Decimal(0))
        sums.append((cash, sum(found[at].gpu_hours for at in members)))
        known.add("USD", cash)
        known.add("h", sums[-1][1])
    for most in (3, 5, len(sums)):  # what the report lists is the best few of them together, beside all
        best = sorted(sums, key=lambda one: -(float(one[0]) + one[1]))[:most]
        known.add("USD", sum(one for one, _ in best))
        known.add("h", sum(one for _, one in best))


def tell_anomalies(client: Client, known: Known, owner: str) -> None:
    """Days that cost too much."""
    known.add("USD", *(one.impact for one in CostAnomalies(client).listed().anomalies))


def amounts(explorer: CostExplorer, asked: Asked) -> Mapping[tuple[str, ...], Decimal]:
    found = explorer.costs(asked, metric="net_amortized", granularity="total")
    return {tuple(one.keys): Decimal(one.amount) for one in found.cells if one.currency == "USD"}


def owner_facet(client: Client) -> str:
    """What the allocation in force tells owners by."""
    now = Economics(client).allocation()
    told = re.search(r"""^["' {]*owner["']?:\s*["']?([\w-]+)""", now.document, re.MULTILINE)
    return f"{'category' if now.version else 'tag'}:{told[1] if told else 'team'}"


def test_tables_of_money_are_the_costs_page_row_by_row_and_in_their_files(client: Client) -> None:
    explorer, facet = CostExplorer(client), owner_facet(client)
    report = written(client, "weekly-fleet")
    for title, group, nobody in (
        ("By owner, net amortised, USD", facet, "(nobody)"),
        ("By service, net amortised, USD", "service", ""),
    ):
        after = amounts(explorer, Asked(day(FIRST), day(TODAY), (group,)))
        rows = {row[0]: row[2] for row in table(report, title)}
        assert {key[0] or nobody for key in after} <= {*rows, *(key[0] for key in after if len(after) > 12)}
        for key, amount in after.items():
            if (name := key[0] or nobody) in rows:
                assert f"{amount:,.2f} USD" == rows[name]
        assert f"{sum(after.values()):,.2f} USD" == rows["Total"]
    file = b"".join(Reports(client).file("weekly-fleet", "csv", start=day(FIRST), end=day(TODAY))).decode()
    cells = {
        (row["table"], row["row"]): row["value"] for row in csv.DictReader(io.StringIO(file)) if row["column"] == "Now"
    }
    assert cells["By owner, net amortised, USD", OWNER] == next(
        row[2] for row in table(report, "By owner, net amortised, USD") if row[0] == OWNER
    )
    assert Decimal(cells["By owner, net amortised, USD", OWNER].split()[0].replace(",", "")) == Decimal(
        "210.02"
    )  # 210.015 in the bill


def test_a_report_says_how_old_its_data_is_and_what_is_missing(client: Client) -> None:
    ages = {one.what: one for one in written(client, "executive").ages}
    asked = Asked(day(FIRST), day(TODAY + timedelta(days=60)))  # another test may have brought a later bill
    last = max(cell.start_ms for cell in CostExplorer(client).costs(asked, granularity="daily").cells)
    billed = datetime.fromtimestamp(last / 1000, UTC)
    assert ages["Bill"].until_ms == ms(billed + timedelta(days=1)) >= ms(TODAY)
    assert ages["Telemetry"].until_ms == max(one.last_seen_ms for one in client.sources().sources)
    begun = Reports(client).write("weekly-fleet", start=day(FIRST), end=day(TODAY + timedelta(days=3)))
    money = next(one for one in begun.sections if one.title == "Cost")
    short = billed + timedelta(days=1) < TODAY + timedelta(days=3)
    assert short == (f"billed to {billed:%-d %b %Y}" in money.said[0].text)
    gpus = next(one for one in written(client, "weekly-fleet").sections if one.title == "GPUs")
    fleet = client.kpis("fleet", start=str(ms(FIRST)), end=str(ms(TODAY))).groups[0]
    [coverage] = [one.coverage for one in fleet.kpis if one.id == "gpu_hours_existing"]
    assert coverage is not None and coverage < 1
    assert any("is measured for" in one.text for one in gpus.said)


def test_alarms_of_a_report_are_those_of_the_history(client: Client) -> None:
    alarms = Alarms(client)
    form = {"Namespace": "shop", "MetricName": "none-of-figures", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
    alarms.put("of-figures", form)
    for state in ("ALARM", "OK", "ALARM"):
        alarms.set_state("of-figures", state)  # type: ignore[arg-type] # one of the states' names
    history = alarms.history("of-figures", start=TODAY.isoformat()).items
    fired = [one for one in history if one.summary.endswith("to ALARM")]
    report = Reports(client).write("endpoint-slo", start=day(TODAY), end=day(TODAY + timedelta(days=1)))
    assert ["of-figures", str(len(fired))] == next(row[:2] for row in table(report, "Alarms") if row[0] == "of-figures")
