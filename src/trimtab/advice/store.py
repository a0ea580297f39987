"""The findings store: what is found now, since when, and what people decided of it.

    changes = await store.publish((Judgement("rightsizing:ec2", findings, undecided, looked_at),), took_ms=…)

Every recommender publishes what it found *whole*: what it found before and does not find now is resolved, what was
resolved and is found again is active again, and decisions stay with the finding's id.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from trimtab.access.scope import Scope
from trimtab.advice.finding import Finding, Judgement
from trimtab.advice.rows import body_of, check_run_of, row_of, run_of, says, sees, standing_of
from trimtab.advice.rules import Rules, no_rules
from trimtab.advice.standing import (
    CHANGED,
    DECIDED,
    Changes,
    CheckRun,
    Decision,
    RunRecord,
    Standing,
    State,
    Wanted,
    best_first,
)
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.inventory.owners import Claims, OwnerRules, resolved
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import advice_checks, advice_decisions, advice_findings, advice_runs

_found = advice_findings.c
_NOT_PLANNED = "not known: the plan has nothing of it to replay, as no line of the bill names it"
_MOST_UNDECIDED = 1000
"""Reasons that are kept of a check: each names a resource; a fleet's worth of them helps nobody."""


class FindingStore:
    """The findings of one state database."""

    def __init__(self, state: Database, clock: Clock, rules: Rules = no_rules) -> None:
        self._state = state
        self._clock = clock
        self._rules = rules

    async def publish(self, judged: Sequence[Judgement], *, took_ms: int = 0, what: str = "all") -> Changes:
        """Replace what the checks of `judged` found before; what changed, which is kept as a run and told of."""
        now_ms = self._clock.now_ms()
        rules = await self._rules()
        owned = [replace(one, findings=tuple(_owned(found, rules) for found in one.findings)) for one in judged]

        def write(connection: Connection) -> Changes:
            changes = Changes()
            for one in owned:
                changes = changes.plus(_replace(connection, one, now_ms))
                _note_run(connection, one, now_ms)
            told = msgspec.json.encode(changes).decode()
            connection.execute(insert(advice_runs).values(at_ms=now_ms, took_ms=took_ms, what=what, changes=told))
            if changes.new or changes.gone:
                body = {"title": f"Advice: {len(changes.new)} new, {len(changes.gone)} gone", **_told(changes)}
                emit(connection, self._clock, CHANGED, what, body)
            return changes

        return await self._state.change(write)

    async def value(self, currency: str, worth: Mapping[str, tuple[Decimal | None, Decimal, str]]) -> None:
        """Put what a plan says of findings in its currency (by id: worth alone, what it adds, how) into them.

        A finding of money that the plan does not name is worth nothing on the invoice that is known.
        """
        rows = select(advice_findings).where(_found.state == State.ACTIVE.value, _found.currency == currency)

        def write(connection: Connection) -> None:
            for row in connection.execute(rows).all():
                finding = standing_of(row).finding
                alone, adds, note = worth.get(finding.id, (None, Decimal(0), ""))
                if finding.id in worth:
                    valued = replace(finding, alone=alone, cash=adds, cash_note=note)
                elif finding.cash and finding.estimate is not None:
                    valued = replace(finding, alone=None, cash=None, cash_note=_NOT_PLANNED)
                else:
                    continue
                if valued != finding:
                    connection.execute(update(advice_findings).where(_found.id == finding.id).values(row_of(valued)))

        await self._state.change(write)

    async def failed(self, check: str, problem: str) -> None:
        """Note that a check's facts could not be read; what it found before stays."""
        await self._state.change(lambda connection: _put_run(connection, check, {"problem": problem}))

    async def asked(self, check: str) -> None:
        """Note that a refresh of a check was asked for."""
        now_ms = self._clock.now_ms()
        await self._state.change(lambda connection: _put_run(connection, check, {"asked_ms": now_ms}))

    async def listed(self, scope: Scope, wanted: Wanted | None = None) -> list[Standing]:
        """The findings that `scope` sees, best first."""
        asked, now_ms = wanted or Wanted(), self._clock.now_ms()
        query = select(advice_findings)
        for name in ("pillar", "owner", "kind", "effort", "decision", "state"):
            if value := getattr(asked, name):
                query = query.where(_found[name] == value)
        if asked.check:
            query = query.where(_found.check_id == asked.check)
        if scope.accounts is not None:
            query = query.where(_found.account.in_(sorted(scope.accounts)))

        def read(connection: Connection) -> list[Standing]:
            rows = map(standing_of, connection.execute(query))
            return [
                one
                for one in rows
                if sees(scope, one.finding)
                and says(one.finding, asked)
                and (asked.hidden or asked.decision or not one.hidden(now_ms))
            ]

        return best_first(await self._state.read(read))

    async def get(self, scope: Scope, id_: str) -> Standing:
        """A finding. Raises NotFound."""
        return await self._state.read(lambda connection: _get(connection, scope, id_))

    async def decide(
        self, scope: Scope, id_: str, decision: Decision, who: str, reason: str = "", until_ms: int = 0
    ) -> Standing:
        """Say what is to become of a finding; hiding one needs a reason. Raises InvalidInput, NotFound."""
        now_ms = self._clock.now_ms()
        if decision in (Decision.SUPPRESSED, Decision.DISMISSED) and not reason.strip():
            raise InvalidInput(f"cannot record that advice is {decision}: expected a reason", field="reason")
        if until_ms and until_ms <= now_ms:
            raise InvalidInput("cannot suppress until a time that is past; expected a later one", field="until")

        def write(connection: Connection) -> Standing:
            known = _get(connection, scope, id_)
            values = {"decision": decision.value, "decided_by": who, "decided_ms": now_ms, "reason": reason}
            values |= {"until_ms": until_ms if decision is Decision.SUPPRESSED else 0}
            connection.execute(update(advice_findings).where(_found.id == id_).values(values))
            row = {"finding": id_, "at_ms": now_ms, "decision": decision.value or "reopened", "who": who}
            connection.execute(insert(advice_decisions).values(**row, reason=reason, until_ms=until_ms))
            body = {**row, "reason": reason, "check": known.finding.check, "resource": known.finding.resource}
            emit(connection, self._clock, DECIDED, id_, body)
            return _get(connection, scope, id_)

        return await self._state.change(write)

    async def decisions(self, scope: Scope, id_: str) -> list[dict[str, Any]]:
        """What was decided of a finding, in order. Raises NotFound."""

        def read(connection: Connection) -> list[dict[str, Any]]:
            _get(connection, scope, id_)
            mine = advice_decisions.c.finding == id_
            rows = connection.execute(select(advice_decisions).where(mine).order_by(advice_decisions.c.position))
            return [dict(row._mapping) for row in rows]

        return await self._state.read(read)

    async def checks(self, scope: Scope) -> dict[str, CheckRun]:
        """How every check that ever ran went the last time; of what it could not judge, what `scope` sees."""

        def read(connection: Connection) -> dict[str, CheckRun]:
            runs = map(check_run_of, connection.execute(select(advice_checks)))
            return {run.check: _within(scope, run) for run in runs}

        return await self._state.read(read)

    async def runs(self, limit: int = 30) -> list[RunRecord]:
        """The last recomputations, the newest first."""
        query = select(advice_runs).order_by(advice_runs.c.position.desc()).limit(limit)
        return await self._state.read(lambda connection: [run_of(row) for row in connection.execute(query)])


def _within(scope: Scope, run: CheckRun) -> CheckRun:
    if scope.accounts is None:
        return run
    mine = tuple(one for one in run.undecided if one[0].partition("/")[2].partition("/")[0] in scope.accounts)
    return replace(run, undecided=mine)


def _owned(finding: Finding, rules: OwnerRules) -> Finding:
    """A finding with an owner: of a recommender that knows no resources (commitments) that of its account."""
    if finding.owner or finding.owner_reason:
        return finding
    owner = resolved(Claims(tags=finding.tags, account=finding.account), rules)
    return replace(finding, owner=owner.name, owner_reason=owner.reason)


def _told(changes: Changes) -> dict[str, list[str]]:
    return {"new": list(changes.new), "gone": list(changes.gone), "changed": list(changes.changed)}


def _get(connection: Connection, scope: Scope, id_: str) -> Standing:
    row = connection.execute(select(advice_findings).where(_found.id == id_)).first()
    found = None if row is None else standing_of(row)
    if found is None or not sees(scope, found.finding):
        raise NotFound(f"cannot find advice {id_!r}: `trimtab advice list` shows what there is")
    return found


def _replace(connection: Connection, judged: Judgement, now_ms: int) -> Changes:
    known = {row.id: row for row in connection.execute(select(advice_findings).where(_found.check_id == judged.check))}
    new, changed = [], []
    for finding in judged.findings:
        row = known.pop(finding.id, None)
        if row is not None and row.state == State.ACTIVE:
            finding = _as_planned(finding, standing_of(row).finding)
        if row is None:
            _insert(connection, finding, now_ms)
            new.append(finding.id)
        elif row.state == State.RESOLVED:
            _renew(connection, finding, {"first_ms": now_ms, "last_ms": now_ms, "changed_ms": now_ms})
            new.append(finding.id)
        else:
            moved = _moved(row, finding)
            _renew(connection, finding, {"last_ms": now_ms, **({"changed_ms": now_ms} if moved else {})})
            changed += [finding.id] if moved else []
    gone = [id_ for id_, row in known.items() if row.state == State.ACTIVE]
    values = {"state": State.RESOLVED.value, "changed_ms": now_ms}
    for id_ in gone:
        connection.execute(update(advice_findings).where(_found.id == id_).values(values))
    return Changes(tuple(new), tuple(gone), tuple(changed))


def _as_planned(finding: Finding, before: Finding) -> Finding:
    """A finding that is found again, with what the last plan said of it: the next plan says it anew."""
    if before.alone is None and before.cash_note != _NOT_PLANNED:
        return finding
    return replace(finding, cash=before.cash, alone=before.alone, cash_note=before.cash_note)


def _moved(row: Row[Any], finding: Finding) -> bool:
    """Whether the money, the capacity or how bad it is differ by more than a hundredth of it."""
    before = standing_of(row).finding
    known = before.cash if before.estimate is None else before.estimate
    found = finding.cash if finding.estimate is None else finding.estimate
    if (known is None) != (found is None) or row.status != finding.status.value:
        return True
    pairs = [(row.gpu_hours, finding.gpu_hours), (float(known or 0), float(found or 0))]
    return any(abs(after - before) > 0.01 * max(abs(before), 1.0) for before, after in pairs)


def _insert(connection: Connection, finding: Finding, now_ms: int) -> None:
    times = {"first_ms": now_ms, "last_ms": now_ms, "changed_ms": now_ms}
    undecided = {"decision": "", "decided_by": "", "decided_ms": 0, "reason": "", "until_ms": 0}
    row = {"id": finding.id, **row_of(finding), "state": State.ACTIVE.value, **times, **undecided}
    connection.execute(insert(advice_findings).values(row))


def _renew(connection: Connection, finding: Finding, times: dict[str, int]) -> None:
    values = {**row_of(finding), "body": body_of(finding), "state": State.ACTIVE.value, **times}
    connection.execute(update(advice_findings).where(_found.id == finding.id).values(values))


def _note_run(connection: Connection, judged: Judgement, now_ms: int) -> None:
    undecided = {one.resource: one.reason for one in judged.undecided[:_MOST_UNDECIDED]}
    values = {
        "ran_ms": now_ms,
        "looked_at": judged.looked_at,
        "flagged": len(judged.findings),
        "undecided": json.dumps(undecided),
        "problem": "",
    }
    _put_run(connection, judged.check, values)


def _put_run(connection: Connection, check: str, values: dict[str, Any]) -> None:
    mine = advice_checks.c.check_id == check
    if connection.execute(update(advice_checks).where(mine).values(values)).rowcount:
        return
    empty = {"ran_ms": 0, "asked_ms": 0, "looked_at": 0, "flagged": 0, "undecided": "{}", "problem": ""}
    connection.execute(insert(advice_checks).values(check_id=check, **(empty | values)))
