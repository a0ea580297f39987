"""Ports of InfiniBand or RoCE that lose packets: the fabric is congested, or not lossless as RDMA asks."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, REGION, given
from trimtab.advice.facts import FabricPort, Facts
from trimtab.advice.finding import Effort, Evidence, Pillar
from trimtab.advice.judging import node_thing

_LOST = ("discards", "out_of_sequence", "ack.timeouts")


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.ports:
        node = node_thing(one.node, one.provider, one.account, one.region)
        if not any(name in one.counts for name in _LOST):
            yield Unsure(node, f"port {one.port} of {one.device} tells neither discards nor losses")
            continue
        lost = one.count(*_LOST)
        if lost < knobs["packets"]:
            yield Fine(node)
            continue
        names = (*_LOST, "congestion.notices", "waits")
        evidence = tuple(
            Evidence(name.replace(".", " ").replace("_", " "), f"{one.counts[name]:,.0f} in 7 days")
            for name in names
            if one.counts.get(name)
        )
        text = f"port {one.port} of {one.device} lost or repeated {lost:,.0f} packets in 7 days"
        words = {"device": one.device, "port": one.port}
        yield Found(node, text, evidence, 0.7, part=f"{one.device}/{one.port}", words=words)


def _port(node: str, **counts: float) -> FabricPort:
    return FabricPort(node, "mlx5_0", "1", "", ACCOUNT, REGION, counts)


CHECK = Check(
    id="trimtab-fabric-loss",
    name="RDMA Packets Lost",
    pillar=Pillar.PERFORMANCE,
    about="RDMA sends again all that followed a lost packet, so a few losses halve a collective's speed while its GPUs "
    "look busy. Losses come of buffers that overflow: flow control that is not set on every hop, or too many senders.",
    alert="in 7 days a port threw away, missed or waited in vain for 1,000 packets",
    source="https://enterprise-support.nvidia.com/s/article/understanding-mlx5-linux-counters-and-status-parameters",
    settings=(
        Setting(
            "packets", 1000, "packets in 7 days", "lost or sent again", "a lossless fabric loses none; restarts some"
        ),
    ),
    judge=_judge,
    wants=frozenset({Want.FABRIC}),
    effort=Effort.MEDIUM,
    fix="mlnx_qos -i {device}  # RoCE: PFC and ECN of one traffic class on cards and every switch, NCCL_IB_TC the "
    "same; InfiniBand: adaptive routing (NCCL_IB_SL), and look for the port of the switch that discards",
    examples=Examples(
        Example("packets out of order", given(ports=(_port("gpu-7", out_of_sequence=48_000),)), ("gpu-7",)),
        Example("a few at a restart", given(ports=(_port("gpu-8", discards=40.0, out_of_sequence=3),))),
        Example("its card counts none", given(ports=(_port("gpu-9", waits=5),)), (), ("gpu-9",)),
    ),
)
