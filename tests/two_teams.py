"""Two teams in one account: all that people of both put into a live server, with a mark in every name of each."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import cramjam
import httpx
from botocore.config import Config

import prompb
from patience import until
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Role
from trimtab.access.scope import RowRule
from trimtab.base.clock import SystemClock
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "us-east-1"
OURS, THEIRS = "oursq7team", "theirsq9team"
"""The teams, and what stands in every name that each gives."""
NOW_MS = int(time.time()) * 1000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def aws(url: str, service: str, key: Mapping[str, str]) -> Any:
    """A boto3 client that signs with a key of trimtab and leaves checking to the door."""
    config = Config(retries={"max_attempts": 0}, parameter_validation=False, inject_host_prefix=False)
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, config=config,
        aws_access_key_id=key["id"], aws_secret_access_key=key["secret"],
    )  # fmt: skip


def bill() -> str:
    """A FOCUS file of some hours ago: two machines and two buckets of each team, by its tag."""
    month = time.strftime("%Y-%m", time.gmtime((NOW_MS - 5 * HOUR_MS) / 1000))
    day = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime((NOW_MS - 5 * HOUR_MS) / 1000))
    end = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime((NOW_MS - 4 * HOUR_MS) / 1000))
    rows = [
        {
            "BillingAccountId": ACCOUNT, "BillingCurrency": "USD",
            "BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{month}-28T00:00:00Z",
            "ChargePeriodStart": day, "ChargePeriodEnd": end, "ChargeCategory": "Usage",
            "SubAccountId": ACCOUNT, "SubAccountName": "everybody", "RegionId": REGION,
            "ServiceCategory": "Compute", "ServiceName": f"Service of {team}", "ResourceId": f"i-{team}-{number}",
            "SkuId": f"sku-{team}", "ChargeDescription": f"hours of {team}", "ConsumedQuantity": "1",
            "PricingQuantity": "1", "PricingUnit": "Hours", "ConsumedUnit": "Hours",
            "BilledCost": cost, "EffectiveCost": cost, "ListCost": cost, "ContractedCost": cost,
            "Tags": json.dumps({"team": team}),
        }
        for team, cost in ((OURS, "3.0101"), (THEIRS, "70.7373"))
        for number in range(2)
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def facts(team: str) -> list[tuple[str, str, Any]]:
    """What tells of itself whose it is: verb, path and body."""
    minutes = [NOW_MS - number * MINUTE_MS for number in range(5, 0, -1)]
    resource = {
        "kind": "instance", "id": f"i-{team}-0", "name": f"name-{team}", "type": "p5.48xlarge", "account": ACCOUNT,
        "region": REGION, "owner": team, "tags": {"team": team, f"only-{team}": team}, "origin": f"told-{team}",
    }  # fmt: skip
    run = {
        "job": f"job-{team}", "state": "running", "submit_ms": NOW_MS - 3 * HOUR_MS, "start_ms": NOW_MS - 2 * HOUR_MS,
        "name": f"run-{team}", "user": f"user-{team}", "team": team, "queue": f"queue-{team}", "gpus": 8, "nodes": 1,
        "node_names": [f"node-{team}"],
    }  # fmt: skip
    waiting = {**run, "job": f"late-{team}", "state": "pending", "start_ms": None, "node_names": [], "reason": team}
    metric = {"name": f"metric-{team}", "unit": "Count", "dimensions": {"team": team, f"label_{team}": f"v-{team}"}}
    return [
        ("post", "/rest/v1/inventory", {"resources": [resource]}),
        ("post", "/rest/v1/nodes", {"cluster": f"cluster-{team}", "account": ACCOUNT, "nodes": [
            {"name": f"node-{team}", "condition": "up", "gpus": 8}]}),
        ("post", "/rest/v1/runs", {"cluster": f"cluster-{team}", "scheduler": "slurm", "account": ACCOUNT,
                                   "runs": [run, waiting]}),
        ("post", "/rest/v1/metrics", {"namespace": f"space-{team}", "metrics": [
            {**metric, "value": 1, "time": at} for at in minutes]}),
        ("post", "/v1/metrics", {"resourceMetrics": [{"resource": attributes(team), "scopeMetrics": [{"metrics": [
            gauge("hw.gpu.utilization", team, minutes, 0.5), gauge(f"otlp_{team}", team, minutes, 1),
            gauge("system.cpu.utilization", team, minutes, 0.25)]}]}]}),
        ("post", "/v1/traces", {"resourceSpans": [{"resource": attributes(team), "scopeSpans": [
            {"spans": spans(team)}]}]}),
        ("post", "/v1/logs", {"resourceLogs": [{"resource": attributes(team), "scopeLogs": [{"logRecords": [
            {"timeUnixNano": str(at * 1_000_000), "body": {"stringValue": f"otlp line of {team}"}}
            for at in minutes]}]}]}),
    ]  # fmt: skip


def untagged(team: str) -> list[tuple[str, str, Any]]:
    """Facts that tell no team, but for a series by the machine that it names: nobody bound to a team may see them."""
    minutes = [NOW_MS - number * MINUTE_MS for number in range(3, 0, -1)]
    bare = {"name": f"no-team-{team}", "value": 1, "dimensions": {"host": f"bare-{team}"}}
    run = {"job": f"bare-{team}", "state": "running", "submit_ms": NOW_MS, "start_ms": NOW_MS, "name": f"bare-{team}",
           "user": f"user-{team}", "gpus": 1, "nodes": 1, "node_names": [f"bare-node-{team}"]}  # fmt: skip
    return [
        ("post", "/rest/v1/inventory", {"resources": [
            {"kind": "volume", "id": f"vol-{team}", "name": f"bare-{team}", "account": ACCOUNT, "region": REGION}]}),
        ("post", "/rest/v1/runs", {"cluster": f"bare-{team}", "scheduler": "slurm", "account": ACCOUNT, "runs": [run]}),
        ("post", "/rest/v1/metrics", {"namespace": f"bare-{team}", "metrics": [bare, {
            **bare, "name": f"machine-{team}", "dimensions": {"InstanceId": f"i-{team}-0"}}]}),
        ("post", "/v1/metrics", {"resourceMetrics": [{"resource": attributes(team, tagged=False), "scopeMetrics": [
            {"metrics": [gauge(f"bare_{team}", team, minutes, 1)]}]}]}),
        ("post", "/v1/traces", {"resourceSpans": [{"resource": attributes(team, tagged=False), "scopeSpans": [
            {"spans": [{**one, "traceId": "f" + one["traceId"][1:]} for one in spans(team)]}]}]}),
        ("post", "/rest/v1/logs/events", {"group": f"bare-group-{team}", "stream": team, "events": [
            {"message": f"untagged {team}"}]}),
    ]  # fmt: skip


def attributes(team: str, *, tagged: bool = True) -> dict[str, Any]:
    """The resource attributes of what a team's processes send."""
    pairs = {
        "service.name": f"service-{team}", "host.name": f"node-{team}", "team": team, "host.id": f"i-{team}-0",
        "service.namespace": f"ns-{team}",
    }  # fmt: skip
    if not tagged:
        del pairs["team"]
    return {"attributes": [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]}


def gauge(name: str, team: str, times: list[int], value: float) -> dict[str, Any]:
    """A gauge of OTLP."""
    own = {"hw.id": f"GPU-{team}", "hw.type": "gpu", "hw.name": "NVIDIA H100 80GB HBM3", "hw.gpu.task": "general"}
    pairs = [{"key": key, "value": {"stringValue": text}} for key, text in own.items()]
    points = [{"timeUnixNano": str(at * 1_000_000), "asDouble": value, "attributes": pairs} for at in times]
    return {"name": name, "unit": "1", "gauge": {"dataPoints": points}}


def trace_of(team: str) -> str:
    """The id of a team's trace."""
    return f"{int(NOW_MS / 1000):08x}" + ("a" if team == OURS else "b") * 24


def spans(team: str) -> list[dict[str, Any]]:
    """A trace of two spans, the second an error."""
    first, second = (NOW_MS - 2 * MINUTE_MS) * 1_000_000, (NOW_MS - MINUTE_MS) * 1_000_000
    letter = "a" if team == OURS else "b"
    whole = {
        "traceId": trace_of(team), "spanId": letter * 16, "name": f"GET /{team}", "kind": 2,
        "startTimeUnixNano": str(first), "endTimeUnixNano": str(second),
        "attributes": [{"key": f"attr.{team}", "value": {"stringValue": team}}],
    }  # fmt: skip
    part = {
        **whole, "spanId": ("c" if team == OURS else "d") * 16, "parentSpanId": letter * 16, "name": f"call-{team}",
        "kind": 3, "status": {"code": 2, "message": f"broken {team}"},
    }  # fmt: skip
    return [whole, part]


def settings(team: str) -> list[tuple[str, str, Any]]:
    """What people set up: it names a team in every part, and has a tag where it can have any."""
    alarm = {
        "Namespace": f"space-{team}", "MetricName": f"metric-{team}", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        "AlarmDescription": team, "Dimensions": [{"Name": "team", "Value": team}],
    }  # fmt: skip
    text = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": team}}
    metric = {"type": "metric", "x": 0, "y": 6, "width": 6, "height": 6, "properties": {
        "metrics": [[f"space-{team}", f"metric-{team}", "team", team]], "region": REGION, "title": team}}  # fmt: skip
    visual = {"id": "v", "by": ["day"], "measures": ["count()"]}
    insight = {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": [f"group-{team}"], "LogFormat": "JSON",
        "Contribution": {"Keys": ["$.a"], "Filters": []}, "AggregateOn": "Count",
    }  # fmt: skip
    record = {
        "eventID": team, "eventName": f"Make{team}", "eventSource": "ec2.amazonaws.com",
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_MS / 1000 - 600)),
        "recipientAccountId": ACCOUNT, "awsRegion": REGION, "eventVersion": "1.08",
        "userIdentity": {"type": "Root", "accountId": ACCOUNT, "userName": team},
    }  # fmt: skip
    muted = {"Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "PT1H"}}, "Description": team}
    rate = {"kind": "COMPUTE_SP", "years": 1, "payment": "NO_UPFRONT", "share": "0.5", "service": team, "family": team,
            "note": team}  # fmt: skip
    return [
        ("put", f"/rest/v1/alarms/alarm-{team}", {"definition": alarm, "tags": {"team": team}}),
        ("put", f"/rest/v1/alarms/bare-{team}", {"definition": alarm, "tags": {}}),
        *(("post", f"/rest/v1/alarms/{kind}-{team}/state", {"state": "ALARM", "reason": f"set for {team}"})
          for kind in ("alarm", "bare")),
        ("post", "/rest/v1/alertmanager", {"alerts": [
            {"status": "firing", "labels": {"alertname": team, "team": team}, "fingerprint": team}]}),
        ("put", "/rest/v1/anomaly-detectors", {"namespace": f"space-{team}", "name": f"metric-{team}",
                                               "dimensions": {"team": team}}),
        ("post", "/rest/v1/audit/events", {"records": [record]}),
        ("post", "/rest/v1/batch-jobs", {"id": team, "name": team, "status": "Completed", "started_ms": NOW_MS}),
        ("post", "/rest/v1/budgets", {"name": f"budget-{team}", "limit": "1"}),
        ("post", "/rest/v1/channels", {"name": f"channel-{team}", "kind": "webhook",
                                       "endpoint": f"https://example.com/{team}"}),
        ("post", "/rest/v1/costs/anomalies/monitors", {"name": f"monitor-{team}", "dimension": "SERVICE"}),
        ("put", f"/rest/v1/costs/reports/costs-{team}", {"query": f"group=service&search={team}"}),
        ("put", f"/rest/v1/dashboards/board-{team}", {"body": {"widgets": [text, metric]}}),
        ("put", f"/rest/v1/datasets/set-{team}", {"spec": {"title": team, "sources": [{"use": "costs"}],
                                                       "range": "2d"}}),
        ("put", f"/rest/v1/analyses/analysis-{team}", {"spec": {"title": team, "dataset": f"set-{team}",
                                                                "visuals": [visual]}}),
        ("post", "/rest/v1/event-archives", {"name": f"archive-{team}"}),
        ("post", "/rest/v1/event-connections", {"name": f"connection-{team}", "kind": "basic", "user": team,
                                                "secret": "s", "endpoint": f"https://example.com/{team}"}),
        ("post", "/rest/v1/event-rules", {"name": f"rule-{team}", "pattern": json.dumps({"source": [team]}),
                                          "description": team}),
        ("post", "/rest/v1/event-sources/drifts", {"name": f"drift-{team}", "namespace": team, "metric": team}),
        ("post", "/rest/v1/event-sources/places", {"name": f"place-{team}", "url": f"s3://{team}/"}),
        ("post", "/rest/v1/events", {"events": [{"source": team, "detail_type": team}]}),
        ("put", "/rest/v1/logs/contributors", {"name": f"insight-{team}", "definition": json.dumps(insight)}),
        ("put", "/rest/v1/logs/lookups", {"name": f"lookup_{team}", "csv": f"{team},b\n{team},2\n",
                                          "description": team}),
        ("put", f"/rest/v1/mute-rules/mute-{team}", {"definition": muted}),
        ("post", "/rest/v1/pipelines", {"name": f"pipeline-{team}", "kind": "webhook",
                                        "form": {"url": f"https://example.com/{team}"}}),
        ("put", "/rest/v1/purchases/offers", {"name": f"offer-{team}", "type": team, "region": team, "hourly": "1",
                                              "most": 4}),
        ("put", "/rest/v1/purchases/rates", rate),
        ("put", "/rest/v1/purchases/terms", {"name": f"term-{team}", "start_ms": 0, "end_ms": NOW_MS + 9 * DAY_MS}),
        ("put", f"/rest/v1/reports/schedules/report-{team}", {"template": "executive", "schedule": "cron(0 6 1 * ? *)",
                                                             "owner": team, "emails": [f"{team}@example.com"]}),
        ("put", "/rest/v1/scaling/targets", {"namespace": "custom", "resource": f"target-{team}",
                                             "dimension": "custom:x:y", "least": 1, "most": 4}),
    ]  # fmt: skip


def remote_write(http: httpx.Client, token: str, team: str) -> None:
    """Send two series of a team by Prometheus' remote write."""
    pairs = {"__name__": f"prom_{team}", "team": team, "instance": f"node-{team}", f"lab_{team}": f"val-{team}"}
    message = prompb.messages().WriteRequest()
    series = message.timeseries.add()
    for name, value in sorted(pairs.items()):
        series.labels.add(name=name, value=value)
    for at, number in ((NOW_MS - MINUTE_MS, 1.0), (NOW_MS - 10_000, 2.0)):
        series.samples.add(timestamp=at, value=number)
    body = message.SerializeToString()
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
               "X-Prometheus-Remote-Write-Version": "0.1.0"}  # fmt: skip
    answer = http.post(
        "/api/v1/write", content=bytes(cramjam.snappy.compress_raw(body)), headers=headers | bearer(token)
    )
    assert answer.status_code < 300, answer.text


def put_into_aws(url: str, key: Mapping[str, str], team: str) -> None:
    """What a team sets up by AWS's API."""
    logs = aws(url, "logs", key)
    group = f"group-{team}"
    logs.create_log_group(logGroupName=group, tags={"team": team})
    logs.create_log_stream(logGroupName=group, logStreamName=f"stream-{team}")
    events = [{"timestamp": NOW_MS - number * 1000, "message": json.dumps({"a": team, "n": number})} for number in
              range(20, 0, -1)]  # fmt: skip
    logs.put_log_events(logGroupName=group, logStreamName=f"stream-{team}", logEvents=events)
    logs.put_query_definition(name=f"query-{team}", queryString=f"fields @message | filter a = '{team}'",
                              logGroupNames=[group])  # fmt: skip
    logs.put_metric_filter(logGroupName=group, filterName=f"filter-{team}", filterPattern="",
                           metricTransformations=[{"metricName": f"filtered-{team}", "metricNamespace": f"space-{team}",
                                                   "metricValue": "1"}])  # fmt: skip
    watch = aws(url, "cloudwatch", key)
    data = {"MetricName": f"aws-{team}", "Dimensions": [{"Name": "team", "Value": team}], "Value": 1.0}
    watch.put_metric_data(Namespace=f"aws-{team}", MetricData=[data])
    logs.start_query(logGroupName=group, startTime=0, endTime=NOW_MS // 1000,
                     queryString=f"fields @message | filter a = '{team}'")  # fmt: skip
    aws(url, "sns", key).create_topic(Name=f"topic-{team}", Tags=[{"Key": "team", "Value": team}])
    aws(url, "xray", key).create_group(GroupName=f"xgroup-{team}", FilterExpression=f'service("service-{team}")')


def put_bill(http: httpx.Client, token: str) -> None:
    """Import the bill, and wait for it."""
    own = bearer(token)
    id_ = http.post("/rest/v1/costs/uploads", headers=own).json()["id"]
    part = http.put(f"/rest/v1/costs/uploads/{id_}", params={"name": "bill.csv"}, content=bill().encode(), headers=own)
    assert part.status_code < 300, part.text
    asked = {"location": f"upload:{id_}", "source": "both teams"}
    begun = http.post("/rest/v1/costs/imports", json=asked, headers=own)
    assert begun.status_code < 300, begun.text
    number = begun.json()["id"]

    def settled() -> Any:
        found = http.get(f"/rest/v1/costs/imports/{number}", headers=own).json()
        return found if found["state"] in ("done", "failed") else None

    done = until(settled, "the bill is imported")
    assert done["state"] == "done", done


def put_by_team(http: httpx.Client, token: str, team: str) -> list[tuple[str, str]]:
    """What people of a team set up with a key of their own, which is bound to it; what was refused."""
    name = f"own-{team}"
    text = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": name}}
    spec = {"title": name, "sources": [{"use": "costs"}], "range": "2d"}
    visual = {"id": "v", "by": ["day"], "measures": ["count()"]}
    asked = [
        ("post", "/rest/v1/budgets", {"name": name, "limit": "1"}),
        ("post", "/rest/v1/costs/anomalies/monitors", {"name": name, "dimension": "SERVICE"}),
        ("put", f"/rest/v1/costs/reports/{name}", {"query": f"group=service&search={team}"}),
        ("put", f"/rest/v1/dashboards/{name}", {"body": {"widgets": [text]}}),
        ("post", f"/rest/v1/dashboards/{name}/shares", {}),
        ("put", f"/rest/v1/datasets/{name}", {"spec": spec}),
        ("put", f"/rest/v1/analyses/{name}", {"spec": {"title": name, "dataset": name, "visuals": [visual]}}),
    ]
    wrong = []
    for verb, path, body in asked:
        answer = http.request(verb, path, json=body, headers=bearer(token))
        if answer.status_code >= 300:
            wrong.append((path, answer.text[:300]))
    return wrong


def put(http: httpx.Client, token: str, key: Mapping[str, str], url: str) -> list[str]:
    """Put all of both teams; what was refused, in words."""
    wrong = []
    for team in (OURS, THEIRS):
        for verb, path, body in [*facts(team), *untagged(team), *settings(team)]:
            answer = http.request(verb, path, json=body, headers=bearer(token))
            if answer.status_code >= 300:
                wrong.append(f"{verb} {path}: {answer.status_code} {answer.text[:300]}")
        remote_write(http, token, team)
        put_into_aws(url, key, team)
    put_bill(http, token)
    return wrong


def keys(data_dir: Path) -> dict[str, Any]:
    """Keys beside the running server: tokens by `<role> of <team>`, and AWS keys by `aws <role> of <team>`."""
    state = State.open("", data_dir)
    store, found = KeyStore(state, SystemClock()), {}
    whole = asyncio.run(store.create_aws("aws admin", None, Role.ADMIN))
    found["aws admin"] = {"id": whole.id, "secret": whole.secret}
    for team in (OURS, THEIRS):
        rows = (RowRule("team", frozenset((team,))),)
        for role in (Role.READ, Role.WRITE, Role.ADMIN):
            made = asyncio.run(store.create_token(f"{role} of {team}", role, None, rows))
            found[f"{role} of {team}"] = made.secret
            signed = asyncio.run(store.create_aws(f"aws {role} of {team}", None, role, rows))
            found[f"aws {role} of {team}"] = {"id": signed.id, "secret": signed.secret}
    return found
