"""Findings that are one piece of work."""

from decimal import Decimal

from trimtab.advice.finding import Effort, Finding, Pillar, Status
from trimtab.advice.standing import Standing, State
from trimtab.advice.together import together
from trimtab.base.records import replace

GPU = Finding("trimtab-idle-gpu", Pillar.COST, "gpu/1", "gpu", "p5-18", "1", "us-east-1", "idle", owner="vision",
              confidence=0.9, cash=Decimal("100.10"), gpu_hours=730.0)  # fmt: skip


def standing(finding: Finding) -> Standing:
    return Standing(finding, State.ACTIVE, 0, 0, 0)


def test_findings_of_one_check_and_owner_are_one_thing_to_do() -> None:
    more = replace(GPU, resource="gpu/2", name="p5-19", cash=Decimal("0.05"), confidence=0.8, effort=Effort.HIGH)
    unknown = replace(GPU, resource="gpu/3", name="p5-20", cash=None, status=Status.ERROR)
    other = replace(GPU, resource="gpu/4", owner="search", cash=Decimal("100.12"))
    first, second = together(map(standing, (other, GPU, more, unknown)))
    assert (("search", "p5-18", "idle", "/advice/" + other.id)) == (first.owner, first.name, first.summary, first.path)
    assert ("vision", "3 × Idle GPUs", Decimal("100.15"), 2190.0) == (
        second.owner,
        second.name,
        second.cash,
        second.gpu_hours,
    )
    assert (0.8, Effort.HIGH, Status.ERROR) == (second.confidence, second.effort, second.status)
    assert "p5-18, p5-19, p5-20; the first: idle" == second.summary
    assert "/advice?check=trimtab-idle-gpu&team=vision" == second.path


def test_money_that_nobody_knows_stays_unknown_and_other_currencies_apart() -> None:
    euros = replace(GPU, resource="gpu/5", currency="EUR")
    unknown = replace(GPU, cash=None)
    assert [("EUR", Decimal("100.10")), ("USD", None)] == [
        (one.currency, one.cash) for one in together(map(standing, (unknown, euros)))
    ]
