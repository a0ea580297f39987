"""Collectives that time out or break, as NCCL and PyTorch log it, by the machine that logged it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.check import Fine as Well
from trimtab.advice.examples import ACCOUNT, REGION, given
from trimtab.advice.facts import Facts, ProgramFault
from trimtab.advice.finding import Effort, Evidence, Pillar, Status
from trimtab.advice.judging import node_thing
from trimtab.gpu_faults.program_lines import OF_LOADERS, Trouble

REMEDIES: Mapping[str, str] = {
    Trouble.COMPLETION: "the path to the peer fails: look at the links of both machines (ibdiagnet, mlxlink); status "
    "12 with good links: raise NCCL_IB_TIMEOUT to 22 and check that the GID and MTU agree",
    Trouble.ASYNC: "the port went down under the job: look at its cable, module and switch port",
    Trouble.TIMEOUT: "a rank did not come: look at which stopped first (trimtab runs show), at its GPU and its host; "
    "TORCH_NCCL_TRACE_BUFFER_SIZE=2000 records what each rank did last",
    Trouble.RETURNED: "NCCL_DEBUG=INFO names the call; a remote error is another rank's fault: look who logged first",
    Trouble.SOCKET: "a peer refused or closed: the port is taken, a firewall is between, or its process has ended "
    "(NCCL_SOCKET_IFNAME)",
}  # fmt: skip
"""By kind, the nearest to the cause first."""


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    mine = [one for one in facts.program_faults if one.kind not in OF_LOADERS]
    by_place: dict[tuple[str, str], list[ProgramFault]] = defaultdict(list)
    for one in mine:
        by_place[one.node, one.job].append(one)
    for (node, job), many in by_place.items():
        first = many[0]
        thing = node_thing(node or f"job-{job}", first.provider, first.account, first.region)
        kinds = [kind for kind in REMEDIES if any(one.kind == kind for one in many)]
        lines = sum(one.lines for one in many if one.kind in REMEDIES)
        if not kinds or lines < knobs["lines"]:
            yield Well(thing)
        elif not node:
            yield Unsure(thing, "its lines name no machine: send them with the attribute host.name")
        else:
            yield _found(node, job, many, kinds)


def _found(node: str, job: str, many: list[ProgramFault], kinds: list[str]) -> Found:
    first = many[0]
    thing = node_thing(node, first.provider, first.account, first.region)
    evidence = tuple(
        Evidence(f"{one.kind}{f', {one.detail}' if one.detail else ''}", f"{one.lines:,} lines in 7 days")
        for one in many
    )
    said = ", ".join(dict.fromkeys(f"{one.kind} ({one.detail})" if one.detail else one.kind for one in many[:3]))
    text = f"{said}" + (f" in job {job}" if job else "")
    words = {"job": job or "JOB", "remedy": REMEDIES[kinds[0]]}
    return Found(thing, text, evidence, 0.8, part=job, words=words)


def _fault(node: str, kind: Trouble, detail: str = "", lines: int = 8) -> ProgramFault:
    return ProgramFault(node, "", "48213", kind.value, detail, lines, ACCOUNT, REGION)


CHECK = Check(
    id="trimtab-collective-faults",
    name="Collectives That Time Out or Break",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A collective waits until its slowest rank comes: when one never does, all GPUs of the job wait for the "
    "whole timeout, ten minutes by default, and then the job ends. The lines say whether a rank, a link or a peer was "
    "at fault.",
    alert="in 7 days a training program logged a timeout of NCCL's watchdog, an error completion of InfiniBand, or an "
    "error that NCCL returned",
    source="https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html",
    settings=(Setting("lines", 1, "lines in 7 days", "that tell of it", "each ended a job or a step"),),
    judge=_judge,
    wants=frozenset({Want.LINES}),
    effort=Effort.MEDIUM,
    status=Status.ERROR,
    fix="trimtab runs show {job}  # {remedy}",
    examples=Examples(
        Example(
            "the path to a peer fails",
            given(program_faults=(_fault("gpu-7", Trouble.COMPLETION, "status 12, transport retries exceeded"),)),
            ("gpu-7",),
        ),
        Example("a warning alone", given(program_faults=(_fault("gpu-8", Trouble.WARNING),))),
        Example(
            "nothing says where", given(program_faults=(_fault("", Trouble.TIMEOUT, "ALLREDUCE"),)), (), ("job-48213",)
        ),
    ),
)
