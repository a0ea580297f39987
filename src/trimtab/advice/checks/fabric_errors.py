"""Ports of InfiniBand or RoCE whose link flaps or reads wrongly: a cable, a module or a port that is about to fail."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, REGION, given
from trimtab.advice.facts import FabricPort, Facts
from trimtab.advice.finding import Effort, Evidence, Pillar, Status
from trimtab.advice.judging import node_thing

_DOWN, _ERRORS = ("link.downed", "link.recovered"), ("symbol.errors", "receive.errors")


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.ports:
        node = node_thing(one.node, one.provider, one.account, one.region)
        if not any(name in one.counts for name in (*_DOWN, *_ERRORS)):
            yield Unsure(node, f"port {one.port} of {one.device} tells of no link errors")
            continue
        downs, errors = one.count(*_DOWN), one.count(*_ERRORS)
        if downs < knobs["downs"] and errors < knobs["errors"]:
            yield Fine(node)
            continue
        evidence = tuple(
            Evidence(name.replace(".", " "), f"{count:,.0f} in 7 days")
            for name, count in sorted(one.counts.items())
            if count and name in (*_DOWN, *_ERRORS)
        )
        text = f"port {one.port} of {one.device}: its link went down {downs:,.0f} times, {errors:,.0f} errors in 7 days"
        status = Status.ERROR if downs >= knobs["downs"] else Status.WARNING
        words = {"device": one.device, "port": one.port}
        yield Found(node, text, evidence, 0.9, status, part=f"{one.device}/{one.port}", words=words)


def _port(node: str, **counts: float) -> FabricPort:
    named = {name.replace("_", "."): count for name, count in counts.items()}
    return FabricPort(node, "mlx5_0", "1", "", ACCOUNT, REGION, named)


CHECK = Check(
    id="trimtab-fabric-errors",
    name="Failing InfiniBand and RoCE Links",
    pillar=Pillar.FAULT_TOLERANCE,
    about="One link that trains anew stops every rank of a job for seconds, and one that stays down ends it after the "
    "timeout of its collectives. Symbol errors come before: a dirty or loose cable, a module that ages.",
    alert="in 7 days a port's link went down or trained anew three times, or 10 symbols or packets were read wrongly",
    source="https://linux.die.net/man/8/ibcheckerrs",
    settings=(
        Setting(
            "downs", 3, "times in 7 days", "the link went down or trained anew", "restarts of either end do it once"
        ),
        Setting("errors", 10, "errors in 7 days", "symbols or packets read wrongly", "ibcheckerrs of infiniband-diags"),
    ),
    judge=_judge,
    wants=frozenset({Want.FABRIC}),
    effort=Effort.MEDIUM,
    status=Status.ERROR,
    fix="mlxlink -d {device} -p {port} -c -e  # then clean and reseat the cable, replace it, replace the module; "
    "keep {id} out of large jobs until its counters stand still",
    examples=Examples(
        Example("a link that went down five times", given(ports=(_port("gpu-7", link_downed=5),)), ("gpu-7",)),
        Example("a restart", given(ports=(_port("gpu-8", link_downed=1, symbol_errors=2),))),
        Example("its card counts none", given(ports=(_port("gpu-9", waits=5),)), (), ("gpu-9",)),
    ),
)
