"""What owners are asked about, out of the rooms that know it; and the one pipeline that may stop."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Actuators, Plan
from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.standing import Standing, State
from trimtab.asks.model import Ask, Kind, Subject
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict
from trimtab.base.records import replace
from trimtab.budgets.model import Budget, Spend
from trimtab.budgets.model import Standing as Spent
from trimtab.economics.unit.idle.model import Cause, IdleRow
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.settings import Settings
from trimtab.store.state.database import State as Database
from trimtab.wiring.owner_asks import PipelineStop, budget_subject, finding_subject, idle_subjects

RUN = Run(key=RunKey("1", "slurm", "77"), scheduler="slurm", state=RunState.RUNNING, submit_ms=1, name="pretrain",
          user="ann", team="ml", start_ms=2)  # fmt: skip
HOLDER = "1/slurm/77"


def _row(hours: float, cause: Cause = Cause.NEVER_USED, holder: str = HOLDER, currency: str = "USD") -> IdleRow:
    return IdleRow(cause, holder, "ml", 8, hours, Decimal(int(hours * 2)), currency, "no GPU worked")


def test_a_finding_is_told_with_its_worth_its_reason_and_its_fix() -> None:
    finding = Finding(
        check="c", pillar=Pillar.COST, resource="r", kind="gpu", name="gpu-1", account="1", region="x",
        summary="idles", owner="ml", owner_reason="tag team", cash=Decimal("1200.5"), gpu_hours=730.0, fix="scancel 7",
    )  # fmt: skip
    told = finding_subject(Standing(finding, State.ACTIVE, 0, 0, 0))
    assert (Kind.FINDING, finding.id, "ml", "gpu-1: idles") == (told.kind, told.id, told.owner, told.title)
    assert [
        "1,200.50 USD a month on the invoice, 730 GPU-hours a month", "Yours because: tag team", "scancel 7",
    ] == told.text.splitlines()  # fmt: skip
    assert (Decimal("1200.5"), "USD", f"/advice/{finding.id}") == (told.worth, told.currency, told.link)


def test_a_run_that_goes_on_is_told_with_all_that_it_idled_for() -> None:
    rows = [_row(3), _row(5, Cause.DATA_STALL), _row(50, Cause.PARTLY_ACTIVE), _row(9, holder="1/slurm/ended")]
    (told,) = idle_subjects(rows, {HOLDER: RUN})
    assert "pretrain: 8 idle GPU-hours since yesterday, 16.00 USD" == told.title
    assert ("ml", Decimal(16), "/runs/slurm/77") == (told.owner, told.worth, told.link)
    assert "never used: 3.0 GPU-hours" in told.text
    assert {"cluster": "slurm", "job": "77", "user": "ann"}.items() <= told.facts.items()


def test_a_run_that_idled_little_is_left_alone() -> None:
    assert [] == idle_subjects([_row(3.9)], {HOLDER: RUN})
    assert 1 == len(idle_subjects([_row(4)], {HOLDER: RUN}))


@pytest.mark.parametrize(
    ("actual", "forecast", "said"),
    [("120", "500", "120.00 of 100.00 USD are spent"), ("90", "130", "130.00 are expected, the limit is 100.00 USD")],
)
def test_a_budget_is_told_once_a_period_when_it_is_passed_or_going_to_be(actual: str, forecast: str, said: str) -> None:
    usd = Spend(Decimal(100), "USD")
    spent = Spent(7, 8, 9, usd, replace(usd, amount=Decimal(actual)), replace(usd, amount=Decimal(forecast)))
    budget = Budget("1", "gpus", {}, 0, 0, EVERYTHING, spent)
    told = budget_subject(budget, "ml")
    assert told is not None
    assert (f"Budget gpus: {said}", "1/gpus/7", "ml") == (told.title, told.id, told.owner)
    assert not told.facts


def test_a_budget_that_holds_is_left_alone() -> None:
    usd = Spend(Decimal(100), "USD")
    assert None is budget_subject(Budget("1", "gpus", {}, 0, 0, EVERYTHING, Spent(7, 8, 9, usd, usd, usd)), "ml")
    assert None is budget_subject(Budget("1", "gpus", {}, 0, 0, EVERYTHING, Spent(7, 8, 9, None, usd, usd)), "ml")
    assert None is budget_subject(Budget("1", "gpus", {}, 0, 0), "ml")


class Pipelines:
    """An actuator that notes what it was asked."""

    name = "start_pipeline"

    def __init__(self) -> None:
        self.acted: list[tuple[str, Mapping[str, Any]]] = []

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        return Plan("would start", {})

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        self.acted.append((target, wish))
        return "starts run 1"


def test_a_stop_starts_the_pipeline_of_the_settings_with_what_it_is_to_stop(state: Database) -> None:
    pipelines, actuators = Pipelines(), Actuators(state, ManualClock())
    actuators.register(pipelines)
    subject = Subject(kind=Kind.RUN, id="r", owner="ml", account="1", title="train idles", facts={"job": "77"})
    ask = Ask(id="a", subject=subject, asked_ms=1, round=2, answered_by="ml by link")
    stop = PipelineStop(Settings(account_id="111122223333", region="x", owner_stop_pipeline="halt"), actuators)
    assert "starts run 1" == asyncio.run(stop.stop(ask, "ops"))
    ((target, wish),) = pipelines.acted
    assert ("111122223333/x/halt", "a/2") == (target, wish["request"])
    assert {"kind": "idle run", "owner": "ml", "job": "77"} == json.loads(wish["input"])
    none = PipelineStop(Settings(account_id="111122223333", region="x"), actuators)
    with pytest.raises(Conflict, match="cannot stop it: the settings allow no stop; TRIMTAB_OWNER_STOP_PIPELINE"):
        asyncio.run(none.stop(ask, "ops"))
    assert 1 == len(pipelines.acted)
