"""How each kind of pipeline is started, and asked how it goes.

A start may be made again after a crash: a command's runner has its claim, SageMaker the run's id as its client token,
a webhook the run's id as its `Idempotency-Key`. A workflow_dispatch has none: name `{run}` in one of its inputs.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import judge
from trimtab.notify.model import Outcome
from trimtab.notify.transport.http import HttpTransport
from trimtab.triggers.connections import ConnectionStore
from trimtab.triggers.pipelines.commands import Commands
from trimtab.triggers.pipelines.model import Run, RunState
from trimtab.triggers.pipelines.sandbox import Ended, Sandbox
from trimtab.triggers.sending.authorize import Authorizer, Parts, with_query
from trimtab.triggers.sending.over_http import identified

_GITHUB = "https://api.github.com"


class Progress(Struct, frozen=True):
    """Where a run is now. `external` is its name elsewhere, `every_s` when to ask again."""

    state: RunState
    outcome: str = ""
    external: str = ""
    output: str = ""
    every_s: float = 1.0


class Starter(Protocol):
    """One kind of pipeline."""

    async def start(self, run: Run) -> Progress:
        """Start it. Raises InvalidInput for what can never be started, other TrimtabErrors for what may be later."""
        ...

    async def look(self, run: Run) -> Progress:
        """How it goes."""
        ...


class CommandStarter(Struct, frozen=True):
    """Commands on this machine."""

    sandbox: Sandbox
    commands: Commands

    async def start(self, run: Run) -> Progress:
        """Start the runner."""
        name = run.form["command"]
        command = self.commands.known.get(name)
        if command is None:
            raise InvalidInput(f"the settings name no command {name!r} any more (TRIMTAB_TRIGGER_COMMANDS)")
        told = {"TRIMTAB_RUN_ID": run.id, "TRIMTAB_PIPELINE": run.pipeline, "TRIMTAB_RUN_CAUSE": run.why[:1000]}
        await asyncio.to_thread(self.sandbox.start, run.id, command, run.input, told)
        return Progress(RunState.RUNNING)

    async def look(self, run: Run) -> Progress:
        """Read how it ended; one whose runner died before its claim is started again."""
        found = await asyncio.to_thread(self.sandbox.look, run.id)
        if isinstance(found, Ended):
            state = RunState.SUCCEEDED if found.well else RunState.FAILED
            return Progress(state, found.reason or "the command ended well", output=found.output)
        return Progress(RunState.RUNNING) if found else await self.start(run)


class OwnPipelines(Protocol):
    """Pipelines of SageMaker's API that were made here, and run here."""

    async def start(self, place: tuple[str, str], name: str, given: Mapping[str, Any], token: str, why: str) -> str:
        """Start one; its execution's ARN, and none where there is no such pipeline here. Raises InvalidInput."""
        ...

    async def look(self, place: tuple[str, str], arn: str) -> tuple[str, str] | None:
        """The status of an execution and why it failed; None where it is none of here."""
        ...


class SageMakerStarter(Struct, frozen=True):
    """Pipelines of SageMaker: those made here, else AWS's, through the credentials of the server. `client` makes a
    client for a region."""

    client: Callable[[str], Any]
    problems: tuple[type[Exception], ...]
    own: OwnPipelines | None = None

    async def start(self, run: Run) -> Progress:
        """StartPipelineExecution; the run's id is the token that makes a repeat harmless."""
        given: Mapping[str, Any] = run.form.get("parameters") or {}
        if self.own is not None:
            place = run.place.account, run.place.region
            arn = await self.own.start(place, run.form["pipeline"], given, run.id, run.why[:1000])
            if arn:
                return Progress(RunState.RUNNING, external=arn)

        def ask() -> str:
            answer = self.client(run.place.region).start_pipeline_execution(
                PipelineName=run.form["pipeline"],
                PipelineExecutionDisplayName=f"trimtab-{run.id[:8]}",
                PipelineExecutionDescription=run.why[:1000],
                PipelineParameters=[{"Name": name, "Value": str(value)} for name, value in given.items()],
                ClientRequestToken=run.id,
            )
            return str(answer["PipelineExecutionArn"])

        return Progress(RunState.RUNNING, external=await self._asked(ask), every_s=30)

    async def look(self, run: Run) -> Progress:
        """DescribePipelineExecution."""
        known = None
        if self.own is not None:
            known = await self.own.look((run.place.account, run.place.region), run.external)

        def ask() -> tuple[str, str]:
            answer = self.client(run.place.region).describe_pipeline_execution(PipelineExecutionArn=run.external)
            return answer["PipelineExecutionStatus"], answer.get("FailureReason", "")

        status, reason = known or await self._asked(ask)
        if status == "Succeeded":
            return Progress(RunState.SUCCEEDED, "SageMaker says Succeeded", run.external)
        if status in ("Failed", "Stopped"):
            return Progress(RunState.FAILED, f"SageMaker says {status}: {reason}".rstrip(": "), run.external)
        return Progress(RunState.RUNNING, external=run.external, every_s=1 if known else 30)

    async def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(ask)
        except self.problems as problem:
            code = getattr(problem, "response", {}).get("Error", {}).get("Code", "")
            if code in ("ResourceNotFound", "ValidationException", "ResourceNotFoundException"):
                raise InvalidInput(f"SageMaker refused it: {problem}") from None
            raise Unavailable(f"cannot ask SageMaker: {problem}") from None


class HttpStarter(Struct, frozen=True):
    """Workflows and webhooks: a POST that is taken, or not."""

    http: HttpTransport
    authorizer: Authorizer
    connections: ConnectionStore

    async def start(self, run: Run) -> Progress:
        """Hand the run over."""
        parts = Parts()
        if run.form.get("connection"):
            connection = await self.connections.by_arn(str(run.form["connection"]))
            parts = await asyncio.to_thread(self.authorizer.parts, connection)
        outgoing = _dispatch(run, parts) if run.kind == "workflow" else _told(run, parts)
        verdict = await asyncio.to_thread(lambda: judge(self.http.ask(outgoing)))
        if verdict.outcome is Outcome.DELIVERED:
            return Progress(RunState.HANDED_OVER, f"taken with status {verdict.status}")
        raise (InvalidInput if verdict.outcome is Outcome.FAILED else Unavailable)(verdict.reason)

    async def look(self, run: Run) -> Progress:
        """It does not tell how it goes: this is not asked."""
        return Progress(RunState.HANDED_OVER, run.outcome)


def _dispatch(run: Run, parts: Parts) -> Outgoing:
    """A workflow_dispatch. Source: GitHub REST, "Create a workflow dispatch event"."""
    form = run.form
    repository = "/".join(quote(one, safe="") for one in str(form["repository"]).split("/"))
    workflow = quote(str(form["workflow"]), safe="")
    url = f"{str(form.get('api') or _GITHUB).rstrip('/')}/repos/{repository}/actions/workflows/{workflow}/dispatches"
    inputs = {
        name: str(value).replace("{run}", run.id).replace("{cause}", run.why)
        for name, value in (form.get("inputs") or {}).items()
    }
    headers = {**identified(run.id), "Accept": "application/vnd.github+json", **parts.headers}
    body = json.dumps({"ref": form["ref"], "inputs": inputs})
    return Outgoing(with_query(url, parts.query), headers, body.encode())


def _told(run: Run, parts: Parts) -> Outgoing:
    body = {"run": run.id, "pipeline": run.pipeline, "cause": run.why, "input": _as_json(run.input), **parts.body}
    return Outgoing(
        with_query(str(run.form["url"]), parts.query),
        {**identified(run.id), **parts.headers},
        json.dumps(body).encode(),
    )


def _as_json(text: str) -> Any:
    try:
        return typed.loads(text)
    except ValueError:
        return text


def never(problem: TrimtabError) -> bool:
    """Whether starting again would not help."""
    return isinstance(problem, InvalidInput)
