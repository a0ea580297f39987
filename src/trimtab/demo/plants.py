"""What is planted in the demo for the product to find, and on which page it must be found. Machine-readable: tests of
the data and of the pages read it, `trimtab demo --plants` prints it. Each room that finds something adds its own.
"""

from collections.abc import Iterable

import numpy as np

from trimtab.base.records import replace
from trimtab.demo import audit
from trimtab.demo.activity import Activity
from trimtab.demo.alarms import NOISY, POD, THRESHOLD
from trimtab.demo.batch_jobs import FAILED, began_ms
from trimtab.demo.bill import services, terms
from trimtab.demo.budgets import RUN_BUDGET, RUN_LIMIT
from trimtab.demo.company import HOLD, RESEARCH, SERVING, TRAINING, Company
from trimtab.demo.endpoints import DEGRADED, DEGRADED_SINCE_H, THINNED, THINNED_SINCE_H
from trimtab.demo.faults import FAULTS, Fault
from trimtab.demo.functions import COLD, ROOMY
from trimtab.demo.logs import KEPT_H, NEW_ERROR
from trimtab.demo.model_call_plants import model_call_plants
from trimtab.demo.noise import Floats, Times
from trimtab.demo.plant import Plant
from trimtab.demo.retraining import ARRIVE_MS, PIPELINE, RULE
from trimtab.demo.retraining import TEAM as RETRAINING_TEAM
from trimtab.demo.runs import Run
from trimtab.demo.scaling import RESOURCE, SERVICE
from trimtab.demo.sizes import MISSIZED, Missized
from trimtab.demo.stories import SLOWER, STOPPED_GPU
from trimtab.demo.traces import SLOW_PART
from trimtab.demo.world import FAILING_GPU, FAILING_NODE, World, ago

IDLE_BELOW = 0.02
"""SM activity below which a GPU that is held counts as idle."""


def plants(world: World) -> tuple[Plant, ...]:
    """Everything that is planted in a world."""
    return (
        _idle_gpus(world),
        _failing_node(world),
        _degraded_endpoint(world),
        _new_error(world),
        _roll_out(world),
        _secrets_read(world),
        _slow_since_deploy(world),
        _roomy_function(world),
        _cold_function(world),
        _failed_batch_job(world),
        _hung_run(world),
        _hanging_run(world),
        _slow_rank(world),
        _starved_run(world),
        _noisy_alarm(world),
        _retraining(world),
        _untagged_project(world),
        _price_change(world),
        _detour(world),
        _unused_reservation(world),
        *(_fault(world, one) for one in FAULTS),
        *(_missized(world, one) for one in MISSIZED),
        _runaway_run(world),
        _dear_tokens(world),
        *model_call_plants(world),
        _swinging_service(world),
    )


def idle_dollars(world: World, activity: Activity, times: Times, gpus: Iterable[int] | None = None) -> Floats:
    """Dollars an hour, at each time, of GPUs (all, or those numbered) that are rented and do nothing.

    Held or free makes no difference; a node that has failed is down, not idle.
    """
    prices = np.array([[gpu.node.machine.gpu_price] for gpu in world.company.gpus])
    wasted: Floats = prices * (activity.sm < IDLE_BELOW)
    wasted[world.company.node_of[FAILING_NODE].gpus] *= times < world.failed_ms
    total: Floats = (wasted if gpus is None else wasted[list(gpus)]).sum(0)
    return total


def held_gpus(company: Company) -> list[int]:
    """The numbers of the GPUs that are held and never used."""
    return [gpu for pod in company.pods if pod.use == HOLD for gpu in pod.gpus]


def _failed_batch_job(world: World) -> Plant:
    return Plant(
        "failed-batch-job",
        "/batch",
        f"the batch job {FAILED.name} was ended by its limit: more than {FAILED.limit} of its records are broken",
        world.company.pods[0].node.account.id,
        "search",
        (FAILED.name,),
        began_ms(FAILED, world),
    )


def _idle_gpus(world: World) -> Plant:
    company = world.company
    pods = [pod for pod in company.pods if pod.use == HOLD]
    found = [company.gpus[number] for number in held_gpus(company)]
    return Plant(
        "idle-gpus",
        "/",
        f"{len(found)} H100 held by {pods[0].team}'s {pods[0].app}: memory full, SMs idle for the whole history",
        pods[0].node.account.id,
        pods[0].team,
        tuple(gpu.uuid for gpu in found),
        world.start_ms,
        round(sum(gpu.node.machine.gpu_price for gpu in found), 2),
    )


def _failing_node(world: World) -> Plant:
    node = world.company.node_of[FAILING_NODE]
    lost = world.company.gpus[node.first_gpu + FAILING_GPU]
    return Plant(
        "failing-node",
        "/hosts",
        f"GPU {lost.index} of {node.name} fell off the bus (XID 79); the node is drained, its 8 GPUs are paid for",
        node.account.id,
        "",
        (node.name, lost.uuid),
        world.failed_ms,
        node.machine.price,
    )


def _hung_run(world: World) -> Plant:
    run, since_ms = world.stories.hung, world.stories.hung_ms
    hours = (run.end_ms - since_ms) / 3_600_000
    return _of_run(
        "hung-run",
        run,
        f"hung: {_gpus(run)} GPUs at SM_ACTIVE 0.99 moved no data for {hours:.1f} h before it was cancelled",
        since_ms,
        (*(node.name for node in run.nodes), _stopped(world, run)),
    )


def _hanging_run(world: World) -> Plant:
    run, since_ms = world.stories.hanging, world.stories.hanging_ms
    says = f"hangs: its {_gpus(run)} GPUs are as busy as those that work, and none moves any data"
    return _of_run("hanging-run", run, says, since_ms, (*(node.name for node in run.nodes), _stopped(world, run)))


def _slow_rank(world: World) -> Plant:
    run, node, rank = world.stories.straggling, world.stories.slow_node, world.stories.slow_rank
    gain = 1 - 1 / SLOWER
    says = f"waits for rank {rank} on {node.name}: steps would be {gain:.0%} shorter without it"
    found = _of_run("slow-rank", run, says, run.start_ms, (node.name, f"rank {rank}"))
    return replace(found, page=_page(run), dollars_per_hour=round(gain * found.dollars_per_hour, 2))


def _starved_run(world: World) -> Plant:
    run = world.stories.starved
    found = _of_run("starved-run", run, "waits for its data loader: its GPUs are a third active", run.start_ms, ())
    return replace(found, page=_page(run))


def _of_run(id_: str, run: Run, says: str, since_ms: int, about: tuple[str, ...]) -> Plant:
    """What is wrong with a run of the queue, which wastes all of its nodes."""
    title = f"{run.name} ({run.id}) of {run.user} {says}"
    price = round(sum(node.machine.price for node in run.nodes), 2)
    return Plant(id_, "/runs", title, run.nodes[0].account.id, run.team, (str(run.id), *about), since_ms, price)


def _page(run: Run) -> str:
    return f"/runs/{TRAINING.cluster}/{run.id}"


def _gpus(run: Run) -> int:
    return sum(node.machine.gpus for node in run.nodes)


def _stopped(world: World, run: Run) -> str:
    """The GPU of a run that hangs that stopped before the others."""
    return world.company.gpus[run.nodes[-1].first_gpu + STOPPED_GPU].uuid


def _degraded_endpoint(world: World) -> Plant:
    pod, endpoint = next(item for item in world.company.replicas if item[1].name == DEGRADED)
    return Plant(
        "degraded-endpoint",
        "/endpoints",
        f"{endpoint.name} has half of its capacity since its last deploy: queues, slow first tokens, errors",
        pod.node.account.id,
        endpoint.team,
        (endpoint.name,),
        ago(world.anchor_ms, DEGRADED_SINCE_H),
    )


def _new_error(world: World) -> Plant:
    pod, endpoint = next(item for item in world.company.replicas if item[1].name == DEGRADED)
    return Plant(
        "new-error",
        "/logs?tab=patterns&range=24h",
        f"{endpoint.name} logs an error since its last deploy that it never had before: {NEW_ERROR}",
        pod.node.account.id,
        endpoint.team,
        (endpoint.name,),
        ago(world.anchor_ms, DEGRADED_SINCE_H),
    )


def _retraining(world: World) -> Plant:
    return Plant(
        "retraining",
        "/event-rules/pipelines",
        "three partitions of training data arrived, and the ranking model was retrained once",
        TRAINING.id,
        RETRAINING_TEAM,
        (PIPELINE, RULE),
        world.anchor_ms - ARRIVE_MS,
    )


def _roomy_function(world: World) -> Plant:
    return Plant(
        "roomy-function",
        "/serverless",
        f"{ROOMY.name} has {ROOMY.memory_mb:,} MB of memory and never uses more than a twelfth of it",
        ROOMY.account.id,
        ROOMY.team,
        (ROOMY.name,),
        ago(world.anchor_ms, KEPT_H),
    )


def _cold_function(world: World) -> Plant:
    return Plant(
        "cold-function",
        "/serverless",
        f"{COLD.name} begins cold in more than a third of its invocations, for {COLD.init_s:g} s; some run out of time",
        COLD.account.id,
        COLD.team,
        (COLD.name,),
        ago(world.anchor_ms, KEPT_H),
    )


def _slow_since_deploy(world: World) -> Plant:
    pod, endpoint = next(item for item in world.company.replicas if item[1].name == DEGRADED)
    service, phase = SLOW_PART
    return Plant(
        "slow-since-deploy",
        "/traces/compare?range=6h&baseline=day",
        f"requests take longer since the last deploy of {service}: {phase} explains it, in revision 14 only",
        pod.node.account.id,
        endpoint.team,
        SLOW_PART,
        ago(world.anchor_ms, DEGRADED_SINCE_H),
    )


def _roll_out(world: World) -> Plant:
    _, endpoint = next(item for item in world.company.replicas if item[1].name == DEGRADED)
    who = audit.PEOPLE[endpoint.team]
    return Plant(
        "roll-out",
        f"/audit?range=24h&show=changes&about={DEGRADED}",
        f"{who} rolled out {DEGRADED} without CUDA graphs and with half of the KV cache, which made it slow",
        SERVING.id,
        endpoint.team,
        (DEGRADED, who),
        audit.asked_ms(world, DEGRADED_SINCE_H),
    )


def _secrets_read(world: World) -> Plant:
    return Plant(
        "secrets-read",
        "/audit?tab=findings&range=24h",
        f"the key of {audit.READER} read {audit.SECRETS} secrets within two minutes, from where it was never used",
        SERVING.id,
        "",
        (audit.READER, audit.READER_KEY),
        ago(world.anchor_ms, audit.READ_SINCE_H),
    )


def _swinging_service(world: World) -> Plant:
    return Plant(
        "swinging-service",
        "/scaling",
        f"{SERVICE} is asked nine times as much at noon as at night: AWS's suggested target of 50% would pay for two "
        "thirds more replicas than the plan of its dry run, which keeps its objective",
        SERVING.id,
        "",
        (RESOURCE,),
        ago(world.anchor_ms, 7 * 24),
    )


def _noisy_alarm(world: World) -> Plant:
    pod, endpoint = next(item for item in world.company.replicas if item[0].name == POD)
    return Plant(
        "noisy-alarm",
        "/alarms",
        f"the alarm {NOISY!r} fires at every five minutes above {THRESHOLD:.0%}: one that asks for more is quiet",
        pod.node.account.id,
        endpoint.team,
        (NOISY,),
        world.start_ms,
    )


def _untagged_project(world: World) -> Plant:
    return Plant(
        "untagged-project",
        "/costs",
        f"{len(services.UNTAGGED) - 1} endpoints and a bucket named synth-street have no tag; lena of vision made them",
        RESEARCH.id,
        "vision",
        tuple(service.resource for service in services.UNTAGGED),
        services.untagged_since_ms(world.anchor_ms),
        round(services.untagged_hourly(), 2),
    )


def _detour(world: World) -> Plant:
    (start_ms, _), who = services.detour_ms(world.anchor_ms), audit.PEOPLE["search"]
    return Plant(
        "detour",
        "/cost-anomalies",
        f"{services.DETOUR_DAYS} days of reads from S3 went through a NAT gateway: {who} deleted the endpoint",
        SERVING.id,
        "",
        (services.NAT, "NatGateway-Bytes"),
        start_ms,
    )


def _price_change(world: World) -> Plant:
    nodes = [
        node
        for node in world.company.nodes
        if terms.is_negotiated(node.machine) and terms.purchase(node) == terms.ON_DEMAND
    ]
    machine = nodes[0].machine
    before = machine.price * terms.NEGOTIATED_SHARE
    return Plant(
        "price-change",
        "/costs",
        f"an hour of {machine.type} on demand went from ${before:.2f} to ${machine.price:.2f}: a negotiated rate ended",
        terms.PAYER.id,
        "",
        (f"BoxUsage:{machine.type}",),
        terms.negotiated_until_ms(world.anchor_ms),
        round(len(nodes) * (machine.price - before), 2),
    )


def _runaway_run(world: World) -> Plant:
    run = world.runaway
    return Plant(
        "runaway-run",
        f"/budgets?budget={RUN_BUDGET}",
        f"{run.name} ({run.id}) of {run.user} was to take two hours and goes on, past its budget of ${RUN_LIMIT:,}",
        run.nodes[0].account.id,
        run.team,
        (str(run.id), RUN_BUDGET, *(node.name for node in run.nodes)),
        run.start_ms,
        round(sum(node.machine.price for node in run.nodes), 2),
    )


def _dear_tokens(world: World) -> Plant:
    pods = [pod for pod, endpoint in world.company.replicas if endpoint.name == THINNED]
    endpoint = next(one for _, one in world.company.replicas if one.name == THINNED)
    return Plant(
        "dear-tokens",
        "/unit-costs?range=7d",
        f"a token of {endpoint.model} costs twice as much since the last deploy of {THINNED}: its {len(pods)} replicas "
        "serve half of what they did",
        pods[0].node.account.id,
        endpoint.team,
        (endpoint.model, THINNED),
        ago(world.anchor_ms, THINNED_SINCE_H),
    )


def _fault(world: World, one: Fault) -> Plant:
    team, resources = one.team, (one.name, one.check)
    return Plant(f"fault-{one.name}", "/advice", one.says, one.account.id, team, resources, world.start_ms)


def _missized(world: World, one: Missized) -> Plant:
    return Plant(f"size-{one.name}", "/rightsizing", one.says, SERVING.id, one.team, (one.name,), world.start_ms)


def _unused_reservation(world: World) -> Plant:
    held = terms.unused(world.company)
    return Plant(
        "unused-reservation",
        "/purchase-plan",
        f"{held.count} Reserved Instances of {held.machine.type} in {held.region}, where nothing runs any more",
        terms.PAYER.id,
        "",
        (held.arn,),
        world.start_ms,
        round(held.count * held.hourly, 2),
    )
