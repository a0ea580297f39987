"""Savings Plans: what was committed to, until when."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trimtab.accounts.describe.contract import Found, Place, Source, picked
from trimtab.base.clock import to_ms


def _plans(place: Place) -> Iterator[Found]:
    token: dict[str, Any] = {}
    while True:
        answer = place.call("savingsplans", "DescribeSavingsPlans", **token)
        for item in answer.get("savingsPlans", ()):
            facts = picked(
                item,
                *("savingsPlanType", "paymentOption", "state", "start", "end", "commitment", "currency"),
                *("ec2InstanceFamily", "region", "termDurationInSeconds", "upfrontPaymentAmount"),
                "recurringPaymentAmount",
            )
            for key in ("start", "end"):
                if facts.get(key):
                    facts[key] = to_ms(datetime.fromisoformat(str(facts[key]).replace("Z", "+00:00")))
            name, tags = item["savingsPlanId"], item.get("tags", {})
            yield Found(item["savingsPlanArn"], name, item.get("savingsPlanType", ""), tags, facts)
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}


SOURCES = (
    Source(
        "Savings Plans",
        ("savingsplans:savingsplan",),
        (("savingsplans", "DescribeSavingsPlans"),),
        _plans,
        is_global=True,
    ),
)
