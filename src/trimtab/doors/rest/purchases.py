"""`/rest/v1/purchases…`: plans of what to commit to, what people say of purchases, and training on spot."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.facts import OFFER, RATE, RESERVED, TERM, Offer, OwnRate, ReservedRate, Term
from trimtab.advice.purchases.kept import Made
from trimtab.advice.purchases.model import Payment, PlanKind
from trimtab.advice.purchases.rate_file import read_rates
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.base import typed
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.capacity.spot.advise import SpotAdvice, advise
from trimtab.capacity.spot.model import Availability, Job
from trimtab.client import purchases_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation

_PATH = "/rest/v1/purchases"
_TAG = "purchases"
_KIND: Mapping[str, str] = {"kind": "What it is: rate, reserved (a rate of reservations), offer or term."}
_MOST_TICKS = 400_000
"""Ticks of all zones of a question: what is replayed in seconds."""


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """Which fact."""

    name: Annotated[str, Meta(min_length=1, max_length=512)]


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """Which plan; 0 is the newest, of a currency and provider where they are given."""

    id: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$|^$")] = ""
    provider: Literal["", "AWS", "Google Cloud", "Azure"] = ""


def operations(room: PurchasesRoom) -> list[Operation]:
    """The operations on purchase options."""
    return [*_of_plans(room), *_of_facts(room), *_of_spot()]


def _of_plans(room: PurchasesRoom) -> list[Operation]:
    async def latest(call: Call[Which, None]) -> wire.PurchasePlan:
        asked = call.query
        return plan_answer(await room.latest(call.principal.scope, asked.id, asked.currency, asked.provider))

    async def make(call: Call[NoQuery, wire.PlanPurchases]) -> wire.PurchasePlan:
        wanted = typed.convert(msgspec.to_builtins(call.body), Wanted)
        return plan_answer(await room.make(call.principal.scope, wanted, publish=call.principal.scope.accounts is None))

    async def rates(call: Call[NoQuery, None]) -> wire.CommitmentRates:
        found = (await room.rates(call.principal.scope)).all()
        return wire.CommitmentRates(
            [
                wire.CommitmentRate(
                    one.kind, one.years, one.payment, one.service, one.family, f"{one.share:f}", one.basis.word,
                    one.as_of, one.source, one.region,
                )
                for one in found
            ]
        )  # fmt: skip

    return [
        Operation(
            "GET", f"{_PATH}/plan", "get purchase plan",
            "The newest plan, of a currency and provider, or one by its number.", latest,
            wire.PurchasePlan, Which, errors=(404,), role=Role.FINANCE, tag=_TAG,
        ),
        Operation(
            "POST", f"{_PATH}/plan", "make purchase plan", "Plan what to commit to, from the bill.", make,
            wire.PurchasePlan, body=wire.PlanPurchases, errors=(404, 504), role=Role.WRITE, tag=_TAG,
        ),
        Operation(
            "GET", f"{_PATH}/rates", "list commitment rates", "What an hour costs under each kind of plan.", rates,
            wire.CommitmentRates, role=Role.FINANCE, tag=_TAG,
        ),
    ]  # fmt: skip


def _of_facts(room: PurchasesRoom) -> list[Operation]:
    async def facts(principal: Principal) -> wire.PurchaseFacts:
        found = await room.facts.listed(principal.scope)
        return wire.PurchaseFacts(
            [
                wire.PutRate(
                    typed.convert(one.kind.value, wire.RateKindName),
                    one.years,
                    one.payment.value,
                    f"{one.share:f}",
                    one.service,
                    one.family,
                    one.note,
                    one.region,
                )
                for one in found
                if isinstance(one, OwnRate)
            ],
            [
                wire.PutOffer(
                    one.name, one.type, one.region, f"{one.hourly:f}", one.most, one.what, one.years,
                    one.payment.value, one.platform, one.start_ms, one.end_ms,
                )
                for one in found
                if isinstance(one, Offer)
            ],
            [wire.PutTerm(one.name, one.start_ms, one.end_ms) for one in found if isinstance(one, Term)],
            [_reserved(one) for one in found if isinstance(one, ReservedRate)],
        )  # fmt: skip

    async def listed(call: Call[NoQuery, None]) -> wire.PurchaseFacts:
        return await facts(call.principal)

    async def put_rate(call: Call[NoQuery, wire.PutRate]) -> wire.PurchaseFacts:
        one = call.body
        kind, payment = PlanKind(one.kind), Payment(one.payment)
        share = Decimal(one.share)
        await room.facts.put(
            OwnRate(kind, one.years, payment, one.service, one.family, share, one.note, one.region),
            account=call.principal.account,
        )
        return await facts(call.principal)

    async def import_rates(call: Call[NoQuery, wire.ImportRates]) -> wire.PurchaseFacts:
        await room.facts.put(*await asyncio.to_thread(read_rates, call.body.csv), account=call.principal.account)
        return await facts(call.principal)

    async def put_offer(call: Call[NoQuery, wire.PutOffer]) -> wire.PurchaseFacts:
        one = call.body
        await room.facts.put(
            Offer(
                one.name, one.what, one.type, one.region, Decimal(one.hourly), one.most, one.years,
                Payment(one.payment), one.platform, one.start_ms, one.end_ms,
            ),
            account=call.principal.account,
        )  # fmt: skip
        return await facts(call.principal)

    async def put_term(call: Call[NoQuery, wire.PutTerm]) -> wire.PurchaseFacts:
        await room.facts.put(Term(call.body.name, call.body.start_ms, call.body.end_ms), account=call.principal.account)
        return await facts(call.principal)

    async def remove(call: Call[Named, None]) -> wire.FactRemoved:
        if call.path["kind"] not in (RATE, OFFER, TERM, RESERVED):
            raise NotFound(f"no kind of fact is {call.path['kind']!r}: expected {RATE}, {RESERVED}, {OFFER} or {TERM}")
        await room.facts.remove(call.path["kind"], call.query.name, call.principal.account)
        return wire.FactRemoved(call.query.name)

    answer = wire.PurchaseFacts
    return [
        Operation(
            "GET", f"{_PATH}/facts", "list purchase facts", "Own rates, offers and terms.", listed, answer,
            role=Role.FINANCE, tag=_TAG,
        ),
        Operation(
            "PUT", f"{_PATH}/rates", "set commitment rate", "Set an own rate.", put_rate, answer, body=wire.PutRate,
            role=Role.WRITE, tag=_TAG,
        ),
        Operation(
            "POST", f"{_PATH}/rates", "import commitment rates",
            "Set the rates of a CSV, of any provider: all of them or none.", import_rates, answer,
            body=wire.ImportRates, role=Role.WRITE, tag=_TAG,
        ),
        Operation(
            "PUT", f"{_PATH}/offers", "set purchase offer", "Set machines that can be had.", put_offer, answer,
            body=wire.PutOffer, role=Role.WRITE, tag=_TAG,
        ),
        Operation(
            "PUT", f"{_PATH}/terms", "set commitment term", "Set from when to when a commitment runs.", put_term,
            answer, body=wire.PutTerm, role=Role.WRITE, tag=_TAG,
        ),
        Operation(
            "DELETE", f"{_PATH}/facts/{{kind}}", "remove purchase fact", "Remove a rate, an offer or a term.", remove,
            wire.FactRemoved, Named, errors=(404,), path_parameters=_KIND, role=Role.WRITE, tag=_TAG,
        ),
    ]  # fmt: skip


def _of_spot() -> list[Operation]:
    async def spot(call: Call[NoQuery, wire.AskSpot]) -> wire.SpotAdvice:
        asked = call.body
        ticks = {len(one.up) for one in asked.zones}
        if len(ticks) != 1:
            raise InvalidInput("cannot replay: the zones have different lengths", field="zones")
        if len(asked.zones) * max(ticks) > _MOST_TICKS:
            raise InvalidInput(f"cannot replay more than {_MOST_TICKS} ticks of all zones", field="zones")
        up = np.array([one.up for one in asked.zones]) >= asked.nodes
        if not up.any():
            raise InvalidInput("cannot replay: the machines were never to be had together", field="zones")
        available = Availability(tuple(one.zone for one in asked.zones), asked.gap_s / 3600, up.astype(np.uint8))
        job = Job(asked.work_h, asked.deadline_h, asked.delay_min / 60, asked.spot_price)
        return _spot_answer(await asyncio.to_thread(advise, available, job, asked.checkpoint_s / 3600), job)

    return [
        Operation(
            "POST", f"{_PATH}/spot", "replay training on spot",
            "What a training job with a deadline would have cost on spot, by which rule, and how often to checkpoint.",
            spot, wire.SpotAdvice, body=wire.AskSpot, tag=_TAG,
        )
    ]  # fmt: skip


def _reserved(one: ReservedRate) -> wire.ReservedRate:
    return wire.ReservedRate(
        one.provider,  # type: ignore[arg-type] # one of the names: it was checked when it was put
        one.family,
        one.region,
        one.years,
        one.payment.value,
        None if one.share is None else f"{one.share:f}",
        None if one.hourly is None else f"{one.hourly:f}",
        {size: f"{ratio:f}" for size, ratio in one.sizes.items()},
        one.note,
    )


def plan_answer(made: Made) -> wire.PurchasePlan:
    """A plan as it travels."""
    answer = typed.convert(msgspec.to_builtins(made.answer), wire.PurchaseAnswer) if made.answer else None
    settings = typed.convert(msgspec.to_builtins(made.wanted), wire.PlanPurchases)
    return wire.PurchasePlan(made.id, made.made_ms, made.took_ms, settings, answer, made.problem)


def _spot_answer(found: SpotAdvice, job: Job) -> wire.SpotAdvice:
    chosen, rule, points = found.chosen, found.rule, found.checkpoints
    return wire.SpotAdvice(
        found.jobs,
        float(chosen.outcomes.cost.mean()) / job.work_h,
        found.bound,
        int(chosen.outcomes.late.sum()),
        float(chosen.outcomes.restarts.mean()),
        rule.name,
        rule.uniform,
        rule.reserve_h,
        rule.margin_h if np.isfinite(rule.margin_h) else job.deadline_h,
        points.every_h * 3600,
        points.lost,
        points.between_h,
        points.interruptions,
        [
            wire.SpotRule(one.name, float(cost) / job.work_h)
            for one, cost in zip(chosen.rules, chosen.fixed, strict=True)
        ],
    )
