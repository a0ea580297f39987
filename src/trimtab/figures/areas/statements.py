"""The figures of statements, by kind of charge, with the bill and the invoice beside them; and of untagged cost."""

from trimtab.figures.model import Figure, Rollup

_BASIS = "the basis of the allocation rules, which every statement names"
_MONTH = "a whole month"


def _charged(id_: str, label: str, formula: str, *aliases: str, basis: str = _BASIS, rows: str = "") -> Figure:
    return Figure(
        id=id_, label=label, area="statements", unit="$", basis=basis, rollup=Rollup.SUM, span=_MONTH, formula=formula,
        rows=rows or "/statements", aliases=aliases,
    )  # fmt: skip


def _share(id_: str, label: str, formula: str, *aliases: str) -> Figure:
    return Figure(
        id=id_, label=label, area="statements", unit="1", rollup=Rollup.RATIO, span=_MONTH, formula=formula,
        rows="/statements", aliases=aliases,
    )  # fmt: skip


TOTAL = _charged(
    "statement_total", "Statement total",
    "Σ of the lines charged to the owner by the rules in force, rounded once; all owners together are the bill",
    "Charged",
)  # fmt: skip
UNOWNED = _charged(
    "statement_unowned", "Charged to nobody", "Σ of the lines that no rule gives to an owner", rows="/untagged"
)
USAGE = _charged("statement_usage", "Usage", "Σ of the owner's lines of usage")
COMMITMENTS = _charged(
    "statement_commitments", "Commitments", "Σ of the owner's fees of commitments, and of what savings plans covered"
)
UNUSED = _charged("statement_unused", "Unused commitments", "Σ of commitments that nobody used", "Unused")
FEES = _charged("statement_fees", "Support and fees", "Σ of the owner's subscriptions, fees and support")
CREDITS = _charged(
    "statement_credits", "Credits and discounts", "Σ of the owner's credits, refunds and discounts: below 0"
)
ADJUSTMENTS = _charged(
    "statement_adjustments", "Adjustments", "Σ of the owner's corrections by the provider and other adjustments"
)
TAX = _charged("statement_tax", "Tax", "Σ of the owner's tax")
LATE = _charged(
    "statement_late_corrections", "Late corrections",
    "Σ of what the provider changed in months that were closed before, charged in this one",
)  # fmt: skip
SHARE = _share("statement_share", "Share of the month", "charged to the owner ÷ charged to all", "Share")
CHANGE = _share(
    "statement_change", "Change on the month before", "(charged − charged the month before) ÷ the month before",
    "Change",
)  # fmt: skip
BILL = _charged("statement_bill", "Bill", "Σ of the bill's own lines of the kind, added up apart from the statement")
APART = _charged(
    "statement_apart",
    "Beside the bill",
    "statement − bill, of each kind of charge; 0 until a bill of a closed month is corrected",
    "Apart",
)
INVOICE = _charged("invoice_total", "Invoice", "Σ of the month's lines as they are invoiced", basis="billed")
TO_INVOICE = _charged(
    "statement_to_invoice", "Difference to the invoice", "invoice − statement total: what the basis spreads or leaves",
)  # fmt: skip
UNTAGGED = _charged(
    "untagged_usage", "Usage of nobody", "Σ of the lines of usage that no rule gives to an owner", rows="/untagged"
)
SUGGESTED = _charged(
    "untagged_suggested", "With a suggestion", "Σ of usage of nobody for which tags, names or months around suggest "
    "an owner", rows="/untagged",
)  # fmt: skip

FIGURES = (
    TOTAL, UNOWNED, USAGE, COMMITMENTS, UNUSED, FEES, CREDITS, ADJUSTMENTS, TAX, LATE, SHARE, CHANGE, BILL, APART,
    INVOICE, TO_INVOICE, UNTAGGED, SUGGESTED,
)  # fmt: skip
