"""AWS's own servers of the Model Context Protocol, unchanged, against trimtab in AWS's place.

They are no dependency: `pip install awslabs.cloudwatch-mcp-server awslabs.billing-cost-management-mcp-server
awslabs.cloudtrail-mcp-server`, then `make test-all ARGS="-k aws_servers"`.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from brought import bring
from live_server import LiveServer
from made_bill import cur2
from trimtab.client.api import Client as Rest
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import BudgetNotification, PutBudget

pytestmark = [pytest.mark.wire, pytest.mark.slow]
mcp = pytest.importorskip("mcp", reason="the official client of the protocol is not installed: `make test` does")
SERVERS = ("cloudwatch", "billing_cost_management", "cloudtrail")
for _server in SERVERS:
    if find_spec("awslabs") is None or find_spec(f"awslabs.{_server}_mcp_server") is None:
        pytest.skip(f"awslabs.{_server}-mcp-server is not installed", allow_module_level=True)
NOW = datetime.now(UTC)
FROM, UNTIL = (NOW - timedelta(hours=2)).isoformat(), (NOW + timedelta(minutes=1)).isoformat()
GROUP = "/aws-servers/app"
MONTHS = {"start_date": "2026-07-01", "end_date": "2026-09-01"}
BASELINE = {
    "baseline_start_date": "2026-07-01", "baseline_end_date": "2026-08-01", "comparison_start_date": "2026-08-01",
    "comparison_end_date": "2026-09-01", "metric_for_comparison": "UnblendedCost",
}  # fmt: skip
DIMENSIONS = [{"name": "Service", "value": "cart"}]
CALLS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("cloudwatch", "describe_log_groups", {"log_group_name_prefix": "/aws-servers"}, GROUP),
    ("cloudwatch", "execute_log_insights_query", {"log_group_names": [GROUP], "start_time": FROM, "end_time": UNTIL,
        "query_string": "fields @message | limit 5"}, "timeout of cart"),
    ("cloudwatch", "execute_cwl_insights_batch", {"log_group_names": [GROUP], "regions": ["us-east-1"],
        "start_time": FROM, "end_time": UNTIL, "query_string": "stats count(*)"}, "count"),
    ("cloudwatch", "get_metric_data", {"namespace": "AwsServers", "metric_name": "errors", "start_time": FROM,
        "end_time": UNTIL, "dimensions": DIMENSIONS, "statistic": "Sum"}, "7"),
    ("cloudwatch", "get_metric_metadata", {"namespace": "AWS/EC2", "metric_name": "CPUUtilization"}, "CPUUtilization"),
    ("cloudwatch", "analyze_metric", {"namespace": "AwsServers", "metric_name": "errors", "dimensions": DIMENSIONS},
        ""),
    ("cloudwatch", "get_recommended_metric_alarms", {"namespace": "AWS/EC2", "metric_name": "CPUUtilization",
        "dimensions": [{"name": "InstanceId", "value": "i-1"}]}, ""),
    ("cloudwatch", "get_active_alarms", {}, "aws-servers"),
    ("cloudwatch", "get_alarm_history", {"alarm_name": "aws-servers"}, "aws-servers"),
    ("billing_cost_management", "cost-explorer", {"operation": "getCostAndUsage", **MONTHS, "granularity": "MONTHLY",
        "metrics": '["UnblendedCost"]', "group_by": '[{"Type": "DIMENSION", "Key": "SERVICE"}]'}, "Amazon"),
    ("billing_cost_management", "cost-explorer", {"operation": "getDimensionValues", **MONTHS, "dimension": "SERVICE"},
        "Amazon"),
    ("billing_cost_management", "cost-explorer", {"operation": "getTagsOrValues", **MONTHS}, "team"),
    ("billing_cost_management", "cost-comparison", {"operation": "getCostAndUsageComparisons", **BASELINE}, ""),
    ("billing_cost_management", "cost-comparison", {"operation": "getCostComparisonDrivers", **BASELINE}, ""),
    ("billing_cost_management", "ri-performance", {"operation": "get_reservation_coverage", **MONTHS}, ""),
    ("billing_cost_management", "ri-performance", {"operation": "get_reservation_utilization", **MONTHS}, ""),
    ("billing_cost_management", "sp-performance", {"operation": "get_savings_plans_coverage", **MONTHS}, ""),
    ("billing_cost_management", "sp-performance", {"operation": "get_savings_plans_utilization", **MONTHS}, ""),
    ("billing_cost_management", "sp-explorer", {"operation": "describe_savings_plans"}, ""),
    ("billing_cost_management", "cost-anomaly", MONTHS, ""),
    ("billing_cost_management", "budgets", {}, "aws-servers"),
    ("billing_cost_management", "budget-actions", {"budget_name": "aws-servers"}, ""),
    ("billing_cost_management", "budget-notifications", {"budget_name": "aws-servers"}, "80"),
    ("billing_cost_management", "cost-optimization", {"operation": "list_recommendations"}, ""),
    ("billing_cost_management", "cost-optimization", {"operation": "list_recommendation_summaries",
        "group_by": "ActionType"}, ""),
    ("billing_cost_management", "compute-optimizer", {"operation": "get_ec2_instance_recommendations"}, ""),
    ("billing_cost_management", "aws-pricing", {"operation": "get_service_codes"}, ""),
    ("billing_cost_management", "list-cost-allocation-tags", {}, ""),
    ("billing_cost_management", "list-cost-category-definitions", {}, ""),
    ("cloudtrail", "lookup_events", {"start_time": FROM, "end_time": UNTIL}, "PutMetricAlarm"),
    ("cloudtrail", "list_event_data_stores", {}, ""),
)  # fmt: skip
"""Server, tool, arguments, and what must stand in its answer ("": anything that is no error)."""


def connection(server: str, url: str) -> Any:
    """How a client starts one of AWS's servers: as its guide says, with trimtab as the endpoint of every service."""
    keys = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FASTMCP_LOG_LEVEL": "ERROR",
    }
    env = {**os.environ, **keys, "AWS_ENDPOINT_URL": url}
    module = f"awslabs.{server}_mcp_server.server"
    return mcp.StdioServerParameters(command=sys.executable, args=["-m", module], env=env)


@pytest.fixture(scope="module")
def filled(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bill, a metric, an alarm, log lines and a budget."""
    folder: Path = tmp_path_factory.mktemp("bill")
    (folder / "made.csv").write_text(cur2())
    place = {"region_name": "us-east-1", "endpoint_url": server.url, "aws_access_key_id": "a",
             "aws_secret_access_key": "b"}  # fmt: skip
    watch: Any = boto3.client("cloudwatch", **place)
    cart = [{"Name": "Service", "Value": "cart"}]
    data = [{"MetricName": "errors", "Value": 7, "Dimensions": cart}]
    watch.put_metric_data(Namespace="AwsServers", MetricData=data)
    watch.put_metric_alarm(
        AlarmName="aws-servers", Namespace="AwsServers", MetricName="errors", Dimensions=cart, Statistic="Sum",
        Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    watch.set_alarm_state(AlarmName="aws-servers", StateValue="ALARM", StateReason="by hand")
    lines = {"group": GROUP, "events": [{"message": f"timeout of cart {number}"} for number in range(5)]}
    httpx.post(f"{server.url}/rest/v1/logs/events", json=lines, timeout=30).raise_for_status()
    with Rest(server.url) as rest:
        bring(server, folder / "made.csv")
        Budgets(rest).put(PutBudget(name="aws-servers", limit="100", notifications=[BudgetNotification("80")]))
        yield server.url
        Budgets(rest).delete("aws-servers")
    watch.delete_alarms(AlarmNames=["aws-servers"])


@pytest.mark.parametrize("server_name", SERVERS)
@pytest.mark.timeout(300)
def test_its_calls_work_unchanged(filled: str, server_name: str) -> None:
    async def asked() -> dict[str, str]:
        wrong: dict[str, str] = {}
        async with mcp.Client(connection(server_name, filled)) as client:
            for number, (of, tool, arguments, within) in enumerate(CALLS):
                if of != server_name:
                    continue
                result = await client.call_tool(tool, arguments)
                text = "\n".join(getattr(part, "text", "") for part in result.content)
                if result.is_error or failed(text) or within not in text:
                    wrong[f"{number} {tool} {arguments.get('operation', '')}"] = text[:400]
        return wrong

    assert asyncio.run(asked()) == {}


def failed(text: str) -> bool:
    """Whether an answer tells of an error: these servers answer with one as with anything else."""
    try:
        document = json.loads(text)
    except ValueError:
        return "error" in text.lower()[:200]
    return isinstance(document, dict) and (document.get("status") == "error" or "error" in document)
