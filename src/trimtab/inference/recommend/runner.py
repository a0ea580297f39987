"""Runs recommendation jobs: one candidate after another, each by a generator in a process of its own."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.egress.gate import Gate
from trimtab.inference.cost import price_of
from trimtab.inference.recommend.candidates import Candidate, Known, candidates, stop_of, traffic_of
from trimtab.inference.recommend.outcome import Recommendation, front, recommendation
from trimtab.inference.result import LoadTest
from trimtab.inference.store import LoadTestStore
from trimtab.inference.traffic import Traffic
from trimtab.inventory.catalog.book import load
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL, PACKAGE, RECOMMENDATION, Served
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.child import Child
from trimtab.store.state.upcoming import Upcoming

PENDING, RUNNING, STOPPING = "PENDING", "IN_PROGRESS", "STOPPING"
_ALIVE = (PENDING, RUNNING, STOPPING)
_LOOK_S = 0.2
_LONGEST_STATE = 1000  # characters of a reason
Generate = Callable[[Sequence[str], Path], Awaitable[Child]]


class Recommender(Struct):
    """The jobs of one server. `folder` is where generators write, `gate` says where they may send;
    `generate` starts one."""

    served: ServedStore
    tests: LoadTestStore
    clock: Clock
    folder: Path
    region: str
    gate: Gate
    window_s: float = 20.0
    generate: Generate = Child.start
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def turn(self) -> None:
        """Begin jobs that wait, one at a time; a job that a crash left is begun again."""
        if any(not task.done() for task in self._running.values()):
            return
        self._running.clear()
        for job in await self.served.listed(EVERYTHING, RECOMMENDATION, _ALIVE):
            if job.status == STOPPING:
                await self._end(job, "STOPPED", [], [])
                continue
            self._running[job.arn] = asyncio.create_task(self._run(job))
            return

    def upcoming(self) -> Upcoming:
        """Whether there are jobs that are not over."""
        return self.served.upcoming({RECOMMENDATION: _ALIVE})

    async def close(self) -> None:
        """End what runs; its generators end too. The jobs begin again at the next start."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    async def check(self, place: tuple[str, str], form: dict[str, Any]) -> list[Candidate]:
        """The candidates of a job that is asked for. Raises InvalidInput, NotFound."""
        traffic_of(form)
        stop_of(form)
        return candidates(form, await self._known(place, form))

    async def _run(self, job: Served) -> None:
        await self.served.change(job, status=RUNNING, only_from=(PENDING, RUNNING))
        found: list[Recommendation] = []
        steps: list[dict[str, Any]] = []
        try:
            wanted = candidates(job.form, await self._known((job.account, job.region), job.form))
            for number, one in enumerate(wanted):
                step = {"instance_type": one.instance_type, "endpoint": one.endpoint, "variant": one.variant,
                        "environment": dict(one.environment), "status": RUNNING}  # fmt: skip
                steps.append(step)
                if await self._stopping(job):
                    break
                await self.served.change(job, state={"steps": steps})
                await self._step(job, number, one, step, found)
        except (InvalidInput, NotFound) as problem:
            steps.append({"status": "FAILED", "problem": str(problem)})
        stopped = await self._stopping(job)
        status = "STOPPED" if stopped else "COMPLETED" if found else "FAILED"
        await self._end(job, status, found, steps)

    async def _step(
        self, job: Served, number: int, one: Candidate, step: dict[str, Any], found: list[Recommendation]
    ) -> None:
        try:
            test = one.recorded or await self._measured(job, number, one)
            price = price_of(load(), one.instance_type, self.clock.now_ms(), self.region)
            made = recommendation(new_id(), one, test, stop_of(job.form), price)
        except InvalidInput as problem:
            step |= {"status": "FAILED", "problem": str(problem)[:_LONGEST_STATE]}
            return
        found.append(made)
        step |= {"status": "COMPLETED", "id": made.id, "metrics": made.state()}

    async def _measured(self, job: Served, number: int, one: Candidate) -> LoadTest:
        if not one.url:
            raise InvalidInput(one.problem)
        folder = self.folder / job.account / job.region / job.name / str(number)
        try:
            command = [*self._command(job, one), "--connect-to", await self.gate.pin(one.url)]
            child = await self.generate(command, folder)
            try:
                while child.running:
                    if await self._stopping(job):
                        raise InvalidInput("the job was stopped")
                    await asyncio.sleep(_LOOK_S)
            finally:
                await child.stop()
            if child.process.returncode:
                raise InvalidInput(f"the load test failed: {child.said_last()}")
            test = typed.decode(child.output(), type=LoadTest)
        except (OSError, msgspec.DecodeError) as problem:
            raise InvalidInput(f"the load test failed: {problem}") from problem
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await self.tests.record(job.account, test.name, test.started_ms, test)
        return test

    def _command(self, job: Served, one: Candidate) -> list[str]:
        stop = stop_of(job.form)
        command = ["loadtest", "run", one.url, "--json", "--window", f"{self.window_s:g}",
                   "--phases", phases_text(traffic_of(job.form)), "--name", job.name,
                   "--instance-type", one.instance_type]  # fmt: skip
        command += ["--flat", "stop" if stop.flat_stops else "continue"]
        if one.endpoint:
            command += ["--endpoint", one.endpoint]
        if stop.most_per_min:
            command += ["--max-invocations", f"{stop.most_per_min:g}"]
        if stop.latency_ms:
            command += ["--latency-limit", f"{stop.percentile}={stop.latency_ms:g}"]
        payload = job.form["InputConfig"].get("ContainerConfig") or {}
        types = (payload.get("PayloadConfig") or {}).get("SupportedContentTypes")
        if types:
            command += ["--header", f"Content-Type={types[0]}"]
        return [*command, "--body", one.body]

    async def _stopping(self, job: Served) -> bool:
        now = await self.served.get((job.account, job.region), RECOMMENDATION, job.name)
        return now.status == STOPPING

    async def _end(
        self, job: Served, status: str, found: Sequence[Recommendation], steps: Sequence[dict[str, Any]]
    ) -> None:
        problems = [str(one["problem"]) for one in steps if one.get("problem")]
        state: dict[str, Any] = {
            "steps": list(steps),
            "recommendations": [one.state() for one in front(found)],
            "ended_ms": self.clock.now_ms(),
        }
        if status == "FAILED":
            state["problem"] = "; ".join(problems)[:_LONGEST_STATE]
        await self.served.change(job, status=status, state=json.loads(json.dumps(state)))

    async def _known(self, place: tuple[str, str], form: dict[str, Any] | Any) -> Known:
        asked = form["InputConfig"]
        tests = [typed.decode(one.test, type=LoadTest) for one in await self.tests.listed(EVERYTHING)]
        endpoints = asked.get("Endpoints") or ()
        if endpoints:
            endpoint = await self.served.get(place, ENDPOINT, endpoints[0]["EndpointName"])
            config = await self.served.get(place, CONFIG, endpoint.form["EndpointConfigName"])
            names = {str(one.get("ModelName")) for one in config.form["ProductionVariants"]}
            models = {name: await self.served.get(place, MODEL, name) for name in names}
            return Known(endpoint=endpoint, config=config, models=models, tests=tests)
        if asked.get("ModelName"):
            return Known(model=await self.served.get(place, MODEL, asked["ModelName"]), tests=tests)
        if asked.get("ModelPackageVersionArn"):
            name = str(asked["ModelPackageVersionArn"]).partition("/")[2]
            package = await self.served.get(place, PACKAGE, name)
            return Known(model=package, tests=tests)
        return Known(tests=tests)


def phases_text(traffic: Traffic) -> str:
    """Traffic as the option of the command line."""
    return ";".join(f"{one.users},{one.spawn_per_min:g},{one.seconds:g}" for one in traffic.phases)
