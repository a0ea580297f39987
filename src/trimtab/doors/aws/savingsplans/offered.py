"""What is on offer: plans, and the rates under them and under a recorded one."""

from typing import Any

from trimtab.advice.purchases.offerings import OfferedRate, Offering, by_id, offerings, rates_of
from trimtab.base.errors import NotFound
from trimtab.doors.aws.savingsplans.rooms import (
    CURRENCY,
    PAYMENTS,
    PRODUCTS,
    TYPES,
    SavingsPlansRooms,
    duration,
    filtered,
    operations,
    page,
    picked,
    scope_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 1000
_LINUX = "Linux/UNIX"


@operations.add("DescribeSavingsPlansOfferings", bound=True)
async def describe_savings_plans_offerings(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """The plans on offer that a request asks for."""
    found = []
    for one in offerings(rooms.room.catalog):
        facts = {"region": one.region, "instanceFamily": one.family}
        if (
            picked(request.get("offeringIds"), one.id)
            and picked(request.get("paymentOptions"), PAYMENTS[one.payment])
            and picked(request.get("planTypes"), TYPES[one.kind])
            and picked(request.get("durations"), duration(one.years))
            and picked(request.get("currencies"), CURRENCY)
            and picked(request.get("descriptions"), one.description)
            and picked(request.get("serviceCodes"), _service(one))
            and picked(request.get("usageTypes"), _usage_type(one))
            and not request.get("operations")
            and (not request.get("productType") or request["productType"] in PRODUCTS[one.kind])
            and filtered(request.get("filters"), facts)
        ):
            found.append(one)
    shown, more = page(found, request, _PAGE)
    return {"searchResults": [_shape(one) for one in shown], **more}


@operations.add("DescribeSavingsPlansOfferingRates", bound=True)
async def describe_savings_plans_offering_rates(
    rooms: SavingsPlansRooms, request: Request, context: CallContext
) -> Answer:
    """The rates of the plans on offer that a request asks for."""
    room = rooms.room
    chosen = [
        one
        for one in offerings(room.catalog)
        if picked(request.get("savingsPlanOfferingIds"), one.id)
        and picked(request.get("savingsPlanPaymentOptions"), PAYMENTS[one.payment])
        and picked(request.get("savingsPlanTypes"), TYPES[one.kind])
    ]
    found = [
        one
        for one in rates_of(room.catalog, await room.rates(scope_of(context)), chosen, room.clock.now_ms())
        if picked(request.get("products"), _product(one))
        and picked(request.get("serviceCodes"), one.service)
        and picked(request.get("usageTypes"), _box(one))
        and picked(request.get("operations"), "RunInstances")
        and filtered(request.get("filters"), _properties(one))
    ]
    shown, more = page(found, request, _PAGE)
    return {"searchResults": [{"savingsPlanOffering": _parent(one.offering), **_rate(one)} for one in shown], **more}


@operations.add("DescribeSavingsPlanRates")
async def describe_savings_plan_rates(rooms: SavingsPlansRooms, request: Request, context: CallContext) -> Answer:
    """The rates of a recorded plan."""
    room = rooms.room
    plan = await room.recorded.get(scope_of(context), request["savingsPlanId"])
    offered = by_id(room.catalog, plan.offering)
    if offered is None:
        raise NotFound(f"The Savings Plan {plan.id} is of an offering that is no more.")
    found = []
    for one in rates_of(room.catalog, await room.rates(scope_of(context)), [offered], room.clock.now_ms()):
        facts = {
            **_properties(one),
            "productType": _product(one),
            "serviceCode": one.service,
            "usageType": _box(one),
            "operation": "RunInstances",
        }
        if filtered(request.get("filters"), facts):
            found.append({"currency": CURRENCY, **_rate(one)})
    shown, more = page(found, request, _PAGE)
    return {"savingsPlanId": plan.id, "searchResults": shown, **more}


def _service(one: Offering) -> str:
    return {"COMPUTE_SP": "ComputeSavingsPlans", "EC2_INSTANCE_SP": "ComputeSavingsPlans",
            "SAGEMAKER_SP": "MachineLearningSavingsPlans"}.get(one.kind.value, "DatabaseSavingsPlans")  # fmt: skip


def _usage_type(one: Offering) -> str:
    payment = one.payment.title().replace("_", "")
    head = {"COMPUTE_SP": "ComputeSP", "SAGEMAKER_SP": "SageMakerSP", "DATABASE_SP": "DatabaseSP"}
    return f"{head.get(one.kind.value, f'{one.region}-EC2SP:{one.family}')}:{one.years}yr{payment}"


def _shape(one: Offering) -> dict[str, Any]:
    properties = [{"name": "region", "value": one.region}, {"name": "instanceFamily", "value": one.family}]
    return {
        "offeringId": one.id,
        "productTypes": list(PRODUCTS[one.kind]),
        "planType": TYPES[one.kind],
        "description": one.description,
        "paymentOption": PAYMENTS[one.payment],
        "durationSeconds": duration(one.years),
        "currency": CURRENCY,
        "serviceCode": _service(one),
        "usageType": _usage_type(one),
        "operation": "",
        "properties": properties if one.family else [],
    }


def _parent(one: Offering) -> dict[str, Any]:
    return {
        "offeringId": one.id,
        "paymentOption": PAYMENTS[one.payment],
        "planType": TYPES[one.kind],
        "durationSeconds": duration(one.years),
        "currency": CURRENCY,
        "planDescription": one.description,
    }


def _rate(one: OfferedRate) -> dict[str, Any]:
    return {
        "rate": f"{one.rate:f}",
        "unit": "Hrs",
        "productType": _product(one),
        "serviceCode": one.service,
        "usageType": _box(one),
        "operation": "RunInstances",
        "properties": [{"name": name, "value": value} for name, value in _properties(one).items()],
    }


def _product(one: OfferedRate) -> str:
    return "SageMaker" if one.service == "AmazonSageMaker" else "EC2"


def _box(one: OfferedRate) -> str:
    return f"BoxUsage:{one.type}"


def _properties(one: OfferedRate) -> dict[str, str]:
    return {
        "region": one.region,
        "instanceType": one.type,
        "instanceFamily": one.family,
        "productDescription": _LINUX,
        "tenancy": "shared",
    }
