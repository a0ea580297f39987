"""GPU-hours lost to XID errors, ECC errors, NVLink faults and drained nodes, by node and provider."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import given, gpu, loss
from trimtab.advice.facts import BILL_DAYS, Facts
from trimtab.advice.finding import HOURS_A_MONTH, Effort, Evidence, Pillar, Status
from trimtab.advice.judging import node_thing


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.gpu_losses:
        node = node_thing(one.node, one.provider, one.account, one.region)
        if one.gpu_hours < knobs["hours"]:
            yield Fine(node)
            continue
        hours = one.gpu_hours * HOURS_A_MONTH / (BILL_DAYS * 24)
        evidence = (
            Evidence("GPU-hours lost", f"{one.gpu_hours:,.1f} on {one.gpus} GPUs", "/advice/gpu-losses.csv"),
            Evidence("cause", f"{one.cause} {one.detail}".strip()),
            Evidence("provider", one.provider or "not known"),
        )
        text = f"{one.gpu_hours:,.1f} GPU-hours lost to {one.cause} in {BILL_DAYS} days"
        yield Found(
            node, text, evidence, 0.9, status=Status.ERROR, gpu_hours=hours, part=one.cause, words={"cause": one.cause}
        )
    silent = {(one.host, one.provider, one.account, one.region) for one in facts.gpus if not one.errors_told}
    for place in sorted(silent):
        yield Unsure(node_thing(*place), "no metric of errors (XID, ECC) comes from its GPUs")


CHECK = Check(
    id="trimtab-gpu-hours-lost",
    name="GPU-hours Lost to Errors and Drains",
    pillar=Pillar.FAULT_TOLERANCE,
    about="Hours in which GPUs were broken or their node drained are paid and cannot be used. Rented ones are "
    "a claim on "
    "the provider: the evidence is a CSV with node, cause, first and last moment.",
    alert="a node lost an hour of a GPU or more to one cause in 30 days",
    source="https://docs.nvidia.com/deploy/xid-errors/index.html",
    settings=(Setting("hours", 1, "GPU-hours", "from which a loss is told", "less is a restart"),),
    judge=_judge,
    wants=frozenset({Want.LOSSES, Want.GPUS}),
    effort=Effort.MEDIUM,
    status=Status.ERROR,
    fix="scontrol update nodename={id} state=drain reason='{cause}'"
    "  # then ask the provider for a replacement, with the CSV of its evidence",
    examples=Examples(
        Example(
            "XID 79 took eight GPUs for five hours", given(gpu_losses=(loss("gpu-07", "XID 79", 40.0),)), ("gpu-07",)
        ),
        Example("a restart of ten minutes", given(gpu_losses=(loss("gpu-08", "drained", 0.2),))),
        Example(
            "its GPUs tell of no errors",
            given(gpus=(gpu("GPU-9", [0.5] * 288, errors_told=False),)),
            (),
            ("gpu-node-1",),
        ),
    ),
)
