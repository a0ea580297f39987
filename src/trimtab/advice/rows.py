"""Rows of the state as findings and runs, and findings as rows."""

import json
from typing import Any

import msgspec
from sqlalchemy import Row

from trimtab.access.scope import Scope
from trimtab.advice.finding import Finding
from trimtab.advice.standing import Changes, CheckRun, Decision, RunRecord, Standing, State, Wanted
from trimtab.base import typed


def standing_of(row: Row[Any]) -> Standing:
    """A row of `advice_findings`."""
    return Standing(
        typed.decode(row.body, type=Finding),
        State(row.state),
        row.first_ms,
        row.last_ms,
        row.changed_ms,
        Decision(row.decision),
        row.decided_by,
        row.decided_ms,
        row.reason,
        row.until_ms,
    )


def body_of(finding: Finding) -> str:
    """The whole of a finding as JSON."""
    return msgspec.json.encode(finding).decode()


def row_of(finding: Finding) -> dict[str, Any]:
    """The columns that a finding fills by itself."""
    return {
        "check_id": finding.check,
        "pillar": finding.pillar.value,
        "resource": finding.resource,
        "account": finding.account,
        "region": finding.region,
        "kind": finding.kind,
        "owner": finding.owner,
        "status": finding.status.value,
        "effort": finding.effort.value,
        "cash": "" if finding.cash is None else f"{finding.cash:f}",
        "currency": finding.currency,
        "gpu_hours": finding.gpu_hours,
        "body": body_of(finding),
    }


def check_run_of(row: Row[Any]) -> CheckRun:
    """A row of `advice_checks`."""
    undecided = tuple(json.loads(row.undecided).items())
    return CheckRun(row.check_id, row.ran_ms, row.asked_ms, row.looked_at, row.flagged, undecided, row.problem)


def run_of(row: Row[Any]) -> RunRecord:
    """A row of `advice_runs`."""
    return RunRecord(row.position, row.at_ms, row.took_ms, row.what, typed.decode(row.changes, type=Changes))


def sees(scope: Scope, finding: Finding) -> bool:
    """Whether a caller may see a finding: its account, its region (global ones too) and its tags."""
    if scope.accounts is not None and finding.account not in scope.accounts:
        return False
    if scope.regions is not None and finding.region not in {*scope.regions, "", "global"}:
        return False
    return scope.sees({"team": finding.owner, **finding.tags})


def says(finding: Finding, wanted: Wanted) -> bool:
    """Whether a finding has every word that is looked for."""
    pairs = (f"{key}={value}" for key, value in finding.tags.items())
    parts = (finding.resource, finding.name, finding.owner, finding.check, finding.summary, finding.kind, *pairs)
    whole = "\n".join(parts).casefold()
    return all(word in whole for word in wanted.text.casefold().split())
