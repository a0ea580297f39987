"""What one team's people put, a key of another team does not see: every operation and page that reads, by any door."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec
import pytest
from botocore.exceptions import ClientError
from tests.wire.rest.test_access import cli

import every_operation
from live_server import LiveServer
from patience import until
from trimtab.access.principal import Needs, Role
from trimtab.assistants.toolbox import toolbox
from two_teams import ACCOUNT, NOW_MS, OURS, REGION, THEIRS, aws, bearer, keys, put, put_by_team, trace_of

pytestmark = pytest.mark.wire
READER, ADMIN = f"read of {OURS}", f"admin of {OURS}"
SUMS = re.compile(r"70\.7373|141\.4746|147\.4948|\$\s?14[17]\b")
"""What the other team's lines of the bill cost, each and together, and all lines."""


class Organisation:
    """A live server with two teams, and the keys of both."""

    def __init__(self, http: httpx.Client, found: Mapping[str, Any]) -> None:
        self.http = http
        self.keys = found
        self.known: dict[tuple[str, str], list[str]] = {}

    def get(self, path: str, who: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query, headers={**bearer(self.keys[who]), "Accept": "text/html,*/*"})

    def post(self, path: str, who: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers=bearer(self.keys[who]))

    def named(self, path: str, parameter: str) -> list[str]:
        """What the other team's things are called that stand in a list, as who is bound to nothing sees it."""
        found: list[str] = []

        def walk(one: Any) -> None:
            if isinstance(one, dict) and THEIRS in json.dumps(one):
                name = next((one[key] for key in (parameter, "id", "name") if one.get(key)), None)
                if isinstance(name, str | int):
                    found.append(str(name))
                for part in one.values():
                    walk(part)
            elif isinstance(one, list):
                for part in one:
                    walk(part)

        if (path, parameter) in self.known:
            return self.known[path, parameter]
        answer = self.get(path, "admin")
        if answer.headers.get("content-type", "").startswith("application/json"):
            walk(answer.json())
        self.known[path, parameter] = list(dict.fromkeys(found))[:4]
        return self.known[path, parameter]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    data_dir = tmp_path_factory.mktemp("teams")
    made = cli(data_dir, "keys", "create", "--kind", "token", "--role", "admin", "--json")
    live = LiveServer(data_dir, TRIMTAB_REQUIRE_AUTH="1").start()
    found = keys(data_dir) | {"admin": json.loads(made.stdout)["secret"], "url": live.url}
    with httpx.Client(base_url=live.url, timeout=120) as http:
        wrong = put(http, found["admin"], found["aws admin"], live.url)
        for team in (OURS, THEIRS):
            wrong += put_by_team(http, found[f"write of {team}"], team)
        assert wrong == []
        yield Organisation(http, found)
    live.stop()


GIVEN = {
    "namespace": f"space-{THEIRS}", "name": f"metric-{THEIRS}", "job": f"job-{THEIRS}", "group": f"group-{THEIRS}",
    "template": "executive", "series": "1", "id": "gpu_hours_held", "url": "http://x",
}  # fmt: skip
"""Parameters that operations need."""
NAMES = {
    "loggrouparn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:group-{THEIRS}", "loggroup": f"group-{THEIRS}",
    "logstream": f"stream-{THEIRS}", "namespace": f"space-{THEIRS}", "metricname": f"metric-{THEIRS}",
    "accountid": ACCOUNT, "alarm": f"alarm-{THEIRS}", "dashboard": f"board-{THEIRS}", "budget": f"own-{THEIRS}",
    "startdate": time.strftime("%Y-%m-01"), "start": time.strftime("%Y-%m-01"), "end": time.strftime("%Y-%m-28"),
    "querystring": "fields @message", "traceid": trace_of(THEIRS), "rule": f"rule-{THEIRS}",
    "topicarn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic-{THEIRS}", "connection": f"connection-{THEIRS}",
    "archive": f"archive-{THEIRS}", "group": f"xgroup-{THEIRS}",
}  # fmt: skip
"""What members of AWS's requests are given, by a part of their name."""
SPECIAL = {
    "/hosts": (f"node-{THEIRS}",), "/teams": (THEIRS,), "/dashboards": (f"board-{THEIRS}", f"own-{THEIRS}"),
    "/analyses": (f"analysis-{THEIRS}", f"own-{THEIRS}"), "/datasets": (f"set-{THEIRS}", f"own-{THEIRS}"),
    "/alarms/named": (f"alarm-{THEIRS}", f"bare-{THEIRS}"), "/audit/events": (THEIRS,),
    "/runs": (f"cluster-{THEIRS}/job-{THEIRS}",), "/endpoints": (THEIRS,), "/figures": ("gpu_hours_held",),
    "/serverless": (f"{ACCOUNT}/{REGION}/{THEIRS}",), "/traces": (trace_of(THEIRS),),
    "/rest/v1/traces": (trace_of(THEIRS),), "/rest/v1/audit/events": (THEIRS,),
}  # fmt: skip
"""What stands in a path where no list of that path names it."""


def addresses(people: Organisation, path: str) -> list[str]:
    """A path of a table with the other team's things in it."""
    path = re.sub(r":\w+}", "}", path)
    if "{" not in path:
        return [path]
    root, _, rest = path.partition("/{")
    parameter = rest.partition("}")[0]
    if root == "/runs":
        path = path.replace("{cluster}/{job}", "{cluster}")
    if root == "/serverless":
        path = path.replace("{account}/{region}/{function}", "{account}")
    listed = root if root.startswith("/rest/") else f"{root}.json"
    names = SPECIAL.get(root) or people.named(listed, parameter) or (THEIRS,)
    found = [re.sub(r"{\w+}", name, path, count=1) for name in names]
    last = {"{visual}": "v", "{format}": "csv", "{index}": "1", "{span_id}": "b" * 16, "{number}": "1"}
    for part, value in last.items():
        found = [one.replace(part, value) for one in found]
    return found


def told(answer: httpx.Response) -> str:
    """What an answer tells of the other team, beside the address that was asked for; "" where nothing."""
    if answer.status_code >= 400:
        return ""
    text = answer.text
    for part in sorted({part for part in re.split(r"[/?&=]", str(answer.url)) if THEIRS in part}, key=len)[::-1]:
        text = text.replace(part, "") if part != THEIRS else text
    if answer.headers.get("content-type", "").startswith("application/json"):
        text = text.replace(f'"group":"{THEIRS}"', "")
    if THEIRS in text:
        at = text.index(THEIRS)
        return text[max(0, at - 60) : at + 30]
    found = SUMS.search(text)
    return found.group() if found else ""


def read_all(people: Organisation, who: str) -> tuple[dict[str, str], set[str]]:
    """What is told by any operation and page of GET, by its address; and the paths that were answered.

    One that is not for callers who are bound to tags is asked for once; it refuses whatever stands in its path.
    """
    leaks, answered = {}, set()
    paths: list[tuple[str, bool, dict[str, str]]] = []
    for one in every_operation.rest():
        needed = [name.encode_name for name in msgspec.structs.fields(one.query) if name.required]
        if one.method == "GET":
            paths.append((one.path, one.bound, {name: GIVEN.get(name, THEIRS) for name in needed}))
    for page in every_operation.pages():
        if "GET" in (page.methods or ()):
            needs: Needs = page.endpoint.needs  # type: ignore[attr-defined]  # what `Site.guarded` puts there
            paths.append((page.path, needs.bound, {}))
    for path, bound, query in paths:
        for address in addresses(people, path) if bound else [re.sub(r"{\w+(:\w+)?}", "1", path)]:
            answer = people.get(address, who, **query)
            assert answer.status_code < 500 if bound else answer.status_code == 403, (address, answer.text)
            if answer.status_code == 200:
                answered.add(path)
            if mark := told(answer):
                leaks[address] = mark
    return leaks, answered


def test_no_operation_and_no_page_tells_of_another_team(people: Organisation) -> None:
    """A key of the role admin opens all that those of lower roles open."""
    leaks, answered = read_all(people, ADMIN)
    assert leaks == {}
    assert len(answered) >= 120
    assert {"/", "/hosts", "/runs", "/costs", "/teams", "/traces", "/alarms", "/rest/v1/logs/groups"} <= answered


BOTH = (
    *("/rest/v1/inventory", "/rest/v1/runs", "/rest/v1/metrics", "/rest/v1/traces", "/rest/v1/logs/groups", "/costs"),
    *("/rest/v1/dashboards", "/rest/v1/datasets", "/rest/v1/analyses", "/rest/v1/costs/reports", "/rest/v1/budgets"),
    *("/hosts", "/runs", "/teams", "/dashboards", "/datasets", "/analyses", "/alarms", "/budgets", "/logs"),
    *(f"/alarms/named/alarm-{THEIRS}", f"/rest/v1/alarms/bare-{THEIRS}/history", f"/rest/v1/datasets/own-{THEIRS}"),
)


@pytest.mark.parametrize("path", BOTH)
def test_who_is_bound_to_nothing_and_who_is_of_that_team_see_it(people: Organisation, path: str) -> None:
    """Else the test above would say nothing."""
    assert told(people.get(path, "admin"))
    untagged = "bare" in path  # what was set up without a tag is of no team
    assert untagged or told(people.get(path, f"read of {THEIRS}")) or path.startswith("/alarms/named")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/rest/v1/metrics", {}),
        ("/rest/v1/inventory", {}),
        ("/rest/v1/runs", {}),
        ("/rest/v1/alarms", {}),
        ("/rest/v1/logs/groups", {}),
        ("/rest/v1/traces", {}),
        ("/rest/v1/service-map", {}),
        ("/rest/v1/dashboards", {}),
        ("/rest/v1/datasets", {}),
        ("/rest/v1/analyses", {}),
        ("/rest/v1/costs/reports", {}),
        ("/rest/v1/budgets", {}),
        ("/rest/v1/costs/anomalies/monitors", {}),
        ("/rest/v1/costs/values", {"facet": "service"}),
        ("/rest/v1/anomaly-detectors", {}),
        ("/rest/v1/queue", {}),
        ("/logs.json", {"group": f"group-{OURS}"}),
        ("/gpus.json", {}),
        ("/teams.json", {}),
        ("/costs", {}),
    ],
)
def test_a_team_sees_its_own(people: Organisation, path: str, query: dict[str, str]) -> None:
    answer = people.get(path, READER, **query)
    assert (answer.status_code, OURS in answer.text) == (200, True), answer.text[:500]


def test_a_series_without_a_tag_is_the_teams_whose_machine_it_names(people: Organisation) -> None:
    """As the inventory tells whose a machine is, which is read again now and then."""

    def named(who: str) -> set[str]:
        found = people.get("/rest/v1/metrics", who, limit="500").json()["series"]
        return {one["name"] for one in found if one["name"].startswith(("bare", "no-team", "machine"))}

    until(lambda: named(READER), "the inventory is read")
    assert named(READER) == {f"machine-{OURS}"}
    assert named("admin") >= {f"machine-{team}" for team in (OURS, THEIRS)} | {f"no-team-{OURS}", f"bare_{OURS}"}
    for path, query in (("label/__name__/values", {}), ("series", {"match[]": '{InstanceId=~".+"}'})):
        text = people.get(f"/api/v1/{path}", READER, **query).text
        assert (OURS in text, THEIRS in text) == (True, False), text
    counted = people.post("/rest/v1/dataset-sql", READER, {"sql": "select * from metrics", "start": "-2d"})
    assert (counted.status_code, THEIRS in counted.text) == (200, False)


def test_totals_are_the_teams(people: Organisation) -> None:
    def figures(who: str) -> dict[str, Any]:
        def read(path: str, **query: str) -> Any:
            return people.get(path, who, **query).json()

        return {
            "cost": read("/rest/v1/costs", start="-20d")["totals"].get("USD"),
            "waiting": len({row["team"] for row in read("/rest/v1/queue")["waiting"]}),
            "GPUs of clusters": sum(row["gpus"] for row in read("/rest/v1/queue")["gpus"]),
        }

    assert figures("admin") == {
        "cost": "147.4948", "waiting": 3, "GPUs of clusters": 16.0,
    }  # fmt: skip
    hours = [people.get("/rest/v1/fleet/hours", who, start="-20d").json() for who in (READER, "admin")]
    assert 16 <= hours[0]["total"]["held"] < 0.6 * hours[1]["total"]["held"]
    assert hours[0]["elsewhere"] == hours[0]["leftover"] == {}
    assert figures(READER) == {"cost": "6.0202", "waiting": 1, "GPUs of clusters": 0}


EVERY = '{__name__=~".+"}'
SPAN = {"start": str(NOW_MS / 1000 - 600), "end": str(NOW_MS / 1000 + 60), "step": "60"}
PROMQL: tuple[tuple[str, dict[str, str]], ...] = (
    ("query", {"query": EVERY}), ("query", {"query": f'count by (team) ({EVERY})'}),
    ("query_range", {"query": EVERY, **SPAN}), ("series", {"match[]": EVERY}), ("labels", {}),
    ("label/team/values", {}), ("label/__name__/values", {}), ("label/instance/values", {}),
    ("label/host_name/values", {}), ("label/service_name/values", {}), ("metadata", {}),
    ("query_exemplars", {"query": EVERY, **SPAN}), ("rules", {}), ("alerts", {}),
)  # fmt: skip


def test_nor_does_promql(people: Organisation) -> None:
    for path, query in PROMQL:
        answer = people.get(f"/api/v1/{path}", READER, **query)
        assert (answer.status_code, told(answer)) == (200, ""), path
        if path in ("series", "labels", "metadata", "label/team/values", "rules"):
            assert OURS in answer.text, path
            assert THEIRS in people.get(f"/api/v1/{path}", "admin", **query).text, path


def expression(text: str) -> dict[str, Any]:
    return {"queries": [{"id": "a", "expression": text, "period": 60}]}


QUESTIONS: tuple[tuple[str, Any], ...] = (
    ("/rest/v1/metrics/expressions", expression("SEARCH('team', 'Average', 60)")),
    ("/rest/v1/metrics/expressions", expression(f"SEARCH('{THEIRS}', 'Average', 60)")),
    ("/rest/v1/metrics/expressions", expression(f'SELECT AVG("metric-{THEIRS}") FROM "space-{THEIRS}" GROUP BY team')),
    ("/rest/v1/logs/query", {"query": "SOURCE logGroups() | fields @message, @log"}),
    ("/rest/v1/logs/query", {"query": "SOURCE logGroups(namePrefix: ['']) | fields @message, @log"}),
    ("/rest/v1/logs/query", {"query": f"fields @message | lookup lookup_{THEIRS} {THEIRS} as a OUTPUT b",
                             "groups": [f"group-{OURS}"]}),
    ("/rest/v1/logs/query", {"query": "fields @message", "groups": [f"group-{THEIRS}"]}),
    ("/rest/v1/logs/query", {"query": f"SELECT * FROM `group-{THEIRS}`", "language": "SQL"}),
    ("/rest/v1/dataset-sql", {"sql": f'select * from "set-{THEIRS}"'}),
    ("/rest/v1/datasets/set-{THEIRS}/rows", {}),
    ("/rest/v1/analyses-visuals", {"visual": {"id": "v", "by": ["day"], "measures": ["count()"]},
                                   "analysis": f"analysis-{THEIRS}"}),
)  # fmt: skip


def test_nor_does_any_query(people: Organisation) -> None:
    for path, body in QUESTIONS:
        answer = people.post(path, READER, body)
        seen = answer.text if answer.status_code < 400 else ""
        rows = {key: value for key, value in json.loads(seen or "{}").items() if key != "messages"}
        assert THEIRS not in json.dumps(rows.get("rows", rows.get("lines", []))).replace(f"lookup_{THEIRS}", ""), path


def test_nor_does_any_source_of_datasets_in_any_form(people: Organisation) -> None:
    sources = [one["name"] for one in people.get("/rest/v1/dataset-sources", READER).json()["sources"]]
    assert len(sources) >= 15
    seen = set()
    for name in sources:
        asked = {"sql": f"select * from {name}", "start": "-20d", "end": "now"}
        for form in ("", "/csv", "/arrow") if name == "costs" else ("",):
            answer = people.post(f"/rest/v1/dataset-sql{form}", READER, asked)
            assert answer.status_code == 200, (name, answer.text)
            assert THEIRS.encode() not in answer.content, (name, form)
            assert not SUMS.search(answer.text), (name, form)
        if OURS.encode() in answer.content:
            seen.add(name)
    assert {"costs", "runs", "resources", "logs", "spans"} <= seen


def test_nor_does_any_export_or_report(people: Organisation) -> None:
    bill = people.get("/rest/v1/costs/export", READER)
    assert (bill.status_code, OURS in bill.text, told(bill)) == (200, True, "")
    assert THEIRS in people.get("/rest/v1/costs/export", "admin").text
    for one in people.get("/rest/v1/reports/templates", READER).json()["templates"]:
        for form in ("html", "csv") if one["name"] == "monthly-team" else ("csv",):
            asked = {"template": one["name"], "format": form, "start": "-20d", "end": "now"}
            if one["name"] == "monthly-team":
                asked["owner"] = THEIRS
            answer = people.get("/rest/v1/reports/written/file", READER, **asked)
            assert f"-{THEIRS}" not in answer.text, (one["name"], form)  # beside whom it was asked for
            assert not SUMS.search(answer.text), (one["name"], form)


def test_nor_does_any_tail(people: Organisation) -> None:
    for group, status in ((THEIRS, 404), (OURS, 200)):
        asked = {"params": {"group": f"group-{group}"}, "headers": bearer(people.keys[READER])}
        with people.http.stream("GET", "/rest/v1/logs/tail", **asked) as answer:
            assert answer.status_code == status
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:group-{THEIRS}"
    with pytest.raises(ClientError, match="group"):
        client = aws(people.keys["url"], "logs", people.keys[f"aws {READER}"])
        client.start_live_tail(logGroupIdentifiers=[arn])


def test_nor_does_a_widget_that_names_an_alarm(people: Organisation) -> None:
    def shown(team: str) -> str:
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:alarm-{team}"
        place = {"x": 0, "y": 0, "width": 6, "height": 6}
        widgets = [
            {"type": "alarm", **place, "properties": {"alarms": [arn]}},
            {"type": "metric", **place, "properties": {"annotations": {"alarms": [arn]}, "region": REGION}},
        ]
        writer = bearer(people.keys[f"write of {OURS}"])
        put = people.http.put("/rest/v1/dashboards/prying", json={"body": {"widgets": widgets}}, headers=writer)
        assert put.status_code == 200, put.text
        page = people.get("/dashboards/prying/panels", READER, w=["0", "1"])
        return people.get("/rest/v1/dashboards/prying/data", READER).text + page.text

    assert "alarm-" not in shown(THEIRS)
    assert f"alarm-{OURS}" in shown(OURS)


def test_a_team_changes_its_own_only(people: Organisation) -> None:
    """Neither what the other team made nor what was made for everybody."""
    writer = bearer(people.keys[f"write of {OURS}"])
    for kind in ("dashboards", "datasets", "analyses", "costs/reports", "budgets"):
        for name in (f"own-{THEIRS}", {"dashboards": "board", "datasets": "set", "analyses": "analysis",
                                       "costs/reports": "costs", "budgets": "budget"}[kind] + f"-{OURS}"):  # fmt: skip
            gone = people.http.delete(f"/rest/v1/{kind}/{name}", headers=writer)
            assert gone.status_code == 404, (kind, name, gone.text)
    refused = (
        ("post", "/rest/v1/metrics", {"namespace": "n", "metrics": [{"name": "a", "value": 1}]}),
        ("put", f"/rest/v1/alarms/alarm-{OURS}", {"definition": {}, "tags": {}}),
        ("post", "/rest/v1/inventory", {"resources": []}),
        ("post", "/v1/metrics", {}), ("post", "/v1/logs", {}), ("post", "/v1/traces", {}),
    )  # fmt: skip
    for verb, path, body in refused:
        answer = people.http.request(verb, path, json=body, headers=bearer(people.keys[ADMIN]))
        assert (answer.status_code, "not bound to tags" in answer.text) == (403, True), path
    mine = bearer(people.keys[ADMIN])
    asked = {"name": "n", "kind": "token", "role": "read"}
    made = people.http.post("/rest/v1/keys", json=asked, headers=mine).json()
    assert made["teams"] == [OURS]  # what is not said is handed on as it is had
    wider = asked | {"teams": [OURS, THEIRS]}
    assert people.http.post("/rest/v1/keys", json=wider, headers=mine).status_code == 403


def test_nor_does_any_operation_of_aws(people: Organisation) -> None:
    """Each that only reads, with what it needs named as the other team's people name things."""
    leaks, answered = [], 0
    began = time.monotonic()
    for service in every_operation.aws():
        client = aws(people.keys["url"], service.model.name, people.keys[f"aws {ADMIN}"])
        for operation in service.operations.values():
            if operation.needs.includes(Role.WRITE) or operation.name in ("StartLiveTail", "TestMetricFilter"):
                continue
            answer = call(client, operation.name)
            answered += answer is not None
            if answer is not None and (THEIRS in answer or SUMS.search(answer)):
                leaks.append((operation.name, answer[:300]))
    assert leaks == []
    assert answered >= 40, time.monotonic() - began


def call(client: Any, name: str) -> str | None:
    """What an operation answers, as text; None where it answers an error."""
    shape = client.meta.service_model.operation_model(name).input_shape
    method = next(method for method, operation in client.meta.method_to_api_mapping.items() if operation == name)
    try:
        answer = getattr(client, method)(**(every_operation.filled(shape, NAMES, THEIRS) if shape else {}))
    except ClientError as problem:
        assert problem.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (name, problem)
        return None
    answer.pop("ResponseMetadata")
    return repr(answer)


def test_an_assistant_of_one_team_sees_nothing_of_another(people: Organisation) -> None:
    """Every tool with every question, by the key of a reader of one team; what it may not read is left out."""
    seen, ours = [], 0
    for tool in toolbox().values():
        asks = tool.schema()["properties"].get("ask", {}).get("enum", [None])
        for ask in asks if tool.name != "draft" else []:
            given = {"ask": ask} if ask else {}
            if "query" in tool.arguments.__struct_fields__:
                given |= {"group": f"group-{THEIRS}", "query": "fields @message"}
            if "job" in tool.arguments.__struct_fields__:
                given |= {"job": f"job-{THEIRS}"}
            call = {"name": tool.name, "arguments": given}
            answer = people.post("/mcp", READER, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
            assert answer.status_code == 200, answer.text
            text = answer.json()["result"]["content"][0]["text"]
            own = text.replace(f"job-{THEIRS}", "").replace(f"group-{THEIRS}", "")  # what was asked, in an error
            if THEIRS in own or SUMS.search(own):
                seen.append((tool.name, ask, text))
            ours += OURS in text
    assert seen == []
    assert ours > 5
    assert people.http.post("/mcp", json={}).status_code == 401
