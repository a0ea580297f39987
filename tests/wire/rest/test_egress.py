"""Where a live server that asks for credentials connects to, and on whose word: what each door lets out."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.wire.rest.test_access import cli

from live_server import LiveServer
from shared_servers import SharedServers
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound
from trimtab.client import notify_wire, wire
from trimtab.client.api import Client
from trimtab.client.egress import Egress
from trimtab.client.notify import Notify

pytestmark = pytest.mark.wire
ROLE = "arn:aws:iam::123456789012:role/serve"
IDLE_S = 8.0
"""httpx keeps an idle connection for five seconds."""
SECRET = b'{"internal":"secret"}'


class Guarded:
    """The server, its administrator's token, and clients of several roles."""

    def __init__(self, live: LiveServer, admin: str) -> None:
        self.live, self.admin = live, admin
        self.keys: dict[str, wire.NewKey] = {}

    def token(self, role: wire.RoleName, account: str | None = None) -> str:
        with Client(self.live.url, self.admin) as client:
            made = client.create_key(wire.CreateKey(name=f"{role}-{account}", kind="token", role=role, account=account))
        return made.secret

    def aws(self, service: str, role: wire.RoleName, account: str | None = None) -> Any:
        name = f"{role}-{account}"
        if name not in self.keys:
            with Client(self.live.url, self.admin) as client:
                made = client.create_key(wire.CreateKey(name=name, kind="aws", role=role, account=account))
            self.keys[name] = made
        key = self.keys[name]
        return boto3.client(
            service, endpoint_url=self.live.url, region_name="us-east-1", aws_access_key_id=key.id,
            aws_secret_access_key=key.secret, config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip


@pytest.fixture(scope="module")
def guarded(shared_servers: SharedServers) -> Guarded:
    live = shared_servers.server("guarded", "tests/wire/rest/test_egress.py")
    return Guarded(live, shared_servers.admin)


@contextmanager
def internal() -> Iterator[tuple[str, list[str]]]:
    """A service of this machine that nobody outside is meant to reach, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(SECRET)))
            self.end_headers()
            self.wfile.write(SECRET)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", asked
        served.shutdown()
        thread.join()


def endpoint(sagemaker: Any, name: str, url: str) -> None:
    container = {"Image": "mine", "Environment": {"TRIMTAB_URL": url}}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


@pytest.mark.parametrize("spelling", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"])
def test_a_model_of_an_internal_service_is_refused_unless_an_administrator_makes_it(
    guarded: Guarded, spelling: str
) -> None:
    with internal() as (url, asked):
        port = url.rpartition(":")[2]
        with pytest.raises(ClientError, match=rf"trimtab egress allow [\w.]+:{port}"):
            endpoint(guarded.aws("sagemaker", "write"), "inner", f"http://{spelling}:{port}/admin")
        assert asked == []


def test_an_administrators_model_is_asked_until_its_entry_is_removed(guarded: Guarded) -> None:
    with internal() as (url, asked):
        place = url.removeprefix("http://")
        endpoint(guarded.aws("sagemaker", "admin"), "mine", f"{url}/invocations")
        runtime = guarded.aws("sagemaker-runtime", "write")
        assert SECRET == runtime.invoke_endpoint(EndpointName="mine", Body=b"x")["Body"].read()
        with Client(guarded.live.url, guarded.admin) as client:
            listed = {one.place: one for one in Egress(client).listed().entries}
            assert (listed[place].note, listed[place].made_by) == ("model mine", "admin-None")
            Egress(client).remove(place)
            with pytest.raises(NotFound, match="cannot find"):
                Egress(client).remove(place)
        threading.Event().wait(IDLE_S)  # a connection that is kept ends when it was idle, and the next asks the gate
        with pytest.raises(ClientError, match="is on no public network"):
            runtime.invoke_endpoint(EndpointName="mine", Body=b"x")
        assert set(asked) == {"/invocations"}


def test_trimtabs_own_doors_and_engine_are_never_asked(guarded: Guarded) -> None:
    engine = json.loads((guarded.live.data_dir / "engine" / "engine.json").read_text())["port"]
    grpc = guarded.live.address_of("OTLP over gRPC")[1]
    for port in (int(guarded.live.url.rpartition(":")[2]), engine, grpc):
        with pytest.raises(ClientError, match="trimtab itself listens there"):
            endpoint(guarded.aws("sagemaker", "admin"), "own", f"http://localhost:{port}/rest/v1/keys")
        with Client(guarded.live.url, guarded.admin) as client, pytest.raises(InvalidInput, match="itself listens"):
            Egress(client).allow(f"127.0.0.1:{port}")


def test_every_door_that_takes_a_url_asks_the_gate(guarded: Guarded) -> None:
    url = "http://10.9.8.7:81/x"
    events, logs = guarded.aws("events", "write"), guarded.aws("logs", "write")
    events.put_rule(Name="egress", EventPattern='{"source":["x"]}')
    basic = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
    arn = events.create_connection(Name="egress", AuthorizationType="BASIC", AuthParameters=basic)["ConnectionArn"]
    client_parameters = {"ClientID": "c", "ClientSecret": "s"}
    oauth = {
        "OAuthParameters": {"ClientParameters": client_parameters, "AuthorizationEndpoint": url, "HttpMethod": "POST"}
    }
    topic = guarded.aws("sns", "write").create_topic(Name="egress")["TopicArn"]
    logs.create_log_group(logGroupName="egress")
    stream = {"Name": "egress", "FirehoseArn": url, "RoleArn": ROLE, "OutputFormat": "json"}
    function = {"FunctionName": "egress", "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE,
                "Code": {"ImageUri": "x"}, "Environment": {"Variables": {"TRIMTAB_URL": url}}}  # fmt: skip
    calls = {
        "event target": lambda: _failed(events.put_targets(Rule="egress", Targets=[{"Id": "1", "Arn": url}])),
        "API destination": lambda: events.create_api_destination(
            Name="egress", ConnectionArn=arn, InvocationEndpoint=url, HttpMethod="POST"
        ),
        "connection": lambda: events.create_connection(
            Name="egress-o", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters=oauth
        ),
        "subscription": lambda: guarded.aws("sns", "write").subscribe(TopicArn=topic, Protocol="http", Endpoint=url),
        "subscription filter": lambda: logs.put_subscription_filter(
            logGroupName="egress", filterName="f", filterPattern="", destinationArn=url
        ),
        "log destination": lambda: logs.put_destination(destinationName="d", targetArn=url, roleArn=ROLE),
        "metric stream": lambda: guarded.aws("cloudwatch", "write").put_metric_stream(**stream),
        "function": lambda: guarded.aws("lambda", "write").create_function(**function),
    }
    for name, call in calls.items():
        with pytest.raises((ClientError, AssertionError), match=r"egress allow 10\.9\.8\.7:81"):
            call()
            pytest.fail(f"{name} was taken")
    with Client(guarded.live.url, guarded.token("write")) as client, pytest.raises(InvalidInput, match="egress allow"):
        Notify(client).add(notify_wire.CreateChannel(name="egress", kind="webhook", endpoint=url))
    with Client(guarded.live.url, guarded.admin) as client:
        (kept,) = [one for one in Egress(client).listed().refusals if one.place == "10.9.8.7:81"]
        assert "is on no public network" in kept.reason


def _failed(answer: Any) -> None:
    assert not answer["FailedEntryCount"], answer["FailedEntries"]


def test_the_list_is_of_administrators_of_the_whole_server(guarded: Guarded) -> None:
    for role, account in (("write", None), ("admin", "222222222222")):
        with Client(guarded.live.url, guarded.token(role, account)) as client:  # type: ignore[arg-type]  # of the table
            for call in (Egress(client).listed, lambda: Egress(client).allow("10.0.0.1:80")):
                with pytest.raises(AccessDenied):
                    call()
            with pytest.raises(InvalidInput, match="egress allow"):
                wish = notify_wire.CreateChannel(name="other", kind="webhook", endpoint="http://10.0.0.2/x")
                Notify(client).add(wish)
    with pytest.raises(ClientError, match="egress allow"):
        endpoint(guarded.aws("sagemaker", "admin", "222222222222"), "other", "http://10.0.0.2/x")


def test_the_command_line_and_the_page_change_the_list(guarded: Guarded, tmp_path: Path) -> None:
    at = {"TRIMTAB_URL": guarded.live.url, "TRIMTAB_TOKEN": guarded.admin}
    assert "may be connected to" in cli(tmp_path, "egress", "allow", "[FD00::5]:8080", "--note", "models", **at).stdout
    assert "[fd00::5]:8080" in cli(tmp_path, "egress", "list", **at).stdout
    refused = cli(tmp_path, "egress", "allow", "169.254.169.254:80", **at)
    assert (refused.returncode, "metadata service" in refused.stderr) == (2, True)
    with httpx.Client(base_url=guarded.live.url, headers={"Authorization": f"Bearer {guarded.admin}"}) as browser:
        assert "[fd00::5]:8080" in browser.get("/access").text
        gone = browser.post("/access/egress", data={"do": "remove", "place": "[fd00::5]:8080"})
        assert gone.status_code == 303
        assert "[fd00::5]:8080" not in browser.get("/access").text
        assert browser.post("/access/egress", data={"place": "10.1.1.1:80", "note": "by hand"}).status_code == 303
        assert "by hand" in browser.get("/access").text
    assert "connected to no more" in cli(tmp_path, "egress", "remove", "10.1.1.1:80", **at).stdout


def test_what_was_allowed_and_refused_is_in_the_audit(guarded: Guarded) -> None:
    trail = guarded.aws("cloudtrail", "admin")
    with Client(guarded.live.url, guarded.admin) as client:
        Egress(client).allow("10.7.7.7:80", "for the audit")
    with pytest.raises(ClientError):
        endpoint(guarded.aws("sagemaker", "write"), "audited", "http://10.7.7.8/")
    wanted = {("AllowConnection", "10.7.7.7:80"), ("Connect", "10.7.7.8:80")}
    found: set[tuple[str, str]] = set()
    for _ in range(150):  # the job tells every five seconds
        attribute = {"AttributeKey": "EventSource", "AttributeValue": "egress.trimtab"}
        events = trail.lookup_events(LookupAttributes=[attribute], MaxResults=50)["Events"]
        records = [json.loads(one["CloudTrailEvent"]) for one in events]
        found = {(one["eventName"], one["requestParameters"]["place"]) for one in records}
        if wanted <= found:
            break
        threading.Event().wait(0.1)
    assert wanted <= found
