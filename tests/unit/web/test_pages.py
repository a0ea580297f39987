import csv
import io
import json
import re

import pytest

from asgi_client import AsgiClient
from browser.pretend import ACCOUNT, build_state
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import QueryAborted, Unavailable
from trimtab.web.app import WebState
from trimtab.web.navigation import tabs

PATHS = [
    "/",
    "/hosts",
    "/hosts?show=gpus",
    "/hosts/web-1",
    "/endpoints",
    "/kpis",
    "/costs",
    "/explore/metrics",
    "/explore/metrics?e=TIME_SERIES(1)",
    "/sources",
    "/sources/aws",
    "/access",
    "/settings",
]
DRAWN = "/explore/metrics?m=trimtab/Host|system.cpu.utilization&group=cpu.mode"
READER = Principal("viewer", None, Role.READ, EVERYTHING)


@pytest.mark.parametrize("path", [*PATHS, DRAWN])
def test_every_page_opens_full_and_empty(path: str, pages: AsgiClient, nothing: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    assert pages.get(path).status_code == 200
    expected = 404 if path == "/hosts/web-1" else 200
    assert open_pages(nothing).get(path).status_code == expected


@pytest.mark.parametrize("path", PATHS)
def test_no_page_has_script_or_style_inside(path: str, pages: AsgiClient) -> None:
    answer = pages.get(path)
    assert "script-src 'self'; style-src 'self'" in answer.headers["content-security-policy"]
    assert re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text) is None


WITHOUT_ROOM = (
    "/statements", "/allocation", "/untagged", "/event-rules", "/audit", "/budgets", "/unit-costs", "/tokens",
    "/savings",
    "/cost-anomalies", "/purchase-plan", "/rightsizing", "/advice", "/reports", "/datasets", "/scaling",
    "/capacity-plan", "/analyses", "/load-tests", "/sizing", "/sources/cardinality", "/checks", "/asked", "/objectives",
    "/canaries", "/investigate",
)  # fmt: skip
"""Pages of rooms that the pretended state lacks; tests/browser/test_this_machine.py opens every page over real ones."""


@pytest.mark.parametrize(
    ("path", "command"), [("/", "trimtab agent"), ("/hosts", "trimtab agent"), ("/access", "trimtab keys create")]
)
def test_an_empty_page_names_the_command_that_fills_it(path: str, command: str, nothing: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    assert command in open_pages(nothing).get(path).text


def test_links_of_the_sidebar_exist(pages: AsgiClient) -> None:
    paths = [tab.path for _, tab in tabs()]
    assert {path: pages.get(path).status_code for path in paths} == {
        path: 404 if path in WITHOUT_ROOM else 200 for path in paths
    }


def test_data_is_escaped(pages: AsgiClient) -> None:
    page = pages.get("/sources").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#34;x&#34;)" in page


def test_a_live_refresh_brings_the_main_part_only(pages: AsgiClient) -> None:
    fragment = pages.get("/hosts", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert fragment.lstrip().startswith("<main")
    assert '<nav aria-label="Pages"' not in fragment


def test_the_live_state_is_in_the_url(pages: AsgiClient) -> None:
    assert 'hx-trigger="refresh from:body"' in pages.get("/hosts").text
    assert "hx-trigger" not in pages.get("/hosts?live=off").text
    assert "hx-trigger" not in pages.get("/hosts?from=2026-11-01T00:00&to=2026-11-02T00:00").text


def test_the_theme_comes_from_a_cookie(pages: AsgiClient) -> None:
    assert "data-theme" not in pages.get("/").text
    pages.cookies.set("trimtab_theme", "dark")
    assert '<html lang="en" data-theme="dark">' in pages.get("/").text
    pages.cookies.set("trimtab_theme", '"><b>')
    assert "data-theme" not in pages.get("/").text


def test_the_same_page_again_is_304(pages: AsgiClient) -> None:
    first = pages.get("/settings")
    again = pages.get("/settings", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_are_compressed_where_the_client_takes_it(pages: AsgiClient) -> None:
    assert pages.get("/").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in pages.get("/", headers={"Accept-Encoding": "identity"}).headers


def test_assets_are_cached_for_good(pages: AsgiClient) -> None:
    source = re.search(r'src="(/static/[^"]+)"', pages.get("/").text)
    assert source is not None
    assert "immutable" in pages.get(source[1]).headers["cache-control"]
    assert pages.get("/static/manifest.json").status_code == 404
    assert pages.get("/static/..%2fapp.py").status_code == 404


def test_what_is_not_known_yet_says_so(pages: AsgiClient) -> None:
    page = pages.get("/").text
    assert "not connected" in page
    assert "This month’s $" in page


def test_a_silent_fleet_is_named(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    page = open_pages(build_state(2, clock, silent_ms=600_000)).get("/").text
    assert re.search(r"<b>web-1, web-2</b>\s+have not reported", page)


@pytest.mark.parametrize(("column", "best"), [("cpu", max), ("load", max), ("receive", max)])
def test_hosts_sort_and_their_csv_agrees(column: str, best, pages: AsgiClient) -> None:  # type: ignore[no-untyped-def]  # max or min
    page = pages.get(f"/hosts?sort={column}&dir=desc").text
    shown = re.findall(r'<th scope="row"><a href="/hosts/([^"?]+)', page)
    rows = list(csv.DictReader(io.StringIO(pages.get(f"/hosts.csv?sort={column}&dir=desc").text)))
    assert [row["name"] for row in rows] == shown
    values = [float(row[column]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert best(values) == values[0]


def test_hosts_sort_by_name_upwards_first(pages: AsgiClient) -> None:
    names = [host["name"] for host in pages.get("/hosts.json?sort=name").json()["hosts"]]
    assert names == ["web-1", "web-2", "web-3"]
    assert 'href="/hosts?sort=name&amp;dir=desc"' in pages.get("/hosts?sort=name").text


def test_a_page_of_hosts_is_200_rows(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    pages = open_pages(build_state(205, clock))
    assert pages.get("/hosts?sort=name").text.count('<th scope="row">') == 200
    assert pages.get("/hosts?sort=name&page=2").text.count('<th scope="row">') == 5


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/hosts/nobody", 404, "no host"),
        ("/hosts?sort=colour", 400, "cannot sort hosts"),
        ("/?range=soon", 400, "cannot read duration"),
        ("/explore/metrics?m=nonsense", 400, "expected namespace|name"),
        ("/explore/metrics?m=a|b&stat=p101", 400, "p101"),
        ("/explore/metrics.json?m=a|b&period=-1", 400, "cannot read period"),
        ("/explore/metrics.json", 400, "no metric is named"),
    ],
)
def test_a_wrong_address_says_what_was_expected(path: str, status: int, said: str, pages: AsgiClient) -> None:
    answer = pages.get(path)
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.parametrize(
    ("problem", "status"), [(Unavailable("the engine is starting"), 503), (QueryAborted("30 s passed"), 504)]
)
def test_a_failing_store_is_an_error_page(problem: Exception, status: int, fleet: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    fleet.reader.failing = problem  # type: ignore[attr-defined]  # the pretended reader's switch
    answer = open_pages(fleet).get("/hosts")
    assert answer.status_code == status
    assert str(problem) in answer.text
    assert open_pages(fleet).get("/hosts.json").json() == {"error": str(problem)}


def test_access_needs_the_admin_role(fleet: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    reader = open_pages(fleet, READER)
    assert reader.get("/access").status_code == 403
    assert reader.get("/access.json").status_code == 403
    assert reader.get("/settings").status_code == 200


def test_a_scope_hides_other_accounts(fleet: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    other = open_pages(fleet, Principal("other", "999", Role.READ, Scope(accounts=frozenset({"999"}))))
    assert other.get("/hosts.json").json() == {"hosts": []}
    assert other.get("/sources.json").json() == {"sources": [], "rejections": []}
    assert other.get("/hosts/web-1").status_code == 404
    assert other.get(DRAWN.replace("metrics?", "metrics.json?")).json()["series"] == []
    mine = open_pages(fleet, Principal("own", ACCOUNT, Role.READ, Scope(accounts=frozenset({ACCOUNT}))))
    assert len(mine.get("/sources.json").json()["rejections"]) == 1


def test_viewers_within_seconds_share_one_read(fleet: WebState, open_pages, clock: ManualClock) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    pages = open_pages(fleet)
    pages.get("/")
    reads = fleet.reader.reads  # type: ignore[attr-defined]  # the pretended reader counts
    pages.get("/")
    assert fleet.reader.reads == reads  # type: ignore[attr-defined]  # the pretended reader counts
    clock.advance(4)
    pages.get("/")
    assert fleet.reader.reads > reads  # type: ignore[attr-defined]  # the pretended reader counts


def test_the_explorer_finds_by_token_and_links_to_the_chart(pages: AsgiClient) -> None:
    page = pages.get("/explore/metrics?q=cpu").text
    assert "process.cpu.utilization" in page
    assert "system.disk.io" not in page
    assert 'href="/explore/metrics?q=cpu&amp;m=trimtab/Host|system.cpu.utilization&amp;stat=Average"' in page


def test_the_explorer_csv_and_json_agree(pages: AsgiClient) -> None:
    query = "?m=trimtab/Host|system.cpu.utilization&where=host.name=web-1&group=cpu.mode&range=1h"
    chart = pages.get(f"/explore/metrics.json{query}").json()
    rows = list(csv.DictReader(io.StringIO(pages.get(f"/explore/metrics.csv{query}").text)))
    assert len(rows) == chart["count"]
    user = next(one for one in chart["series"] if one["label"] == "user")
    assert [float(row["user"]) if row["user"] else None for row in rows] == pytest.approx(user["values"], rel=1e-5)


def test_the_explorer_draws_expressions(pages: AsgiClient) -> None:
    query = "?m=trimtab/Host|system.cpu.utilization&where=host.name=web-1&range=1h&e=SUM(METRICS())*0%2B3"
    page = pages.get("/explore/metrics" + query).text
    assert "<code>m1</code>" in page
    assert "&#34;Expression&#34;: &#39;SUM(METRICS())*0+3&#39;" in page
    chart = pages.get("/explore/metrics.json" + query).json()
    assert [one["label"] for one in chart["series"]] == ["e1"]
    assert {value for value in chart["series"][0]["values"] if value is not None} == {3.0}
    sql = "?range=1h&e=SELECT AVG(system.cpu.utilization) FROM x"
    assert "Error in expression &#39;e1&#39;: Invalid syntax" in pages.get("/explore/metrics" + sql).text
    assert pages.get("/explore/metrics.json" + sql).status_code == 400
    groups = '?range=1h&e=SELECT AVG("system.cpu.utilization") FROM "trimtab/Host" GROUP BY host.name'
    assert pages.get("/explore/metrics.json" + groups.replace("host.name", '"host.name"')).json()["total"] == 3


def test_a_delta_starts_where_it_was_asked_to(pages: AsgiClient) -> None:
    query = "/explore/metrics.json?m=trimtab/Host|system.cpu.utilization&group=cpu.mode&range=1h"
    whole = pages.get(query).json()
    since = whole["t0"] + 100 * whole["step"]
    delta = pages.get(f"{query}&since={since}").json()
    assert delta["offset"] == 100
    assert delta["series"][0]["values"] == whole["series"][0]["values"][100:]


def test_a_csv_cell_cannot_run_as_a_formula(pages: AsgiClient, fleet: WebState) -> None:
    fleet.sources.accepted("otlp", "=1+1", ACCOUNT, "us-east-1", 1, 1)
    assert "'=1+1" in pages.get("/sources.csv").text


def test_jump_finds_pages_hosts_and_metrics(pages: AsgiClient) -> None:
    kinds = {item["kind"] for item in pages.get("/jump.json?q=s").json()["items"]}
    assert kinds >= {"Page", "Figure", "Metric", "Setting", "Dashboard", "Alarm"}
    [host] = [item for item in pages.get("/jump.json?q=web-2").json()["items"] if item["kind"] == "Host"]
    assert host["url"] == "/hosts/web-2"
    assert json.loads(pages.get("/jump.json?q=zzzz").text) == {"items": []}


def test_jump_finds_figures_by_every_name_and_leads_to_how_they_are_computed(pages: AsgiClient) -> None:
    def found(text: str) -> list[tuple[str, str, str, str]]:
        items = pages.get("/jump.json", params={"q": text}).json()["items"]
        return [(item["kind"], item["name"], item["hint"], item["url"]) for item in items]

    assert ("Figure", "Idle $", "money", "/figures/idle_cost") in found("idle $")
    assert ("Figure", "First token p95", "Time to first token p95", "/figures/ttft_p95") in found("first token")
    assert ("Page", "Figures", "Dashboards & reports", "/figures") in found("figu")
    assert "/figures" in [url for *_, url in found("")]
    assert "GPU-hours" == next(name for kind, name, *_ in found("gpu-h") if kind == "Figure")
    assert all(200 == pages.get(url).status_code for kind, *_, url in found("budget l") if kind == "Figure")


def test_snippets_name_the_address_the_page_was_opened_at(pages: AsgiClient) -> None:
    page = pages.get("/sources").text
    assert "http://127.0.0.1:4750/api/v1/write" in page
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4750" in page
