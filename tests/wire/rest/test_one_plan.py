"""One plan has one total: on pages, in REST and its reports, on the command line and at three of AWS's doors."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from brought import bring
from live_server import LiveServer
from trimtab.client.advice import AdviceCalls
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ResourceRecord
from trimtab.client.reports import Reports

pytestmark = pytest.mark.wire
ACCOUNT = "575757575757"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
OWNERS = ("plan-ada", "plan-bea", "plan-cyd", "plan-dov", "plan-eli", "plan-fay")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose bill has six clusters in extended support, each of another team: more than a report lists."""
    directory = tmp_path_factory.mktemp("plan")
    live = LiveServer(directory / "server").start()
    bring(live, write_bill(directory / "clusters.csv"))
    with Client(live.url, timeout_s=120) as client:
        old = {"version": "1.29", "endpointPublicAccess": False, "loggingTypes": ["audit"]}
        records = [ResourceRecord(arn=arn(owner), name=owner, attributes=old, tags={"team": owner}) for owner in OWNERS]
        Inventory(client).put(records, "test")
        AdviceCalls(client).refresh([])
    yield live
    live.stop()


def arn(owner: str) -> str:
    return f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/{owner}"


def write_bill(path: Path) -> Path:
    """A FOCUS file of the last forty days: each cluster costs 14.40 a day."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow((
        "BilledCost", "EffectiveCost", "BillingCurrency", "BillingAccountId", "SubAccountId", "BillingPeriodStart",
        "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ProviderName", "ServiceName",
        "RegionId", "ResourceId", "Tags",
    ))  # fmt: skip
    for back in range(1, 41):
        day = TODAY - timedelta(days=back)
        month = day.replace(day=1)
        after = (month + timedelta(days=32)).replace(day=1)
        period = [f"{one:%Y-%m-%d}T00:00:00Z" for one in (month, after, day, day + timedelta(days=1))]
        for owner in OWNERS:
            what = ("Usage", "AWS", "Amazon Elastic Kubernetes Service", "us-east-1", arn(owner))
            rows.writerow(("14.40", "14.40", "USD", ACCOUNT, ACCOUNT, *period, *what, f'{{"team": "{owner}"}}'))
    path.write_text(out.getvalue())
    return path


def test_one_plan_has_one_total(planned: LiveServer) -> None:
    with Client(planned.url, timeout_s=120) as client:
        (plan,) = AdviceCalls(client).every_plan().plans
        total = Decimal(plan.total)
        assert total == sum(Decimal(row.adds) for row in plan.rows if row.chosen) > 0
        assert total == sum(Decimal(one.cash or 0) for one in AdviceCalls(client).listed(limit="100").advice)
        says = f"{total:,.2f} USD a month off the"
        for page in ("/", "/home/money"):
            shown = httpx.get(f"{planned.url}{page}", timeout=60).text
            assert says in " ".join(re.sub("<[^>]+>", " ", shown).split()), page
        for template in ("weekly-fleet", "executive"):
            report = Reports(client).write(template, "")
            (section,) = [one for one in report.sections if one.title == "What to do"]
            assert section.said[0].text.startswith(f"6 changes: {says} invoice"), template
    assert f"{total:,.2f} USD a month off" in command(planned, "advice", "plan")
    for told in (cost_optimization_hub(planned), support(planned), trusted_advisor(planned)):
        assert float(total) == pytest.approx(told, abs=0.005)


def command(server: LiveServer, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "trimtab", *words, "--url", server.url], capture_output=True, text=True, check=True
    )
    return re.sub(r"\s+", " ", done.stdout)


def aws(server: LiveServer, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def cost_optimization_hub(server: LiveServer) -> float:
    """The rows, which are also what its summary says that they add up to."""
    hub = aws(server, "cost-optimization-hub")
    pages = hub.get_paginator("list_recommendations").paginate()
    rows = sum(one["estimatedMonthlySavings"] for page in pages for one in page["items"])
    summary = hub.list_recommendation_summaries(groupBy="ResourceType")
    assert rows == pytest.approx(summary["estimatedTotalDedupedSavings"])
    return float(rows)


def support(server: LiveServer) -> float:
    checks = aws(server, "support").describe_trusted_advisor_checks(language="en")["checks"]
    ids = [one["id"] for one in checks if one["category"] == "cost_optimizing"]
    told = aws(server, "support").describe_trusted_advisor_check_summaries(checkIds=ids)["summaries"]
    return float(sum(
        one["categorySpecificSummary"].get("costOptimizing", {}).get("estimatedMonthlySavings", 0) for one in told
    ))  # fmt: skip


def trusted_advisor(server: LiveServer) -> float:
    pages = aws(server, "trustedadvisor").get_paginator("list_recommendations").paginate(pillar="cost_optimizing")
    told = [one for page in pages for one in page["recommendationSummaries"]]
    return float(sum(
        one.get("pillarSpecificAggregates", {}).get("costOptimizing", {}).get("estimatedMonthlySavings", 0)
        for one in told
    ))  # fmt: skip
