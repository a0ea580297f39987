"""The joint plan: every type × policy × purchase option, replayed on the demand as it is expected to become.

Policies are replayed under little, likely and much traffic, and the three are weighed; fixed numbers and commitments
are decided for the likely one, since nobody knows better beforehand. A choice is on the front when none is both cheaper
and safer.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.replay import check_demand
from trimtab.scaling.plan.buying import best_level, monthly
from trimtab.scaling.plan.model import MONTH_HOURS, Choice, Measured, Offer, Outlook, Plan, Question, Server
from trimtab.scaling.plan.outlook import outlook
from trimtab.scaling.plan.running import Integers, Ran, fleet_of, lanes, run, spot_fleet
from trimtab.scaling.plan.words import measured_words, plan_words, why
from trimtab.scaling.plan.zones import gone, short_share, spared

MIDDLE = 1
THREADS = 2
SHOWN = 60
"""Choices that are answered: the front, and the cheapest besides."""
BASE_QUANTILE = 0.1
"""Without a commitment, spot replicas are those above what runs in all but this share of the hours."""


class Setting(Struct, frozen=True):
    """A question with its supposed traffics."""

    question: Question
    outlook: Outlook
    demands: tuple[Array, ...]
    weights: tuple[float, ...]


class Way(Struct, frozen=True):
    """A policy on replicas of one capacity, replayed: nothing of it depends on prices."""

    fleet: Fleet
    policy: str
    words: str
    spare: bool
    desired: tuple[Integers, ...]
    ran: tuple[Ran, ...]


class Bought(Struct, frozen=True):
    """How replicas are paid: `level` of them under `offer`, a share of the hours as spot, the rest on demand."""

    offer: Offer | None = None
    level: int = 0
    spot_share: float = 0.0

    @property
    def name(self) -> str:
        """As a table has it."""
        return (self.offer.name if self.offer else "on demand") + (" + spot" if self.spot_share else "")


Ways = Callable[[Setting, float, float], tuple[Way, ...]]
"""From a setting, a replica's capacity and how long a launch takes: every policy, replayed."""


def ways_of(setting: Setting, capacity: float, launch_s: float) -> tuple[Way, ...]:
    """Replay every policy."""
    question = setting.question
    fleet = fleet_of(capacity, question.tick_s, launch_s)
    found = []
    for lane in lanes(setting.demands, fleet, question.allowed, MIDDLE):
        for spare in (False, True) if question.zones > 1 else (False,):
            plans = (spared(one, question.zones) if spare else one for one in lane.desired)
            desired = tuple(one.astype(np.int32) for one in plans)
            ran = tuple(run(demand, plan, fleet) for demand, plan in zip(setting.demands, desired, strict=True))
            found.append(Way(fleet, lane.policy, lane.words, spare, desired, ran))
    return tuple(found)


def joint_plan(question: Question, ways: Ways = ways_of) -> Plan:
    """The plan; `ways` may remember what it replayed. Raises InvalidInput."""
    check_demand(question.demand)
    ahead = outlook(question.demand, question.tick_s)
    demands = tuple(question.demand * factor * question.traffic for factor, _ in ahead.weighed)
    setting = Setting(question, ahead, demands, tuple(weight for _, weight in ahead.weighed))
    able = [(one, capacity_of(one, question)) for one in question.servers]
    measured = tuple(_measured(one, capacity, question) for one, capacity in able)
    work = [(one, capacity) for one, capacity in able if capacity]

    def bought(pair: tuple[Server, float]) -> list[tuple[Choice, Way]]:
        return _of_type(setting, *pair, ways)

    with ThreadPoolExecutor(THREADS) as threads:
        found = [one for some in threads.map(bought, work) for one in some]
    return _answer(setting, measured, [choice for choice, _ in found], found)


def capacity_of(server: Server, question: Question) -> float | None:
    """What one replica bears within the objective: the curve's crossing, no more than the sure end of its capacity.

    None where no measured load meets the objective.
    """
    at = server.curve.rate_at(question.slo_ms, question.percentile)
    capacity = server.curve.capacity
    if at is not None and capacity is not None and server.slo_ms and question.slo_ms <= server.slo_ms * 1.001:
        at = min(at, capacity.lower)
    return at or None


def _of_type(setting: Setting, server: Server, capacity: float, ways: Ways) -> list[tuple[Choice, Way]]:
    launch_s = max(setting.question.launch_s, server.setup_s)
    return [(choice, way) for way in ways(setting, capacity, launch_s) for choice in _bought(setting, server, way)]


def _bought(setting: Setting, server: Server, way: Way) -> Iterator[Choice]:
    """A way to run with every way to pay."""
    question, price = setting.question, setting.question.price(server)
    offers = [one for one in server.offers if one.years in question.years and one.share < 1]
    for offer in (None, *offers):
        level = best_level(way.ran[MIDDLE].use, offer) if offer else 0
        if offer is None or level:
            costs = [monthly(use, price, level, offer) for use in (one.use for one in way.ran)]
            yield _choice(setting, server, way, costs, way.ran, Bought(offer, level))
    adapts = not way.policy.startswith("fixed")
    if question.spot and server.spot_per_hour is not None and adapts:
        cheapest = min(offers, key=lambda one: one.share, default=None)
        for offer in (None, cheapest) if cheapest else (None,):
            yield from _on_spot(setting, server, way, offer)


def _on_spot(setting: Setting, server: Server, way: Way, offer: Offer | None) -> Iterator[Choice]:
    question = setting.question
    price, spot = question.price(server), (server.spot_per_hour or Decimal(0)) * question.factor(server)
    use = way.ran[MIDDLE].use
    low = int(np.quantile(use.hours, BASE_QUANTILE)) // use.per_hour
    level = best_level(use, offer) if offer else low
    fleet = spot_fleet(way.fleet, level, server.interruptions)
    ran, costs = [], []
    for demand, desired in zip(setting.demands, way.desired, strict=True):
        one = run(demand, desired, fleet, spot=1)
        ran.append(one)
        hours = len(demand) * question.tick_s / 3600
        base_ticks = one.paid - one.spot
        tick_h = Decimal(str(question.tick_s)) / 3600
        base = price * offer.share * level * Decimal(str(hours)) if offer else price * base_ticks * tick_h
        costs.append((base + spot * one.spot * tick_h) * MONTH_HOURS / Decimal(str(hours)))
    paid = sum(one.paid for one in ran)
    share = sum(one.spot for one in ran) / paid if paid else 0.0
    if share > 0:
        yield _choice(setting, server, way, costs, tuple(ran), Bought(offer, level, share))


def _choice(
    setting: Setting, server: Server, way: Way, costs: Sequence[Decimal], ran: tuple[Ran, ...], bought: Bought
) -> Choice:
    question, capacity = setting.question, way.fleet.pools[0].capacity
    weights = [Decimal(str(one)) for one in setting.weights]
    risks = [(one.violating, *_failures(setting, demand, one, capacity))
             for demand, one in zip(setting.demands, ran, strict=True)]  # fmt: skip
    risk, zone_risk, spare_risk = (
        sum(weight * row[at] for weight, row in zip(setting.weights, risks, strict=True)) for at in range(3)
    )
    middle, demand = ran[MIDDLE], setting.demands[MIDDLE]
    busy = middle.ready > 0
    load = float((demand[busy] / middle.ready[busy]).mean()) if busy.any() else 0.0
    return Choice(
        server.type,
        way.policy + (", a zone to spare" if way.spare else ""),
        bought.name,
        sum((weight * cost for weight, cost in zip(weights, costs, strict=True)), Decimal()),
        min(costs),
        max(costs),
        risk,
        zone_risk,
        spare_risk,
        middle.paid / len(demand),
        middle.peak,
        bought.level if bought.offer else 0,
        bought.spot_share,
        capacity,
        server.curve.latency_at(min(load, server.curve.points[-1].offered), question.percentile),
        why(way.words, question.zones if way.spare else 0, bought.offer, bought.level, bought.spot_share),
    )


def _failures(setting: Setting, demand: Array, ran: Ran, capacity: float) -> tuple[float, float]:
    """The risk while the fullest zone is gone, and while one replica is."""
    zones = setting.question.zones
    ready = ran.ready.astype(np.float64)
    in_zone = short_share(demand, ready, gone(ready, zones), capacity)
    return in_zone, short_share(demand, ready, np.ones(len(demand)), capacity)


def _measured(server: Server, capacity: float | None, question: Question) -> Measured:
    price = question.price(server)
    million = price * 1_000_000 / (Decimal(3600) * Decimal(str(capacity))) if capacity else None
    return Measured(server.type, capacity, price, million, measured_words(server, capacity, question))


def _answer(
    setting: Setting, measured: tuple[Measured, ...], all_: list[Choice], found: list[tuple[Choice, Way]]
) -> Plan:
    question = setting.question
    marked = marked_front(all_, zone_fails=question.zone_fails, allowed=question.allowed)
    ordered = sorted(marked, key=lambda one: (one.monthly, one.counted(zone_fails=question.zone_fails)))
    within = [one for one in ordered if one.within]
    best = within[0] if within else None
    chosen = best or min(ordered, key=lambda one: one.counted(zone_fails=question.zone_fails), default=None)
    way = next((way for choice, way in found if chosen and _same(choice, chosen)), None)
    kept = [one for one in ordered if one.on_front or one.within][:SHOWN]
    kept += [one for one in ordered if one.on_front and one not in kept]
    demand = setting.demands[MIDDLE]
    needed = np.ceil(demand / way.fleet.pools[0].capacity - 1e-9) if way else np.zeros(0)
    ready = way.ran[MIDDLE].ready.astype(np.float64) if way else np.zeros(0)
    words = plan_words(question, measured, ordered, best)
    peak = float(demand.max())
    shown = tuple(sorted(kept, key=lambda one: one.monthly))
    return Plan(setting.outlook, measured, shown, best, len(all_), peak, np.asarray(needed), ready, words)


def _same(one: Choice, other: Choice) -> bool:
    return (one.type, one.policy, one.purchase) == (other.type, other.policy, other.purchase)


def marked_front(choices: Sequence[Choice], *, zone_fails: bool, allowed: float) -> list[Choice]:
    """All, marked whether another is as good in both and better in one, and whether they are within the objective."""
    ordered = sorted(choices, key=lambda one: (one.monthly, one.counted(zone_fails=zone_fails)))
    safest, found = float("inf"), []
    for one in ordered:
        risk = one.counted(zone_fails=zone_fails)
        found.append(replace(one, on_front=risk < safest, within=risk <= allowed))
        safest = min(safest, risk)
    return found
