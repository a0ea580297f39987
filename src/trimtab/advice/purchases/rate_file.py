"""Rates of commitments from a CSV, any provider's: a file is taken whole or not at all.

    provider,kind,family,region,years,payment,discount,unit_price,sizes,note
    Google Cloud,flexible-cud,*,*,1,none,28%,,,price list of 2026-11
    Google Cloud,resource-cud,N2 vCPU,us-central1,1,none,,0.019915,,
    Azure,savings-plan,*,*,3,none,0.35,,,
    Azure,reservation,DSv2 Series,eastus,1,none,,0.0423,Standard_DS1_v2:1 Standard_DS2_v2:2,
    AWS,compute,m7g,,1,none,27%,,,our agreement

`discount` is off the on-demand rate, 28% or 0.28; `share` may stand for it: what is left, 0.72. `unit_price` is for an
hour of a unit: a vCPU, a GiB, a GPU, a machine, or ratio 1 of a flexibility group. Provider, kind, years and one of
discount, share and unit_price are needed, the rest may be empty. AWS's `service` is AmazonEC2 where it is not given.
"""

import csv
import io
from decimal import Decimal, InvalidOperation

from trimtab.advice.purchases.facts import Fact, OwnRate, ReservedRate, check
from trimtab.advice.purchases.model import AWS, AZURE, GOOGLE, Payment, PlanKind
from trimtab.advice.purchases.rates import EVERY
from trimtab.base.errors import InvalidInput

_NEEDED = ("provider", "kind", "years")
_KNOWN = (*_NEEDED, "family", "region", "payment", "discount", "share", "unit_price", "sizes", "service", "note")
_PLANS: dict[tuple[str, str], PlanKind] = {
    (GOOGLE, "flexible-cud"): PlanKind.GOOGLE_FLEXIBLE,
    (AZURE, "savings-plan"): PlanKind.AZURE_SAVINGS,
    (AWS, "compute"): PlanKind.COMPUTE,
    (AWS, "ec2"): PlanKind.EC2_INSTANCE,
    (AWS, "sagemaker"): PlanKind.SAGEMAKER,
    (AWS, "database"): PlanKind.DATABASE,
}
_RESERVED = ((GOOGLE, "resource-cud"), (AZURE, "reservation"))
_PROVIDERS = {"aws": AWS, "google cloud": GOOGLE, "google": GOOGLE, "gcp": GOOGLE, "azure": AZURE, "microsoft": AZURE}
_PAYMENTS = {
    "": Payment.NO_UPFRONT, "none": Payment.NO_UPFRONT, "partial": Payment.PARTIAL_UPFRONT, "all": Payment.ALL_UPFRONT,
}  # fmt: skip
MOST_ROWS = 20_000
"""A row a family, region, term and payment: all of a provider are a few thousand."""


def read_rates(text: str) -> list[Fact]:
    """The rates of a file. Raises InvalidInput that says in which line."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    if not set(_NEEDED) <= set(names):
        shown = ", ".join(names[:8]) or "none"
        raise InvalidInput(f"cannot read rates: got the columns {shown}; expected {', '.join(_KNOWN)}", field="rates")
    if unknown := sorted(set(names) - set(_KNOWN)):
        raise InvalidInput(f"cannot read rates: got the column {unknown[0]!r}; expected {', '.join(_KNOWN)}")
    rows.fieldnames = names
    found: list[Fact] = []
    for row in rows:
        cells = {name: (row.get(name) or "").strip() for name in _KNOWN}
        if any(cells.values()):
            found.append(_rate(cells, f"line {rows.line_num}"))
        if len(found) > MOST_ROWS:
            raise InvalidInput(f"cannot read rates: got more than {MOST_ROWS} rows", field="rates")
    if not found:
        raise InvalidInput("cannot read rates: the file has none", field="rates")
    return found


def _rate(row: dict[str, str], where: str) -> Fact:
    provider = _PROVIDERS.get(row["provider"].lower())
    if provider is None:
        raise _wrong(where, "provider", row["provider"], f"{AWS}, {GOOGLE} or {AZURE}")
    key = provider, row["kind"].lower()
    if key not in _PLANS and key not in _RESERVED:
        kinds = ", ".join(kind for whose, kind in (*_PLANS, *_RESERVED) if whose == provider)
        raise _wrong(where, "kind", row["kind"], kinds)
    if row["payment"].lower() not in _PAYMENTS:
        raise _wrong(where, "payment", row["payment"], "none, partial or all")
    if row["years"] not in ("1", "3"):
        raise _wrong(where, "years", row["years"], "1 or 3")
    if provider == AWS and row["region"]:
        raise _wrong(where, "region", row["region"], "none: AWS's rates here are of every region")
    years, payment = int(row["years"]), _PAYMENTS[row["payment"].lower()]
    family, region = row["family"] or EVERY, row["region"] or EVERY
    share = _share(row, where)
    fact: Fact
    if key in _PLANS:
        if share is None:
            raise _wrong(where, "discount", "", "a discount or a share of the on-demand rate")
        service = row["service"] or ("AmazonEC2" if provider == AWS else EVERY)
        fact = OwnRate(_PLANS[key], years, payment, service, family, share, row["note"], region)
    else:
        if family == EVERY:
            raise _wrong(where, "family", family, "what is reserved, such as N2 vCPU or Standard_D4s_v5")
        hourly = _number(row["unit_price"], where, "unit_price") if row["unit_price"] else None
        fact = ReservedRate(
            provider, family, region, years, payment, share, hourly, _sizes(row["sizes"], where), row["note"]
        )
    try:
        check(fact)
    except InvalidInput as problem:
        raise InvalidInput(f"{where}: {problem}", field="rates") from None
    return fact


def _share(row: dict[str, str], where: str) -> Decimal | None:
    if row["share"]:
        return _number(row["share"], where, "share")
    if not row["discount"]:
        return None
    off = _number(row["discount"].removesuffix("%").strip(), where, "discount")
    return 1 - (off / 100 if row["discount"].endswith("%") else off)


def _sizes(text: str, where: str) -> dict[str, Decimal]:
    found = {}
    for pair in text.split():
        size, separator, ratio = pair.rpartition(":")
        if not separator or not size:
            raise _wrong(where, "sizes", text, "sizes with their ratios, such as Standard_DS1_v2:1 Standard_DS2_v2:2")
        found[size] = _number(ratio, where, "sizes")
    return found


def _number(text: str, where: str, column: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= 10**9 or found.as_tuple().exponent < -12:  # type: ignore[operator] # finite
        raise _wrong(where, column, text, "a number of at most 12 digits after the point")
    return found


def _wrong(where: str, column: str, got: str, expected: str) -> InvalidInput:
    return InvalidInput(f"cannot read rates: {where} has the {column} {got[:40]!r}; expected {expected}", field="rates")
