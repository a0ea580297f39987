"""Receipts of what is connected: rows, the span of time, what was refused and why, and what becomes possible next."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.accounts.model import ReadState, StepState
from trimtab.base.coins import money
from trimtab.costs.model import ImportRecord, ImportState
from trimtab.web import format as words
from trimtab.web.connect.model import Kind, Standing, State
from trimtab.web.site import Site
from trimtab.web.view import View

_IMPORTS, _SHOWN = 5, 6
_BILL_NEXT = (("Costs", "/costs"), ("What changed and what is to come", "/home/money"), ("Budgets", "/budgets"))
_RUNS_NEXT = (("Queue & runs", "/runs"), ("Teams", "/teams"), ("Cost per run", "/unit-costs"))
NEXT: Mapping[str, tuple[tuple[str, str], ...]] = {
    Kind.PROMETHEUS: (("Metrics", "/explore/metrics"), ("GPUs", "/hosts"), ("A new alarm", "/alarms/new")),
    Kind.KUBERNETES: _RUNS_NEXT,
    Kind.SLURM: _RUNS_NEXT,
    "aws": (("Advice", "/advice"), ("Right-sizing", "/rightsizing"), ("Audit", "/audit")),
    "bill": _BILL_NEXT,
}
"""What a source makes possible, and where."""


class Receipt(Struct, frozen=True, kw_only=True):
    """One connection as the page shows it. `share` is None where there is no telling."""

    id: str
    kind: str
    name: str
    state: str
    level: str
    rows: str
    span: str
    share: float | None
    refused: Sequence[str]
    problem: str
    next: Sequence[tuple[str, str]]
    begun_ms: int
    by: str = ""
    can_stop: bool = False

    @property
    def going(self) -> bool:
        """Whether it changes by itself."""
        return self.level == "going"


async def receipts(site: Site, view: View) -> list[Receipt]:
    """What pages connected, accounts and imports, the newest first; of one account or team only its own accounts."""
    found = await _accounts(site, view)
    if not view.principal.sees_all:
        return found
    if site.state.connector is not None:
        found += [of_connection(one) for one in site.state.connector.standings()]
    if site.state.costs is not None:
        records = await asyncio.to_thread(site.state.costs.ledger.imports, _IMPORTS)
        found += [of_import(one) for one in records]
    return sorted(found, key=lambda one: -one.begun_ms)


def of_connection(one: Standing) -> Receipt:
    """A source that this server reads."""
    progress = one.progress
    done = one.state in (State.DONE, State.FOLLOWING)
    level = "bad" if one.state is State.FAILED else "good" if done else "warn" if one.state.over else "going"
    notes = [*progress.left_out, *([progress.note] if progress.note else [])]
    return Receipt(
        id=one.id,
        kind=one.kind,
        name=one.name,
        state=one.state.value,
        level=level,
        rows=f"{words.count(progress.rows)} {progress.unit[:-1] if progress.rows == 1 else progress.unit}",
        span=_span(progress.span),
        share=progress.share if level == "going" else None,
        refused=notes,
        problem=one.problem,
        next=NEXT[one.kind] if progress.rows else (),
        begun_ms=one.begun_ms,
        by=one.by,
        can_stop=True,
    )


def of_import(one: ImportRecord) -> Receipt:
    """A bill."""
    receipt = one.receipt
    failed, done = one.state is ImportState.FAILED, one.state is ImportState.DONE
    refused = []
    if receipt is not None:
        refused = [f"{part.lines:,} rows: {part.reason} (such as {part.example})" for part in receipt.skipped]
        refused += [*receipt.notes, *receipt.overlaps]
    billed = ", ".join(money(amount, unit) for unit, amount in sorted(receipt.billed().items())) if receipt else ""
    rows = f"{words.count(one.rows)} {'line' if one.rows == 1 else 'lines'}" + (f" · {billed}" if billed else "")
    return Receipt(
        id=f"import-{one.id}",
        kind="bill",
        name=one.source,
        state=one.state.value,
        level="bad" if failed else "good" if done else "going",
        rows=rows,
        span=_months(one.months),
        share=None,
        refused=refused[:_SHOWN],
        problem=one.problem,
        next=NEXT["bill"] if done else (),
        begun_ms=one.started_ms,
    )


async def _accounts(site: Site, view: View) -> list[Receipt]:
    room = site.state.accounts
    if room is None:
        return []
    found = []
    for account in await room.store.all(view.scope.accounts):
        standing = await room.standing(account)
        read, steps = standing.read, standing.steps
        done = sum(step.state is not StepState.WAITING for step in steps)
        level = "warn" if read is None else "bad" if read.state is ReadState.FAILED else "good"
        going = read is not None and read.state is ReadState.READING
        found.append(
            Receipt(
                id=account.account,
                kind="aws",
                name=account.name or f"AWS {account.account}",
                state="reading" if going else "failed" if level == "bad" else "read" if read else "not read",
                level="going" if going else level,
                rows=f"{words.count(sum(standing.by_type.values()))} resources",
                span="",
                share=done / len(steps) if going and steps else None,
                refused=list(dict.fromkeys(f"{step.name}: {step.problem}" for step in steps if step.problem))[:_SHOWN],
                problem="",
                next=NEXT["aws"] if standing.by_type else (),
                begun_ms=account.added_ms,
            )
        )
    return found


def _span(span: tuple[int, int] | None) -> str:
    return f"{words.instant(span[0])} to {words.instant(span[1])} {words.zone()}" if span else ""


def _months(months: Sequence[int]) -> str:
    if not months:
        return ""
    first, last = (f"{one // 100}-{one % 100:02d}" for one in (min(months), max(months)))
    return first if first == last else f"{first} to {last}"
