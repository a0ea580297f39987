"""Machines that run and are on no bill yet: at one's own rate or the list price, marked; without a price, unknown."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from trimtab.costs.model import Dimension
from trimtab.economics.estimate.model import DIMENSIONS, Basis, Line, LineKey, Past, Running, money
from trimtab.economics.estimate.ports import Meters

_AWS_COMPUTE = "Amazon Elastic Compute Cloud"


async def fresh_lines(
    past: Past, machines: Sequence[Running], hours: Mapping[str, float], day_ms: int, meters: Meters
) -> list[Line]:
    """A line for each machine that was seen to run on a day and that no line of the past is about."""
    known = {key.resource.rpartition("/")[2] for key in past.keys if key.resource}
    found = []
    for machine in machines:
        ran = hours.get(machine.id, 0.0)
        if ran <= 0 or machine.id in known:
            continue
        price = await meters.price(machine, day_ms)
        quantity = money(ran)
        if price is None:
            what = f"a price of {machine.instance_type}" if machine.instance_type else "its type"
            note = f"nothing says {what}; try `trimtab catalog set-rate {machine.instance_type or 'TYPE'} 12.34`"
            found.append(Line(_key(machine, "USD"), day_ms, Basis.UNPRICED, quantity, None, None, note))
            continue
        amount = (quantity * price.per_hour).quantize(Decimal("0.000001"))
        key = _key(machine, price.currency)
        found.append(Line(key, day_ms, Basis.LISTED, quantity, amount, amount, f"new; {price.note}"))
    return found


def _key(machine: Running, currency: str) -> LineKey:
    """The line as a bill would write it, as far as that is known."""
    family, _, _ = machine.instance_type.partition(".")
    said = {
        Dimension.LINKED_ACCOUNT: machine.account,
        Dimension.RECORD_TYPE: "Usage",
        Dimension.CHARGE_CATEGORY: "Usage",
        Dimension.SERVICE: _AWS_COMPUTE,
        Dimension.SERVICE_CODE: "AmazonEC2",
        Dimension.USAGE_TYPE: f"BoxUsage:{machine.instance_type}",
        Dimension.OPERATION: "RunInstances",
        Dimension.REGION: machine.region,
        Dimension.INSTANCE_TYPE: machine.instance_type,
        Dimension.INSTANCE_TYPE_FAMILY: family,
        Dimension.PURCHASE_TYPE: "On Demand",
        Dimension.USAGE_UNIT: "Hrs",
        Dimension.RESOURCE_ID: machine.id,
    }
    return LineKey(
        tuple(said.get(one, "") for one in DIMENSIONS), tuple(sorted(machine.tags.items())), currency=currency
    )
