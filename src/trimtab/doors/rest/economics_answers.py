"""Statements, previews and tag reports as the API writes them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from trimtab.client import economics_wire as wire
from trimtab.economics.months import named
from trimtab.economics.preview import Preview
from trimtab.economics.rules.store import RulesVersion
from trimtab.economics.statements.model import Reconciled, Statement, StatementLine
from trimtab.economics.tags.model import Compliance, TagKey, UntaggedReport


def statement(one: Statement, rows: Sequence[Reconciled], owner: str | None) -> wire.Statement:
    """A statement; the lines of one owner, or of all."""
    return wire.Statement(
        month=named(one.month),
        state=one.state.value,
        basis=one.basis.value,
        owner_category=one.owner_category,
        rules_version=one.rules_version,
        closed_ms=one.closed_ms or None,
        closed_by=one.closed_by,
        totals=_amounts(one.totals()),
        owners=_owners(one.lines),
        lines=[_line(line) for line in one.lines if owner is None or line.key.owner == owner],
        reconciliation=[
            wire.Reconciled(row.currency, row.kind.value, *_texts(row.bill, row.statement, row.difference))
            for row in rows
        ],
        receipts=[
            wire.Receipt(named(month), part.source, part.import_id, part.lines, _amounts(part.billed))
            for month, held in sorted(one.receipts.items())
            for part in held
        ],
        unweighed=list(one.unweighed),
        rules=one.document,
        to_invoice=[
            wire.InvoiceLine(
                name=line.name,
                currency=line.currency,
                amount=f"{line.amount:f}",
                coins=f"{line.coins:f}",
                invoice=f"{line.invoice:f}",
                invoice_coins=f"{line.invoice_coins:f}",
            )
            for line in one.to_invoice()
        ],
    )


def allocation(version: RulesVersion) -> wire.Allocation:
    """A version of the rules."""
    return wire.Allocation(version.version, version.document, version.created_ms, version.created_by, version.note)


def preview(one: Preview) -> wire.Preview:
    """A preview."""
    return wire.Preview(
        named(one.month),
        one.closed,
        one.default,
        [wire.Move(move.owner, move.currency, *_texts(move.before, move.after, move.change)) for move in one.moves],
        [
            wire.PreviewTotal(
                total.currency,
                f"{total.billed:f}",
                f"{total.total:f}",
                total.adds_up,
                *_texts(total.moved, total.unowned_before, total.unowned_after),
            )
            for total in one.currencies
        ],
        list(one.unweighed),
    )


def tag_keys(month: int, keys: Sequence[TagKey]) -> wire.TagKeyList:
    """The keys of a month."""
    found = [
        wire.TagKey(
            one.key,
            one.currency,
            f"{one.cost:f}",
            one.share,
            one.lines,
            one.values,
            one.meant,
            one.active,
            one.note,
        )
        for one in keys
    ]
    return wire.TagKeyList(named(month), found)


def compliance(month: int, rows: Sequence[Compliance]) -> wire.ComplianceList:
    """Every policy by owner."""
    found = [
        wire.Compliance(
            one.key,
            one.owner,
            one.currency,
            *_texts(one.compliant, one.missing, one.wrong),
            one.share,
            one.example,
        )
        for one in rows
    ]
    return wire.ComplianceList(named(month), found)


def untagged(one: UntaggedReport) -> wire.UntaggedReport:
    """What nobody owns."""
    rows = [
        wire.Untagged(
            row.account,
            row.service,
            row.resource,
            row.name,
            row.currency,
            f"{row.cost:f}",
            row.lines,
            row.suggestion.owner if row.suggestion else "",
            row.suggestion.evidence.value if row.suggestion else "",
            row.suggestion.reason if row.suggestion else "",
        )
        for row in one.rows
    ]
    return wire.UntaggedReport(
        named(one.month),
        one.owner_category,
        one.default,
        _amounts(one.billed),
        _amounts(one.owned),
        [wire.Apart(row.kind.value, row.currency, f"{row.cost:f}") for row in one.apart],
        _amounts(one.total),
        _amounts(one.listed),
        rows,
    )


def _owners(lines: Sequence[StatementLine]) -> list[wire.OwnerTotal]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for line in lines:
        held = sums.setdefault((line.key.currency, line.key.owner), [Decimal(0), Decimal(0)])
        held[0] += line.amount
        held[1] += line.coins
    ordered = sorted(sums.items(), key=lambda one: (one[0][0], -one[1][0], one[0][1]))
    return [wire.OwnerTotal(owner, currency, f"{a:f}", f"{c:f}") for (currency, owner), (a, c) in ordered]


def _line(line: StatementLine) -> wire.Line:
    key = line.key
    return wire.Line(
        key.owner,
        key.kind.value,
        key.service,
        key.account,
        key.via,
        named(key.about) if key.about else None,
        key.currency,
        f"{line.amount:f}",
        f"{line.coins:f}",
        line.lines,
    )


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in amounts.items()}


def _texts(first: Decimal, second: Decimal, third: Decimal) -> tuple[str, str, str]:
    return f"{first:f}", f"{second:f}", f"{third:f}"
