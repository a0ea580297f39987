"""The pages of functions and short jobs over made-up ones."""

import html
import re

from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from trimtab.inventory.catalog.functions import function_price
from trimtab.scaling.provisioned.memory import Measured, tune
from trimtab.web.app import WebState
from trimtab.web.serverless.memory import memory_pictures


def test_functions_are_listed_with_what_stands_out(pages: AsgiClient) -> None:
    text = html.unescape(pages.get("/serverless").text)
    names = re.findall(r'<th scope="row"><a href="/serverless/[^"]+"[^>]*>([^<]+)</a>', text)
    assert names == ["route", "thumbnails", "notify"]
    assert "has 3,008 MB of memory and never used more than 214 MB (7%)" in text
    assert "began cold in 40% of its invocations" in text
    assert "failed in 17% of its invocations (90 errors, 30 time-outs)" in text
    assert "assumed x86_64" in text


def test_the_list_sorts_narrows_and_is_a_file(pages: AsgiClient) -> None:
    first = re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', pages.get("/serverless?sort=p95_ms").text)[0]
    assert first == "notify"
    assert "thumbnails</a>" not in pages.get("/serverless?q=rout").text.split("Table of functions")[1]
    found = pages.get("/serverless.json").json()["functions"]
    assert next((one["function"], one["cost"], one["currency"]) for one in found) == ("route", "9.0000000000", "USD")
    assert pages.get("/serverless.csv").text.splitlines()[0].startswith("function,account,region,version,invocations")
    assert pages.get("/serverless?sort=none").status_code == 400


def test_a_function_shows_its_versions_course_and_single_invocations(pages: AsgiClient) -> None:
    address = "/serverless/123456789012/us-east-1/notify"
    text = html.unescape(pages.get(address).text)
    assert text.count('class="columns"') == 4
    assert "2 versions" in text
    assert "Task timed out after 30.00 seconds" in text
    assert "/traces/1-61c86fa4-59b3c6d959653c527fd10966" in text
    logs = re.search(r'<a href="(/logs\?[^"]+)">logs</a>', text)
    assert logs is not None
    assert "group=/aws/lambda/notify&q=8fc6f963-411b-58b5-8483-a32130c0f45d" in logs[1]
    assert len(pages.get(address + ".json").json()["versions"]) == 2
    assert "None in this range" in pages.get(address + "?show=cold").text
    assert pages.get("/serverless/123456789012/us-east-1/nobody").status_code == 404


def test_without_functions_the_page_says_how_to_send_them(nothing: WebState, open_pages: Open) -> None:
    text = open_pages(nothing).get("/serverless").text
    assert "No function has run" in text
    assert "put-log-events" in text
    assert "trimtab connect slurm" in text


def test_the_memory_curve_is_drawn_with_what_was_measured_and_what_is_told() -> None:
    runs = [Measured(size, 40, 900.0 * 512 / size + 100, 1500.0) for size in (512, 1024, 2048)]
    price = function_price("us-east-1", "x86_64", 1_795_600_000_000)
    assert price is not None
    found = tune(runs, price)
    drawn = memory_pictures(found)
    assert "1,024 MB: 550 ms" in str(drawn.took)
    smallest = next(one for one in found.sizes if one.memory_mb == 512)
    assert f"512 MB: ${smallest.per_million:,.2f} a million" in str(drawn.cost)
    assert str(drawn.took).count("estimated") >= 1
