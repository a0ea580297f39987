"""Commitments by provider over REST and the command line against a live server: coverage, rates of a CSV, plans."""

from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.unit.costs.bills import FOCUS, table
from tests.unit.costs.explorer.test_providers import CORE, CUD, PLAN, VM, Truth, company

from brought import bring
from live_server import LiveServer
from trimtab.__main__ import run
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client.advice import AdviceCalls
from trimtab.client.api import Client
from trimtab.client.cost_explorer import Asked, CostExplorer
from trimtab.client.datasets import Datasets
from trimtab.client.datasets_wire import SqlStatement
from trimtab.client.purchases import Purchases

pytestmark = pytest.mark.wire
AZURE = {**VM, "BillingAccountId": "azure-of-commitments"}
GOOGLE = {**CORE, "BillingAccountId": "google-of-commitments"}
MINE = ("payer=azure-of-commitments", "payer=google-of-commitments")
RATES = (
    "provider,kind,family,region,years,discount,unit_price,sizes\n"
    "Azure,savings-plan,*,*,1,15%,,\n"
    "Azure,reservation,DSv2 Series,eastus,1,,0.035,DS1_v2:1 DS2_v2:2\n"
)
Cli = Callable[..., str]


@pytest.fixture
def cli(server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("TRIMTAB_URL", server.url)

    def call(*arguments: str) -> str:
        code = run(arguments)
        told = capsys.readouterr()
        return told.out + told.err if code == 0 else f"{code}: {told.err}"

    return call


@pytest.fixture(scope="module")
def truths(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Truth]:
    """Bills of Azure and Google are on the server: what an hour-by-hour count says of them."""
    azure, plan = company(21, AZURE, PLAN, D(20), D("0.6"))
    google, cud = company(22, GOOGLE, CUD, D(15), D("0.63"))
    for name, rows in (("azure", azure), ("google", google)):
        path = tmp_path_factory.mktemp("bill") / f"{name}.csv"
        path.write_text(table(FOCUS, *rows))
        bring(server, path)
    return plan, cud


def test_coverage_is_told_by_provider_with_its_commitments(
    server: LiveServer, cli: Cli, truths: tuple[Truth, Truth]
) -> None:
    plan, cud = truths
    with Client(server.url) as client:
        found = CostExplorer(client).coverage(Asked("2026-08-01", "2026-09-01", filters=MINE))
        told = {one.provider: one for one in found.providers}
        for name, truth in (("Azure", plan), ("Google Cloud", cud)):
            one = told[name]
            assert D(one.coverage or 0) == pytest.approx(truth.coverage, abs=D("1e-9"))
            assert D(one.utilization or 0) == pytest.approx(truth.utilization, abs=D("1e-9"))
            assert D(one.unused) == pytest.approx(truth.unused, abs=D("1e-9"))
        rows = {(one.provider, one.type, one.name, one.years) for one in found.commitments}
        assert ("Azure", "Azure savings plan", "compute-2026", 3) in rows
        assert ("Google Cloud", "Resource committed use discount", "n2, 1 year", 1) in rows
        query = "SELECT provider, sum(used) AS used FROM commitments GROUP BY provider ORDER BY provider"
        asked = SqlStatement(sql=query, start="2026-08-01", end="2026-09-01")
        used = {row[0]: row[1] for row in Datasets(client).sql(asked).rows}
        assert D(str(used["Azure"])) == pytest.approx(plan.used, abs=D("1e-6"))
    text = cli("costs", "coverage", "--from", "2026-08-01", "--to", "2026-09-01", "--filter", MINE[0])
    assert "Azure savings plan" in text
    assert f"{float(plan.coverage):.1%}".replace("%", "") in text.replace(" %", "")


@pytest.mark.usefixtures("truths")
def test_pages_show_providers_and_name_them_when_planning(server: LiveServer) -> None:
    costs, plan = (
        urlopen(f"{server.url}{path}", timeout=60).read().decode() for path in ("/costs?months=all", "/purchase-plan")
    )
    assert 'aria-label="Commitments by provider in USD"' in costs
    assert "Covered by commitments" in costs
    assert "Azure · Azure savings plan" in costs
    assert "<option>Google Cloud</option>" in plan


def test_rates_of_a_file_are_set_whole_and_a_plan_of_a_provider_uses_them(
    server: LiveServer, cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(RATES)
    assert "1 of reservations are known" in cli("advice", "purchases", "import-rates", str(path))
    with Client(server.url, timeout_s=300) as client:
        calls = Purchases(client)
        [reserved] = calls.facts().reserved
        assert ("Azure", "DSv2 Series", "0.035", {"DS1_v2": "1", "DS2_v2": "2"}) == (
            reserved.provider, reserved.family, reserved.hourly, reserved.sizes,
        )  # fmt: skip
        assert "AZURE_COMPUTE_SP" in {one.kind for one in calls.rates()}
        with pytest.raises(InvalidInput, match="line 2 has the provider 'Oracle'"):
            calls.import_rates("provider,kind,years\nOracle,savings-plan,1\n")
        with pytest.raises(NotFound, match="no plan of XTS"):
            calls.latest("XTS")
        told = cli("advice", "purchases", "facts")
        assert "Azure/DSv2 Series/eastus/1/NO_UPFRONT" in told
        name = "Azure/DSv2 Series/eastus/1/NO_UPFRONT"
        assert "removed" in cli("advice", "purchases", "remove", "reserved", name)
        assert [] == calls.facts().reserved
        answer = AdviceCalls(client).every_plan("EUR")
        assert answer.together is None or answer.together.currency == "EUR"
