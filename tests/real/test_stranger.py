"""A stranger's path: an empty folder, `trimtab up`, and from there on a browser alone — until a team has its dollars.

A bill (CUR 2.0), a real Prometheus and SLURM's output are connected by the forms of the page; no command is run.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from browser.conftest import Served, Watched, axe, browser, context, theme, viewport
from live_server import LiveServer
from patience import until
from real.parts import daemons, free_port

__all__ = ["axe", "browser", "context", "theme", "viewport"]  # fixtures of the browser's tests
pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(600)]  # ten minutes, as long as a stranger has

DOLLARS = "589.92 USD"
"""Six hours of the machine, in whole dollars."""
NODE, INSTANCE = "ip-10-0-1-5", "i-0abc123def4567890"
HOURLY = "98.32"
"""What an hour of the machine cost: a p5.48xlarge on demand, us-east-1, 2024. Its list price is another since."""
PROMETHEUS = """\
global: {scrape_interval: 1s}
scrape_configs: [{job_name: itself, static_configs: [{targets: ["127.0.0.1:PORT"]}]}]
"""


def hours() -> list[datetime]:
    """Of the machine: from six o'clock of the day before yesterday until the end of yesterday, where the bill ends."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    return [day + timedelta(hours=at) for at in range(6, 48)]


def cur() -> str:
    """A bill until yesterday: the machine hour by hour, and storage day by day."""
    machine = {
        "line_item_usage_type": "USE1-BoxUsage:p5.48xlarge",
        "line_item_product_code": "AmazonEC2",
        "line_item_operation": "RunInstances",
        "line_item_usage_amount": "1",
        "line_item_unblended_cost": HOURLY,
        "line_item_resource_id": INSTANCE,
        "product_servicename": "Amazon Elastic Compute Cloud",
        "product_instance_type": "p5.48xlarge",
        "pricing_unit": "Hrs",
        "pricing_public_on_demand_cost": HOURLY,
    }
    storage = {
        "line_item_usage_type": "TimedStorage-ByteHrs",
        "line_item_product_code": "AmazonS3",
        "line_item_operation": "StandardStorage",
        "line_item_usage_amount": "100",
        "line_item_unblended_cost": "2.30",
        "line_item_resource_id": "checkpoints",
        "product_servicename": "Amazon Simple Storage Service",
        "product_instance_type": "",
        "pricing_unit": "GB-Mo",
        "pricing_public_on_demand_cost": "2.30",
    }
    first = hours()[0].replace(hour=0)
    lines = [(at, timedelta(hours=1), machine) for at in hours()]
    lines += [(first + timedelta(days=back), timedelta(days=1), storage) for back in (-1, 0, 1)]
    rows = [_line(at, at + length, told) for at, length, told in lines]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _line(start: datetime, end: datetime, told: dict[str, str]) -> dict[str, str]:
    return {
        "identity_line_item_id": f"{told['line_item_usage_type']}-{start:%d%H}",
        "bill_payer_account_id": "123456789012",
        "bill_billing_entity": "AWS",
        "bill_billing_period_start_date": f"{start:%Y-%m}-01T00:00:00Z",
        "bill_billing_period_end_date": f"{start.replace(day=1) + timedelta(days=32):%Y-%m}-01T00:00:00Z",
        "line_item_usage_account_id": "123456789012",
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": f"{start:%Y-%m-%dT%H}:00:00Z",
        "line_item_usage_end_date": f"{end:%Y-%m-%dT%H}:00:00Z",
        "line_item_currency_code": "USD",
        "product_region_code": "us-east-1",
        **told,
    }


def sacct() -> str:
    """A run of team vision that held the whole machine for its first six hours."""
    first, last = hours()[0], hours()[6]
    held = "cpu=192,gres/gpu:h100=8,gres/gpu=8,node=1"
    return (
        "JobIDRaw|JobID|User|Account|Partition|QOS|State|ExitCode|Submit|Start|End|NNodes|NodeList|ReqTRES|AllocTRES|Reason|"
        "Cluster|Comment|JobName\n"
        f"48213|48213|mira|vision|p5|normal|COMPLETED|0:0|{first:%Y-%m-%dT%H:%M:%S}|{first:%Y-%m-%dT%H:%M:%S}|"
        f"{last:%Y-%m-%dT%H:%M:%S}|1|{NODE}|{held}|{held}|None|atlas||pretrain\n"
    )


NODES = (
    f"NodeName={NODE} Arch=x86_64 CoresPerSocket=48 CPUAlloc=0 CPUTot=192 Gres=gpu:h100:8 NodeAddr=10.0.1.5 "
    f"NodeHostName={NODE} State=IDLE Partitions=p5 CfgTRES=cpu=192,gres/gpu=8,gres/gpu:h100=8 AllocTRES= "
    f"InstanceId={INSTANCE} InstanceType=p5.48xlarge\n"
)


@contextmanager
def prometheus() -> Iterator[str]:
    """A real one that watches itself."""
    with daemons() as running:
        port = free_port()
        (running.folder / "prometheus.yml").write_text(PROMETHEUS.replace("PORT", str(port)))
        running.start(
            "prometheus", f"--config.file={running.folder}/prometheus.yml",
            f"--storage.tsdb.path={running.folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}",
        )  # fmt: skip
        running.listens("prometheus", port)
        url = f"http://127.0.0.1:{port}"
        asked = f"{url}/api/v1/query?query=prometheus_build_info"
        until(lambda: httpx.get(asked, timeout=60).json()["data"]["result"], "Prometheus has not scraped itself")
        yield url


def receipt(page: Page, name: str) -> None:
    """Wait until the page itself says that something came and was kept."""
    line = page.locator(".receipts li", has_text=name)
    line.get_by_text("done").or_(line.get_by_text("following")).first.wait_for(timeout=120_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    live = LiveServer(tmp_path / "data").start()
    yield Served(live.url)
    live.stop()


def test_from_an_empty_folder_to_a_teams_dollars_without_a_terminal(
    context: object, server: Served, tmp_path: Path
) -> None:
    watched = Watched(context, server)  # type: ignore[arg-type]  # the fixture of the browser's tests has no types here
    for name, text in (("cur.csv", cur()), ("sacct.txt", sacct()), ("nodes.txt", NODES)):
        (tmp_path / name).write_text(text)
    watched.page.set_default_timeout(180_000)  # a busy machine is slow, and the stranger has ten minutes
    page = watched.open("/")
    page.get_by_role("link", name="Connect").first.click()
    page.wait_for_url("**/connect**")
    page.set_input_files("#bill-files", str(tmp_path / "cur.csv"))
    page.wait_for_url("**/connect#receipts")
    receipt(page, "cur.csv")
    with prometheus() as url:
        page.fill("#prometheus input[name=url]", url)
        page.select_option("#prometheus select[name=since]", index=0)
        page.locator("#prometheus").get_by_role("button", name="Connect").click()
        receipt(page, url)
        page = watched.open("/explore/metrics?q=prometheus_build_info&live=off")
        page.locator("#metrics tbody th a", has_text="prometheus_build_info").wait_for()
        page = watched.open("/connect")
        page.set_input_files("#slurm-files", [str(tmp_path / "sacct.txt"), str(tmp_path / "nodes.txt")])
        receipt(page, "SLURM files")

        page.locator(".receipts").get_by_role("link", name="Teams").first.click()
        page.wait_for_url("**/teams**")

        def billed() -> bool:
            text = watched.open("/teams/vision?range=7d").locator("main").inner_text()
            return DOLLARS in text and "Still loading" not in text

        until(billed, "the page of the team does not have the dollars of the bill")
    tiles = page.locator("section[aria-label='This team']")
    assert "48h" == tiles.locator("[data-figure=gpu_hours_held] .tile-value").inner_text()
    assert "589.92USD" == tiles.locator("[data-figure=gpu_time_cost] .tile-value").inner_text()
    assert "pretrain" in page.locator("#runs").inner_text()
    assert watched.problems == []
