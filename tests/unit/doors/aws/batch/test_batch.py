"""boto3's batch over jobs of commands in this process: what runs, how it ends, and what may not run at all."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from boto_in_process import client
from trimtab.access.principal import LOCAL_OPERATOR, Role
from trimtab.base.clock import SystemClock
from trimtab.batch.commands.file import batch_file
from trimtab.batch.commands.jobs import CommandJobs
from trimtab.batch.store import JobStore
from trimtab.doors.aws.batch import service
from trimtab.store.state.database import State

PYTHON = [sys.executable, "-ES", "-c"]
FLAKY = "import os,sys; n=int(os.environ['AWS_BATCH_JOB_ATTEMPT']); print(f'try {n}'); sys.exit(0 if n == 3 else 7)"
FILE = {
    "queues": {"q": {"slots": 2}},
    "definitions": {
        "greet": {
            "command": [*PYTHON, "import os,sys; open(sys.argv[1], 'w').write(sys.argv[2] + os.environ['END'])",
                        "Ref::path", "Ref::word"],
            "parameters": {"word": "hello"}, "environment": {"END": "!"},
        },
        "flaky": {"command": [*PYTHON, FLAKY]},
        "index": {"command": [*PYTHON, "import os,sys; sys.exit(int(os.environ['AWS_BATCH_JOB_ARRAY_INDEX']) == 1)"]},
        "sleep": {"command": [*PYTHON, "import time; time.sleep(60)"]},
        "absent": {"command": ["/no/such/program"]},
        "any": {"command": ["true"], "overrides": True},
    },
}  # fmt: skip


@pytest.fixture
def jobs(state: State, tmp_path: Path) -> CommandJobs:
    return CommandJobs(JobStore(state, SystemClock()), SystemClock(), tmp_path / "commands", batch_file(FILE))


@pytest.fixture
def api(jobs: CommandJobs) -> Any:
    return client(service.build(jobs), SystemClock(), "us-east-1")


def submit(api: Any, definition: str, **more: Any) -> str:
    return str(api.submit_job(jobName=definition, jobQueue="q", jobDefinition=definition, **more)["jobId"])


def settle(jobs: CommandJobs, until: Callable[[], bool], also: Callable[[], None] = lambda: None) -> None:
    """Turn as the server does until something is so."""

    async def run() -> None:
        deadline = time.monotonic() + 60
        also_done = False
        while not await asyncio.to_thread(until):
            assert time.monotonic() < deadline, "it never came about"
            await jobs.turn()
            if jobs._running and not also_done:
                also_done = True
                await asyncio.to_thread(also)
            await asyncio.sleep(0.02)
        await jobs.close()

    asyncio.run(run())


def over(api: Any, *ids: str) -> Callable[[], bool]:
    return lambda: all(one["status"] in ("SUCCEEDED", "FAILED") for one in api.describe_jobs(jobs=list(ids))["jobs"])


def described(api: Any, id_: str) -> dict[str, Any]:
    [found] = api.describe_jobs(jobs=[id_])["jobs"]
    return dict(found)


def test_a_job_runs_its_definition_s_command_with_parameters(api: Any, jobs: CommandJobs, tmp_path: Path) -> None:
    first = submit(api, "greet", parameters={"path": str(tmp_path / "said"), "word": "hi"}, tags={"team": "ml"})
    second = submit(api, "greet", parameters={"path": str(tmp_path / "late")}, dependsOn=[{"jobId": first}],
                    containerOverrides={"environment": [{"name": "END", "value": "?"}]})  # fmt: skip
    waiting = described(api, first)
    assert ("SUBMITTED", "arn:aws:batch:us-east-1:123456789012:job-queue/q") == (waiting["status"], waiting["jobQueue"])
    settle(jobs, over(api, first, second))
    assert ("hi!", "hello?") == ((tmp_path / "said").read_text(), (tmp_path / "late").read_text())
    found = described(api, first)
    assert ("SUCCEEDED", 0, {"team": "ml"}) == (found["status"], found["container"]["exitCode"], found["tags"])
    assert found["createdAt"] <= found["startedAt"] <= found["stoppedAt"]
    listed = api.list_jobs(jobQueue="q", jobStatus="SUCCEEDED", maxResults=1)
    rest = api.list_jobs(jobQueue="q", jobStatus="SUCCEEDED", nextToken=listed["nextToken"])
    assert {first, second} == {one["jobId"] for one in listed["jobSummaryList"] + rest["jobSummaryList"]}
    assert [] == api.list_jobs(jobQueue="q")["jobSummaryList"]  # those that run, where no status is named
    by_name = {"name": "JOB_NAME", "values": ["gre*"]}
    assert 2 == len(api.list_jobs(jobQueue="q", filters=[by_name])["jobSummaryList"])


def test_failed_attempts_are_repeated_and_told(api: Any, jobs: CommandJobs) -> None:
    again = submit(api, "flaky", retryStrategy={"attempts": 3})
    never = [{"onExitCode": "7", "action": "EXIT"}]
    once = submit(api, "flaky", retryStrategy={"attempts": 3, "evaluateOnExit": never})
    absent = submit(api, "absent")
    after = submit(api, "greet", dependsOn=[{"jobId": once}], parameters={"path": "never"})
    settle(jobs, over(api, again, once, absent, after))
    found = described(api, again)
    assert ("SUCCEEDED", [7, 7, 0]) == (found["status"], [one["container"]["exitCode"] for one in found["attempts"]])
    assert "try 1" == found["attempts"][0]["container"]["reason"]
    failed = described(api, once)
    assert ("FAILED", 1, "Essential container in task exited") == (
        failed["status"], len(failed["attempts"]), failed["statusReason"],
    )  # fmt: skip
    assert (127, True) == (
        described(api, absent)["container"]["exitCode"],
        "No such file" in described(api, absent)["container"]["reason"],
    )
    assert ("FAILED", "Dependent Job failed") == (
        described(api, after)["status"],
        described(api, after)["statusReason"],
    )


def test_an_array_is_its_parts(api: Any, jobs: CommandJobs) -> None:
    array = submit(api, "index", arrayProperties={"size": 3})
    settle(jobs, over(api, array))
    found = described(api, array)
    summary = {status: count for status, count in found["arrayProperties"]["statusSummary"].items() if count}
    assert ("FAILED", 3, {"SUCCEEDED": 2, "FAILED": 1}) == (found["status"], found["arrayProperties"]["size"], summary)
    assert ("FAILED", {"index": 1}) == (
        described(api, f"{array}:1")["status"],
        described(api, f"{array}:1")["arrayProperties"],
    )
    parts = api.list_jobs(arrayJobId=array, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [f"{array}:0", f"{array}:2"] == [one["jobId"] for one in parts]


def test_jobs_are_cancelled_before_they_run_and_terminated_while_they_do(api: Any, jobs: CommandJobs) -> None:
    running, waiting, more = (submit(api, "sleep") for _ in range(3))
    api.cancel_job(jobId=more, reason="not needed")
    settle(jobs, over(api, running, waiting, more), lambda: _end(api, running, waiting))
    assert ("FAILED", "not needed", True) == tuple(
        described(api, more)[name] for name in ("status", "statusReason", "isCancelled")
    )
    for one in (running, waiting):
        found = described(api, one)
        assert ("FAILED", "too long", True) == (found["status"], found["statusReason"], found["isTerminated"])
        assert 1 == len(found["attempts"]) or not found["attempts"]


def _end(api: Any, *ids: str) -> None:
    for one in ids:
        api.cancel_job(jobId=one, reason="cancelling does not end what runs")
        api.terminate_job(jobId=one, reason="too long")


def test_what_ran_when_a_server_ended_is_an_attempt_that_was_lost(api: Any, jobs: CommandJobs) -> None:
    id_ = submit(api, "sleep", retryStrategy={"attempts": 2})
    settle(jobs, lambda: described(api, id_)["status"] == "RUNNING")
    assert not jobs._running
    settle(jobs, lambda: len(described(api, id_)["attempts"]) == 2 and described(api, id_)["status"] == "RUNNING")
    assert "Host terminated" in described(api, id_)["attempts"][0]["statusReason"]
    settle(jobs, over(api, id_))
    assert "Host terminated" in described(api, id_)["statusReason"]


@pytest.mark.parametrize(
    ("definition", "more", "said"),
    [
        ("greet", {"containerOverrides": {"command": ["rm", "-rf", "/"]}}, "command is not allowed"),
        ("greet", {"containerOverrides": {"environment": [{"name": "LD_PRELOAD", "value": "x"}]}}, "may not set"),
        ("any", {"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": "x"}]}}, "begin with no"),
        ("nothing", {}, "JobDefinition nothing does not exist"),
        ("greet:2", {}, "revision 1 only"),
        ("greet", {"arrayProperties": {"size": 5000}}, "from 2 to 1000"),
        ("greet", {"retryStrategy": {"attempts": 11}}, "from 1 to 10"),
        ("greet", {"timeout": {"attemptDurationSeconds": 5}}, "60 or more"),
        ("greet", {"dependsOn": [{"jobId": "gone"}]}, "it does not exist"),
        ("greet", {"dependsOn": [{"type": "SEQUENTIAL"}]}, "on a whole job"),
        ("greet", {"eksPropertiesOverride": {"podProperties": {"metadata": {"labels": {"a": "b"}}}}}, "not supported"),
    ],
)
def test_what_may_not_be_is_refused_in_words(api: Any, definition: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        api.submit_job(jobName="job", jobQueue="q", jobDefinition=definition, **more)
    assert "ClientException" == refused.value.response["Error"]["Code"]


def test_without_the_file_nothing_runs_and_the_error_says_how(state: State, tmp_path: Path) -> None:
    none = CommandJobs(JobStore(state, SystemClock()), SystemClock(), tmp_path)
    api = client(service.build(none), SystemClock(), "us-east-1")
    with pytest.raises(
        ClientError, match=r"this is off; name queues and job definitions in the file of TRIMTAB_BATCH_FILE"
    ):
        api.submit_job(jobName="job", jobQueue="q", jobDefinition="d", containerOverrides={"command": ["id"]})


def test_only_admin_submits_and_ends_jobs(jobs: CommandJobs) -> None:
    needed = {name: one.needs for name, one in service.build(jobs).operations.items()}
    assert LOCAL_OPERATOR.may(Role.ADMIN)
    assert {"SubmitJob": Role.ADMIN, "CancelJob": Role.ADMIN, "TerminateJob": Role.ADMIN,
            "DescribeJobs": Role.READ, "ListJobs": Role.READ} == needed  # fmt: skip
