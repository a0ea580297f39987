"""What of a ledger a scope may see: machines of its accounts, and runs by the rows that it allows."""

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.economics.unit.model import Ledger
from trimtab.inventory.runs.filter import visible


def seen_by(scope: Scope, ledger: Ledger) -> Ledger:
    """The ledger without what a scope does not cover. Who sees a part of the owners sees nothing of free GPUs."""
    if scope.accounts is None and not scope.rows:
        return ledger
    holders = {name: run for name, run in ledger.holders.items() if visible(scope, run)}
    slices = tuple(
        one
        for one in ledger.slices
        if (scope.accounts is None or ledger.accounts.get(one.node, "") in scope.accounts)
        and (one.holder in holders if one.holder in ledger.holders else not scope.rows)
    )
    runs = [run for run in ledger.runs if visible(scope, run)]
    return replace(ledger, slices=slices, holders=holders, runs=runs, unpriced=(), elsewhere={})
