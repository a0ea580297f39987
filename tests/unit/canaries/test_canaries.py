"""Canaries by boto3: their steps against real servers on loopback, their schedule, and the metrics of each run."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from botocore.exceptions import ClientError
from tests.unit.doors.aws.conftest import World
from tests.unit.notify.receiver import Receiver, receiving

from boto_in_process import ACCOUNT, client
from gates import gate_of, open_gate
from made_certificates import Certificate, certificate
from trimtab.access.scope import Scope
from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.base.records import replace
from trimtab.canaries.assertions import Answer, problem_of
from trimtab.canaries.blueprint import read_steps
from trimtab.canaries.model import Assertion, CanaryKey, Checker, Operator, Run, Step, Subject
from trimtab.canaries.room import CanaryRoom, samples_of
from trimtab.canaries.run import Runner
from trimtab.canaries.store import CanaryStore
from trimtab.doors.aws.synthetics.rooms import SyntheticsRooms
from trimtab.doors.aws.synthetics.service import build
from trimtab.jobs.lock import Lock
from trimtab.metrics.model import SeriesQuery
from trimtab.store.state.database import State

START_MS = 1_795_600_020_000
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/canary"
KEY = CanaryKey(ACCOUNT, REGION, "shop")
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def models(key: CanaryKey, step: Step) -> bytes:
    """The models of endpoints: one that repeats what it is asked, and one that is not there."""
    if step.where != "echo":
        raise Unavailable(f"the endpoint {step.where} does not answer")
    return step.body.encode()


@dataclass
class Home:
    """Synthetics' client over a room that runs canaries."""

    world: World
    clock: ManualClock
    room: CanaryRoom
    api: Any

    def create(self, steps: dict[str, Any], name: str = "shop", **more: Any) -> Any:
        request = {
            "Name": name, "Code": {"ZipFile": zipped({"steps": steps})}, "ArtifactS3Location": "s3://b/c",
            "ExecutionRoleArn": ROLE, "Schedule": {"Expression": "rate(5 minutes)"},
            "RuntimeVersion": "syn-nodejs-3.0", **more,
        }  # fmt: skip
        return self.api.create_canary(**request)["Canary"]

    def turn(self) -> int:
        run(self.room.lock.renew())
        return run(self._turn())

    async def _turn(self) -> int:
        begun = await self.room.turn()
        assert await self.room.turn() == 0  # what runs is not begun again
        await self.room.settled()
        return begun

    def told(self) -> dict[tuple[str, str], list[float]]:
        """The values of each metric, by its name and step."""
        own = SeriesQuery(namespace="CloudWatchSynthetics")
        by_id = {one.id: one for one in self.world.registry.find(Scope(), own)}
        found: dict[tuple[str, str], list[float]] = {}
        for series, _, value, _ in self.world.value_rows:
            one = by_id[series]
            found.setdefault((one.identity.name, one.dimensions.get("StepName", "")), []).append(value)
        return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    clock = ManualClock(START_MS)
    world = World(clock=clock)
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    state.migrate()
    lock = Lock(state, clock, "canaries")
    metrics: Any = world.ingest, world.registry
    room = CanaryRoom(CanaryStore(state, clock), Runner(open_gate(), clock, models), *metrics, clock, lock)
    service = build(SyntheticsRooms(room, AlarmTags(state), gate_of(state).admit))
    yield Home(world, clock, room, client(service, clock, REGION))
    state.close()


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def zipped(blueprint: Any, name: str = "blueprint-config.json") -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr(name, json.dumps(blueprint))
    return kept.getvalue()


def http(url: str, **more: Any) -> dict[str, Any]:
    return {"stepName": "health", "checkerType": "HTTP", "url": url, **more}


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_canary_runs_when_it_is_due_and_tells_synthetics_metrics(home: Home, shop: Receiver) -> None:
    home.create({"1": http(f"{shop.url}/health"), "2": {**http(f"{shop.url}/cart"), "stepName": "cart"}})
    assert home.turn() == 0  # it was not started
    home.api.start_canary(Name="shop")
    assert home.turn() == 1
    assert shop.gets == ["/health", "/cart"]
    assert home.turn() == 0  # the next one is in five minutes
    home.clock.advance(300)
    shop.status = 503
    assert home.turn() == 1
    failed, passed = home.api.get_canary_runs(Name="shop")["CanaryRuns"]
    assert (passed["Status"]["State"], failed["Status"]["State"]) == ("PASSED", "FAILED")
    assert failed["Status"]["StateReason"] == "health: HTTP 503"
    assert shop.gets[2:] == ["/health"]  # a step that fails ends the run
    told = home.told()
    assert told["SuccessPercent", ""] == [100.0, 0.0]
    assert told["Failed", ""] == [0.0, 1.0]
    assert (told["2xx", ""], told["5xx", ""]) == ([2.0, 0.0], [0.0, 1.0])
    assert (told["SuccessPercent", "health"], told["SuccessPercent", "cart"]) == ([100.0, 0.0], [100.0])
    assert len(told["Duration", ""]) == 2
    [last] = home.api.describe_canaries_last_run()["CanariesLastRun"]
    assert (last["CanaryName"], last["LastRun"]["Id"]) == ("shop", failed["Id"])


def test_a_run_that_failed_is_tried_again_as_often_as_it_may(home: Home, shop: Receiver) -> None:
    schedule = {"Expression": "rate(1 minute)", "RetryConfig": {"MaxRetries": 2}}
    post = http(f"{shop.url}/", httpMethod="POST", body="x", headers={"Content-Type": "text/plain"})
    home.create({"1": post}, Schedule=schedule)
    shop.statuses = [500, 500]
    home.api.start_canary(Name="shop")
    home.turn()
    [one] = home.api.get_canary_runs(Name="shop")["CanaryRuns"]
    assert (one["Status"]["State"], one["RetryAttempt"]) == ("PASSED", 2)
    assert [headers["content-type"] for _, headers, _ in shop.requests] == ["text/plain"] * 3
    assert home.told()["SuccessPercent", ""] == [100.0]


def test_a_canary_stops_by_itself_when_its_time_is_over(home: Home, shop: Receiver) -> None:
    home.create(
        {"1": http(f"{shop.url}/")}, "short", Schedule={"Expression": "rate(1 minute)", "DurationInSeconds": 60}
    )
    home.create({"1": http(f"{shop.url}/")}, "once", Schedule={"Expression": "rate(0 minute)"})
    for name in ("short", "once"):
        home.api.start_canary(Name=name)
    assert home.turn() == 2
    assert {one["Status"]["State"] for one in home.api.describe_canaries()["Canaries"]} == {"STOPPED"}
    home.clock.advance(600)
    assert home.turn() == 0


def test_a_canary_is_made_changed_tagged_and_forgotten(home: Home, shop: Receiver) -> None:
    made = home.create({"1": http(f"{shop.url}/a")}, Tags={"team": "a"}, RunConfig={"TimeoutInSeconds": 60})
    assert (made["Status"]["State"], made["Tags"], made["RunConfig"]) == (
        "READY",
        {"team": "a"},
        {"TimeoutInSeconds": 60},
    )
    assert (made["SuccessRetentionPeriodInDays"], made["Code"]["BlueprintTypes"]) == (31, ["multi-checks"])
    assert refused(home.create, steps={"1": http(f"{shop.url}/a")})[0] == "ConflictException"
    home.api.update_canary(Name="shop", Code={"ZipFile": zipped({"steps": {"1": http(f"{shop.url}/b")}})})
    home.api.start_canary(Name="shop")
    home.turn()
    assert shop.gets == ["/b"]
    assert refused(home.api.start_canary, Name="shop")[0] == "ConflictException"
    assert refused(home.api.delete_canary, Name="shop")[0] == "ConflictException"
    home.api.stop_canary(Name="shop")
    assert refused(home.api.stop_canary, Name="shop")[0] == "ConflictException"
    home.clock.advance(600)
    assert home.turn() == 0
    home.api.tag_resource(ResourceArn=KEY.arn, Tags={"tier": "1"})
    home.api.untag_resource(ResourceArn=KEY.arn, TagKeys=["team"])
    assert home.api.list_tags_for_resource(ResourceArn=KEY.arn)["Tags"] == {"tier": "1"}
    other = KEY.arn.replace("shop", "other")
    assert refused(home.api.list_tags_for_resource, ResourceArn=other)[0] == "NotFoundException"
    assert refused(home.api.list_tags_for_resource, ResourceArn=ROLE)[0] == "ValidationException"
    home.api.delete_canary(Name="shop")
    assert refused(home.api.get_canary, Name="shop")[0] == "ResourceNotFoundException"
    again = home.create({"1": http(f"{shop.url}/a")})
    assert again["Tags"] == {}
    assert home.api.get_canary_runs(Name="shop")["CanaryRuns"] == []
    assert home.api.describe_canaries(Names=["other"])["Canaries"] == []
    assert home.api.describe_runtime_versions()["RuntimeVersions"][0]["VersionName"] == "syn-nodejs-3.0"


def test_runs_past_their_days_go(home: Home, shop: Receiver) -> None:
    home.create({"1": http(f"{shop.url}/")}, SuccessRetentionPeriodInDays=1)
    home.api.start_canary(Name="shop")
    home.turn()
    home.clock.advance(2 * 86_400)
    home.turn()
    assert len(home.api.get_canary_runs(Name="shop")["CanaryRuns"]) == 1


def test_scripts_and_what_is_only_in_s3_are_refused(home: Home) -> None:
    scripted = refused(
        home.api.create_canary, **_request({"ZipFile": zipped({}, "index.js"), "Handler": "index.handler"})
    )
    assert "cannot run the script of a canary" in scripted[1]
    assert "from S3" in refused(home.api.create_canary, **_request({"S3Bucket": "b", "S3Key": "k"}))[1]
    assert "cannot read the zip" in refused(home.api.create_canary, **_request({"ZipFile": b"no zip"}))[1]
    rate = refused(home.create, steps={"1": http("http://127.0.0.1:1/")}, Schedule={"Expression": "rate(2 hours)"})
    assert "expected a rate of a minute to an hour" in rate[1]


def _request(code: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": "shop", "Code": code, "ArtifactS3Location": "s3://b", "ExecutionRoleArn": ROLE,
        "Schedule": {"Expression": "rate(5 minutes)"}, "RuntimeVersion": "syn-nodejs-3.0",
    }  # fmt: skip


@pytest.fixture
def health() -> Iterator[int]:
    with health_service() as port:
        yield port


@contextmanager
def health_service(own: Certificate | None = None) -> Iterator[int]:
    """The port of a gRPC server with a health service: the service `down` does not serve, `none` is not known."""

    def check(asked: bytes, context: grpc.ServicerContext) -> bytes:
        name = asked[2:].decode()
        if name == "none":
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return b"\x08\x02" if name == "down" else b"\x08\x01"

    handler = grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
    )
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    pair = own and grpc.ssl_server_credentials([(own.key.encode(), own.pem.encode())])
    port = server.add_secure_port("127.0.0.1:0", pair) if pair else server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait()


def step(checker: Checker, where: str, **more: Any) -> Step:
    return Step("one", checker, where, 5.0, **more)


def test_grpc_servers_are_asked_whether_they_serve(health: int) -> None:
    runner = Runner(open_gate(), ManualClock(), models)
    found = [
        run(runner.run(KEY, [step(Checker.GRPC, f"http://127.0.0.1:{health}", service=name)]))[0]
        for name in ("", "shop", "down", "none")
    ]
    assert [one.passed for one in found] == [True, True, False, False]
    assert found[2].reason == "the service says that it does not serve"
    assert found[3].reason == "gRPC NOT_FOUND: unknown service"


def test_grpc_servers_of_an_authority_of_the_machine_are_asked_over_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate().write(tmp_path)
    runner = Runner(open_gate(), ManualClock(), models)
    with health_service(own) as port:
        asked = [step(Checker.GRPC, f"https://localhost:{port}", service="shop")]
        [stranger] = run(runner.run(KEY, asked))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        [known] = run(runner.run(KEY, asked))
    assert (False, True) == (stranger.passed, known.passed), known.reason
    assert "gRPC UNAVAILABLE" in stranger.reason


def test_ports_and_models_are_asked_too_and_the_gate_is_not_passed_by(health: int, home: Home, tmp_path: Path) -> None:
    runner = Runner(open_gate(), ManualClock(), models)
    body = Assertion(Subject.JSON, Operator.EQUALS, "4", "$.answer")
    steps = [
        step(Checker.TCP, f"127.0.0.1:{health}"),
        step(Checker.MODEL, "echo", body='{"answer": 4}', assertions=(body,)),
        step(Checker.MODEL, "gone"),
        step(Checker.TCP, f"127.0.0.1:{health}"),
    ]
    found = run(runner.run(KEY, steps))
    assert [(one.passed, one.reason) for one in found] == [
        (True, ""), (True, ""), (False, "the endpoint gone does not answer"),
    ]  # fmt: skip
    state = State(f"sqlite:///{tmp_path / 'gate.sqlite'}")
    state.migrate()
    closed = Runner(gate_of(state), ManualClock(), models)
    for where in (step(Checker.TCP, f"127.0.0.1:{health}"), step(Checker.GRPC, f"http://127.0.0.1:{health}")):
        [one] = run(closed.run(KEY, [where]))
        assert not one.passed
        assert "127.0.0.1" in one.reason
    state.close()


def test_a_step_that_takes_too_long_fails() -> None:
    async def slow(key: CanaryKey, step: Step) -> bytes:
        await asyncio.Event().wait()
        return b""

    [found] = run(Runner(open_gate(), ManualClock(), slow).run(KEY, [Step("one", Checker.MODEL, "slow", 0.01)]))
    assert found.reason == "no answer within 0.01 s"


ANSWER = Answer(120.0, 404, {"content-type": "application/json"}, b'{"items": [{"id": 7}], "ok": true}')


@pytest.mark.parametrize(
    ("subject", "operator", "value", "at", "problem"),
    [
        (Subject.STATUS_CODE, Operator.EQUALS, "404", "", ""),
        (Subject.STATUS_CODE, Operator.LESS_THAN, "400", "", "STATUS_CODE is '404', expected LESS_THAN '400'"),
        (Subject.HEADER, Operator.CONTAINS, "json", "Content-Type", ""),
        (Subject.HEADER, Operator.EQUALS, "x", "X-Other", "HEADER X-Other is not there, expected EQUALS 'x'"),
        (Subject.BODY, Operator.NOT_CONTAINS, "error", "", ""),
        (Subject.BODY, Operator.MATCHES, r'"id": \d\}', "", ""),
        (Subject.BODY, Operator.GREATER_THAN, "1", "", "BODY is"),
        (Subject.JSON, Operator.EQUALS, "7", "$.items[0].id", ""),
        (Subject.JSON, Operator.EQUALS, "true", "$.ok", ""),
        (Subject.JSON, Operator.NOT_EQUALS, "true", "$.ok", "JSON $.ok is 'true', expected NOT_EQUALS 'true'"),
        (Subject.JSON, Operator.EQUALS, "1", "$.none", "JSON $.none: "),
        (Subject.RESPONSE_TIME, Operator.LESS_THAN, "200", "", ""),
        (Subject.RESPONSE_TIME, Operator.GREATER_THAN, "200", "", "RESPONSE_TIME is '120.000'"),
    ],
)
def test_assertions_look_at_every_part_of_an_answer(
    subject: Subject, operator: Operator, value: str, at: str, problem: str
) -> None:
    found = problem_of(ANSWER, [Assertion(subject, operator, value, at)])
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


def test_without_assertions_http_must_answer_200_to_399() -> None:
    assert [problem_of(Answer(1.0, status), ()) for status in (200, 399, 400, 199)] == ["", "", "HTTP 400", "HTTP 199"]
    assert problem_of(Answer(1.0), ()) == ""


def test_variables_timeouts_and_agents_of_a_blueprint_are_those_of_its_steps() -> None:
    blueprint = {
        "globalSettings": {"stepTimeout": 9000, "userAgent": "me"},
        "variables": {"base": "http://a.example"},
        "steps": {
            "2": http("${base}/b", timeout=2000, headers={"user-agent": "other"}, assertions=[
                {"type": "STATUS_CODE", "value": 204},
                {"type": "JSON", "path": "$.ok", "operator": "EQUALS", "value": True},
            ]),
            "1": {"checkerType": "TCP", "hostname": "a.example", "port": 5432},
        },
    }  # fmt: skip
    first, second = read_steps(blueprint)
    assert (first.name, first.where, first.timeout_s) == ("1", "a.example:5432", 9.0)
    assert (second.where, second.timeout_s, second.headers) == ("http://a.example/b", 2.0, (("user-agent", "other"),))
    assert [(one.subject, one.value) for one in second.assertions] == [
        (Subject.STATUS_CODE, "204"),
        (Subject.JSON, "true"),
    ]
    assert read_steps({**blueprint, "steps": {"1": http("${base}")}})[0].headers == (("User-Agent", "me"),)


@pytest.mark.parametrize(
    ("blueprint", "message"),
    [
        ([], "expected an object"),
        ({"steps": {}}, "got 0 steps"),
        ({"steps": {"1": http("http://a")}, "more": 1}, "more is not expected"),
        ({"steps": {"11": http("http://a")}}, "from 1 to 10"),
        ({"steps": {"1": {"checkerType": "DNS"}}}, "expected HTTP, TCP, GRPC, MODEL"),
        ({"steps": {"1": http("${none}/")}}, "the variable none is not declared"),
        ({"steps": {"1": http("file:///etc/passwd")}}, "expected http:// or https://"),
        ({"steps": {"1": http("http://a", timeout=10)}}, "expected 1000 to 300000 ms"),
        ({"steps": {"1": http("http://a", httpMethod="TRACE")}}, "httpMethod"),
        ({"steps": {"1": http("http://a", assertions=[{"type": "SIZE", "value": 1}])}}, "SIZE"),
        ({"steps": {"1": http("http://a", assertions=[{"type": "STATUS_CODE"}])}}, "expected a value"),
        (
            {"steps": {"1": http("http://a", assertions=[{"type": "BODY", "operator": "MATCHES", "value": "("}])}},
            "assertions.1",
        ),
        (
            {"steps": {"1": http("http://a", assertions=[{"type": "BODY", "operator": "LESS_THAN", "value": "x"}])}},
            "expected a number",
        ),
        ({"steps": {"1": {"checkerType": "MODEL"}}}, "expected endpoint"),
    ],
)
def test_what_is_no_blueprint_is_refused(blueprint: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read_steps(blueprint)


def test_a_run_without_a_status_tells_of_none(home: Home) -> None:
    home.create({"1": {"checkerType": "MODEL", "endpoint": "gone"}})
    kept = run(home.room.store.get(KEY))
    names = [identity.name for identity, _ in samples_of(kept, Run("r", 0, 1, False, "x", ()))]
    assert names == ["SuccessPercent", "Duration", "Failed"]


def test_only_the_server_with_the_lock_runs_canaries(home: Home, shop: Receiver) -> None:
    home.create({"1": http(f"{shop.url}/")})
    home.api.start_canary(Name="shop")
    assert run(home.room.turn()) == 0
    assert home.turn() == 1


def test_a_run_that_takes_too_long_fails_and_holds_no_other_up(home: Home, shop: Receiver) -> None:
    asked: list[str] = []

    async def slow(key: CanaryKey, step: Step) -> bytes:
        asked.append(step.where)
        await asyncio.Event().wait()
        return b""

    room = replace(home.room, runner=replace(home.room.runner, models=slow))
    home.create({"1": {"checkerType": "MODEL", "endpoint": "never"}}, "slow")
    home.create({"1": http(f"{shop.url}/")}, "quick")
    kept = run(room.store.update(CanaryKey(ACCOUNT, REGION, "slow"), {**_form(home, "slow"), **LATE}))
    for name in ("slow", "quick"):
        home.api.start_canary(Name=name)
    run(room.lock.renew())

    async def both() -> None:
        assert await room.turn() == 2
        await room.settled()

    run(both())
    assert asked == ["never"]
    [found] = home.api.get_canary_runs(Name="slow")["CanaryRuns"]
    assert found["Status"]["StateReason"] == "the run took longer than 0 s"
    assert home.api.get_canary_runs(Name="quick")["CanaryRuns"][0]["Status"]["State"] == "PASSED"
    assert kept.id not in room.running


LATE = {"RunConfig": {"TimeoutInSeconds": 0}}
"""A limit that is over at the first wait; the API asks for three seconds."""


def _form(home: Home, name: str) -> dict[str, Any]:
    return dict(run(home.room.store.get(CanaryKey(ACCOUNT, REGION, name))).form)
