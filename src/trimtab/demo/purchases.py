"""What the company knows of its commitments and no bill says: when they end. Put through REST, as its people would."""

from trimtab.client.api import Client
from trimtab.client.purchases import Purchases
from trimtab.client.purchases_wire import PutTerm
from trimtab.demo.bill.terms import DAY_MS, SAVINGS_PLAN_ARN, reservations
from trimtab.demo.world import World

PLAN_ENDS_DAYS, RESERVATIONS_END_DAYS = 400, 75
"""Days after the anchor at which they end."""


def put_terms(client: Client, world: World) -> None:
    """Say when commitments end, where nobody said otherwise."""
    purchases = Purchases(client)
    there = {one.name for one in purchases.facts().terms}
    ends = {SAVINGS_PLAN_ARN: PLAN_ENDS_DAYS} | {
        held.arn: RESERVATIONS_END_DAYS + 60 * at for at, held in enumerate(reservations(world.company))
    }
    for arn, days in ends.items():
        if arn not in there:
            purchases.put_term(PutTerm(arn, None, world.anchor_ms // DAY_MS * DAY_MS + days * DAY_MS))
