"""The plans of the last time, as they are kept."""

import msgspec
from msgspec import Struct

from trimtab.advice.knobs import KnobStore
from trimtab.advice.plan.model import Plan
from trimtab.base import typed

_KEY = "plan"


class KeptPlans(Struct, frozen=True):
    """The plans, one a currency, the largest bill first, and what they were made from."""

    made_from: str
    plans: list[Plan]


async def kept_plans(knobs: KnobStore) -> KeptPlans:
    """Those of the last time; none, made from "", before the first."""
    text = await knobs.remembered(_KEY)
    return typed.decode(text, type=KeptPlans) if text else KeptPlans("", [])


async def keep_plans(knobs: KnobStore, kept: KeptPlans) -> None:
    """Replace those of the last time."""
    await knobs.remember(_KEY, msgspec.json.encode(kept).decode())
