"""Costs over REST and the command line against a live server, on a bill worked out by hand."""

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from brought import bring
from live_server import LiveServer
from made_bill import PROD, RESEARCH, cur2, unblended
from trimtab.__main__ import run
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client.api import Client
from trimtab.client.cost_explorer import Asked, CostExplorer
from trimtab.client.exchange_rates import ExchangeRates

pytestmark = pytest.mark.wire
MADE = f"payer={PROD}"
FOCUS = Path(__file__).parents[4] / "shared/data/focus_sample/focus_sample.dev.csv"
AUGUST = Asked("2026-08-01", "2026-09-01", filters=(MADE,))
Cli = Callable[..., str]


@pytest.fixture(scope="module")
def explorer(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CostExplorer]:
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(server, Path(path))
    with Client(server.url) as client:
        yield CostExplorer(client)


@pytest.fixture
def cli(
    server: LiveServer, explorer: CostExplorer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    monkeypatch.setenv("TRIMTAB_URL", server.url)

    def call(*arguments: str) -> str:
        assert run(("costs", *arguments)) == 0
        return capsys.readouterr().out

    return call


def by(*groups: str, **more: str) -> Asked:
    return Asked(more.get("start", "2026-08-01"), more.get("end", "2026-09-01"), groups, (MADE,))


def test_sums_are_the_files_own(explorer: CostExplorer) -> None:
    found = explorer.costs(by("account", "tag:team"), granularity="monthly")
    assert (found.metric, found.granularity, found.groups) == ("unblended", "monthly", ["account", "tag:team"])
    assert {tuple(one.keys): Decimal(one.amount) for one in found.cells} == {
        (RESEARCH, ""): Decimal(39),
        (RESEARCH, "search"): Decimal("32.4"),
        (RESEARCH, "vision"): Decimal("14.08"),
        (PROD, ""): Decimal("115.15"),
    }
    assert {currency: Decimal(amount) for currency, amount in found.totals.items()} == {"USD": unblended(8)}


def test_every_provider_of_a_focus_file_is_its_exact_sum(explorer: CostExplorer, server: LiveServer) -> None:
    if not FOCUS.is_file():
        pytest.skip("no shared data beside this checkout")
    bring(server, FOCUS)
    exact: dict[tuple[str, str], Decimal] = {}
    with FOCUS.open(newline="") as opened:
        for line in csv.DictReader(opened):
            for column in ("BilledCost", "EffectiveCost", "ListCost"):
                key = (line["ProviderName"], column)
                exact[key] = exact.get(key, Decimal(0)) + Decimal(line[column])
    for column, metric in (("BilledCost", "unblended"), ("EffectiveCost", "amortized"), ("ListCost", "list")):
        asked = Asked("2024-08-01", "2024-12-01", ("provider",))
        found = explorer.costs(asked, metric=metric, granularity="total")
        assert {(one.keys[0], column): Decimal(one.amount) for one in found.cells} == {
            key: amount for key, amount in exact.items() if key[1] == column
        }


def test_filters_of_one_facet_are_alternatives(explorer: CostExplorer) -> None:
    asked = Asked("2026-07-01", "2026-09-01", (), (MADE, "charge=Tax", "charge=Refund", "account!=" + RESEARCH))
    assert explorer.costs(asked, granularity="total").totals == {"USD": "11.25"}
    contains = Asked("2026-08-01", "2026-09-01", (), (MADE, "usage_type~BYTEHRS"))
    assert explorer.costs(contains).totals == {"USD": "34.5"}
    assert explorer.costs(Asked("2026-08-01", "2026-09-01", (), (MADE, "usage_type!~e"))).totals == {"USD": "5.25"}


def test_currencies_stay_apart(explorer: CostExplorer, server: LiveServer, tmp_path: Path) -> None:
    path = tmp_path / "euros.csv"
    path.write_text(cur2("EUR").replace(PROD, "333333333333").replace(RESEARCH, "333333333334"))
    bring(server, path)
    both = Asked("2026-08-01", "2026-09-01", (), (MADE, "payer=333333333333"))
    found = explorer.costs(both, granularity="total")
    assert found.totals == {"EUR": "200.63", "USD": "200.63"}
    assert [change.currency for change in explorer.drivers(both).changes] == ["EUR", "USD"]
    assert {one.currency for one in explorer.savings_rate(both).total} == {"EUR", "USD"}


def test_what_changed_adds_up_and_says_why(explorer: CostExplorer) -> None:
    found = explorer.drivers(AUGUST)
    [change] = found.changes
    assert (change.before, change.after, change.more) == ("281.56", "304.79", 0)
    assert {name: amount for name, amount in change.parts.items() if amount != "0"} == {
        "quantity": "53.820321285141",  # 157.28 · 402 / 1494 on EC2, and half again as much storage: 11.5
        "price": "2.4",  # 120 h of m5.xlarge at 0.02 more
        "mix": "0.319678714859",
        "new": "14.08",
        "other": "-47.39",
    }
    ec2 = change.drivers[0]
    assert ec2.title == "Amazon Elastic Compute Cloud · Compute Instance"
    assert "m5.xlarge went from 0.2 to 0.22 USD per Hrs (+10.0 %)" in ec2.text
    assert sum(Decimal(one.after) - Decimal(one.before) for one in change.drivers) == Decimal("23.23")


def test_drivers_by_tag_add_up_too(explorer: CostExplorer) -> None:
    [change] = explorer.drivers(by("tag:team"), metric="unblended").changes
    assert {one.group for one in change.drivers} == {"", "search", "vision"}
    assert sum(Decimal(amount) for amount in change.parts.values()) == unblended(8) - unblended(7)


def test_commitments_and_what_they_cover(explorer: CostExplorer) -> None:
    found = explorer.coverage(AUGUST)
    assert [(one.kind, one.utilization, one.net_savings) for one in found.commitments] == [
        ("Reserved", "0.75", "44.64"),
        ("Savings Plan", "0.9", "11"),
    ]
    [row] = found.coverage
    assert (row.reserved_hours, row.on_demand_hours) == ("1116", "190")
    assert (row.plan_spend, row.on_demand_spend) == ("51", "46.48")


def test_the_effective_savings_rate_by_hand(explorer: CostExplorer) -> None:
    # On-demand equivalent 26.4 + 6 + 223.2 + 51 + 14.08 = 320.68; paid 26.4 + 6 + 133.92 + 36 + 14.08 and, for
    # nothing, 44.64 of the reservation and 4 of the plan.
    [total] = explorer.savings_rate(AUGUST).total
    assert (total.on_demand, total.paid, total.unused) == ("320.68", "265.04", "48.64")
    assert total.rate == "0.173506299114"


def test_what_there_is_to_ask_for(explorer: CostExplorer) -> None:
    found = explorer.values("tag:team", AUGUST, search="s")
    assert "tag:team" in found.facets
    assert [(one.value, one.amount) for one in found.values] == [("search", "32.4"), ("vision", "14.08")]


def test_views_are_saved_and_forgotten(explorer: CostExplorer) -> None:
    explorer.save_report("teams, a month", "group=tag:team")
    assert "teams, a month" in [one.name for one in explorer.reports()]
    explorer.delete_report("teams, a month")
    with pytest.raises(NotFound):
        explorer.delete_report("teams, a month")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(groups=("colour",)), "cannot group or filter by 'colour'"),
        (Asked(filters=("service",)), "cannot read filter 'service'"),
        (Asked("soon"), "cannot read time: got 'soon'"),
    ],
)
def test_what_cannot_be_read_is_told(explorer: CostExplorer, asked: Asked, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        explorer.costs(asked)
    with pytest.raises(InvalidInput, match="cannot sum"):
        explorer.costs(metric="cost")


def test_the_command_line_shows_all_of_it(cli: Cli) -> None:
    period = ("--from", "2026-08-01", "--to", "2026-09-01", "--filter", MADE)
    table = cli("--by", "service", "--granularity", "monthly", *period)
    assert "Amazon Simple Storage Service" in table
    assert "total 200.63 USD, unblended, 2026-08-01 to 2026-09-01 (not included)" in table
    assert "Costs rose by 23.23 USD (+8.3 %)" in cli("drivers", *period)
    assert "90.0 %" in cli("coverage", *period)
    assert "effective savings rate 17.4 %: 55.64 USD saved" in cli("savings-rate", *period)
    assert "vision" in cli("values", "tag:team", *period)
    assert "46 ×" not in cli("--granularity", "daily", *period)
    assert '"USD": "200.63"' in cli("--json", *period)


ECB = "Date,USD,JPY,ISK\n2026-08-28,1.16,172.5,N/A\n2026-08-27,1.15,171,\n"


def test_exchange_rates_are_imported_listed_and_taken_out(cli: Cli, explorer: CostExplorer, tmp_path: Path) -> None:
    file = tmp_path / "ecb.csv"
    file.write_text(ECB)
    assert "ECB holds 4 rates of 2 pairs, 2026-08-27 to 2026-08-28" in cli(
        "rates", "import", str(file), "--source", "ECB"
    )
    shown = cli("rates", "list", "--currency", "usd")
    assert "1.16 USD" in shown
    assert "JPY" not in shown
    rates = ExchangeRates(explorer._client)
    assert [("2026-08-28", "EUR", "JPY", "172.5")] == [
        (one.day, one.base, one.quote, one.rate) for one in rates.listed("2026-08-28", "JPY").rates
    ]
    with pytest.raises(InvalidInput, match="line 2 has the rate"):
        rates.put("mine", "date,from,to,rate\n2026-08-28,EUR,USD,x\n")
    with pytest.raises(InvalidInput, match="expected a day"):
        rates.listed("2026-02-31")
    assert "removed 4 rates of ECB" in cli("rates", "remove", "ECB")
    with pytest.raises(NotFound, match="cannot remove rates of 'ECB'"):
        rates.remove("ECB")
