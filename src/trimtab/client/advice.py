"""`AdviceCalls`: the REST API of advice as typed Python calls, over a `Client`."""

from collections.abc import Sequence

from trimtab.client import advice_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters, path_of

_PATH = "/rest/v1/advice"


class AdviceCalls(Calls):
    """The calls. Errors are those of `Client`."""

    def listed(self, **filters: str | bool) -> wire.AdviceList:
        """Findings, best first; `filters` are check, pillar, owner, kind, effort, decision, text, state, hidden."""
        query = parameters(**{name: value or None for name, value in filters.items()})
        return self._client.call("GET", _PATH, wire.AdviceList, query=query)

    def every_plan(self, currency: str = "") -> wire.AdvicePlans:
        """The plans, and all of them in a currency: the presentation currency where it is not given."""
        return self._call("GET", "/rest/v1/advice-plan", wire.AdvicePlans, currency=currency)

    def plans(self, without: Sequence[str] = (), currency: str = "") -> list[wire.AdvicePlan]:
        """The plan of each currency; the one of `currency` as it would be `without` findings (their ids)."""
        query = [("without", ",".join(without)), ("currency", currency)] if without else []
        return self._client.call("GET", "/rest/v1/advice-plan", wire.AdvicePlans, query=query).plans

    def backtests(self) -> list[wire.PlanBacktest]:
        """What the plans of 30 and 7 days ago promised and came to, by currency."""
        return self._call("GET", "/rest/v1/advice-plan-backtest", wire.PlanBacktests).backtests

    def get(self, id_: str) -> wire.Advice:
        """One finding."""
        return self._call("GET", path_of(_PATH, id_), wire.Advice)

    def decide(self, id_: str, decision: wire.Decide) -> wire.Advice:
        """Accept, dismiss, suppress or reopen (role write)."""
        return self._call("POST", path_of(_PATH, id_, "decision"), wire.Advice, body=decision)

    def decisions(self, id_: str) -> list[wire.AdviceDecision]:
        """What was decided of a finding, in order."""
        return self._call("GET", path_of(_PATH, id_, "decisions"), wire.AdviceDecisions).decisions

    def checks(self) -> list[wire.AdviceCheck]:
        """Every check and how it went the last time."""
        return self._call("GET", "/rest/v1/advice-checks", wire.AdviceChecks).checks

    def set_check(self, id_: str, settings: dict[str, float]) -> wire.AdviceCheck:
        """Change thresholds of a check (role write)."""
        return self._call("PUT", path_of("/rest/v1/advice-checks", id_), wire.AdviceCheck, body=wire.SetCheck(settings))

    def refresh(self, checks: list[str]) -> wire.AdviceChanges:
        """Judge checks now (role write); all of them where none is named."""
        return self._call("POST", "/rest/v1/advice-runs", wire.AdviceChanges, body=wire.Refresh(checks))

    def runs(self) -> list[wire.AdviceRun]:
        """The last recomputations and what they changed."""
        return self._call("GET", "/rest/v1/advice-runs", wire.AdviceRuns).runs

    def savings(self) -> wire.Savings:
        """The savings ledger."""
        return self._call("GET", "/rest/v1/advice-savings", wire.Savings)
