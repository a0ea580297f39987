"""What rows of the ledger cost: each machine's day is divided among what it was, to the last digit. Pure.

Lines of a day are divided by time: an hour costs what any other of the day does in which the machine existed. Where the
bill tells the hours of a day apart (a commitment covers some, spot changes its price), each hour's lines belong to what
the machine was in that hour; those of hours in which the ledger does not know it, to the whole day.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.costs.apportion import apportion
from trimtab.fleet.basis import Basis
from trimtab.fleet.frame import DIGITS, Costed, DeviceCost, Frame
from trimtab.fleet.model import DAY_MS, HOUR_MS, Floats, Ints
from trimtab.fleet.money import DayCost, MachineDay, Priced

WHOLE = 1 << 40
"""What the weights of a day add up to that is divided by its hours: to a millionth of a millionth of it."""
Rates = Mapping[MachineDay, Mapping[str, Floats]]
"""By machine's day and currency: what a part-millisecond of each hour weighs, so that the whole day weighs `WHOLE`."""


class Hours(Struct, frozen=True):
    """The ledger by the hour, of machines of which the bill tells hours apart: all of their days, the part that is
    asked for and seen, and (where accelerators are asked for) what each had of it: machine, day, device, hour, amount.
    """

    whole: Frame
    seen: Frame
    devices: Sequence[Mapping[str, Any]] = ()

    def rates(self, priced: Priced, basis: Basis) -> Rates:
        """What the hours of each day weigh."""
        hour = (self.whole.bucket - self.whole.day * DAY_MS) // HOUR_MS
        days = _days(self.whole)
        sums = np.zeros((len(days), 24))
        np.add.at(sums, (_places(self.whole), hour), self.whole.amount)
        existing = {(self.whole.machines[machine], day): sums[at] for at, (machine, day) in enumerate(days)}
        found: dict[MachineDay, dict[str, Floats]] = {}
        for key, by_currency in priced.hours.items():
            rates = {one: _rates(existing.get(key, _NOTHING), costs[basis]) for one, costs in by_currency.items()}
            found[key] = {currency: one for currency, one in rates.items() if one is not None}
        return found

    def weights(self, frame: Frame, rates: Rates) -> dict[str, Ints]:
        """By currency what each row of a frame weighs in its day, of days whose hours are told apart."""
        seen = self.seen
        rows, hours = _alike(frame, seen)
        order = np.argsort(rows)
        place = np.minimum(np.searchsorted(rows[order], hours), max(len(rows) - 1, 0))
        known = rows[order][place] == hours if len(rows) else np.zeros(len(hours), np.bool_)
        hour = (seen.bucket - seen.day * DAY_MS) // HOUR_MS
        found: dict[str, Ints] = {}
        for currency in {one for by_currency in rates.values() for one in by_currency}:
            weights = np.zeros(len(frame))
            days = [rates.get((seen.machines[machine], day), {}).get(currency) for machine, day in _days(seen)]
            each = np.array([_NOTHING if one is None else one for one in days]).reshape(-1, 24)
            of_row = each[_places(seen), hour] * seen.amount
            np.add.at(weights, order[place[known]], of_row[known])
            found[currency] = weights.round().astype(np.int64)
        return found


_NOTHING = np.zeros(24)


def _rates(existing: Floats, cost: Floats) -> Floats | None:
    """What a part-millisecond of each hour weighs; None where the costs say nothing, or fall below nothing."""
    there = existing > 0
    if not there.any() or cost.sum() <= 0 or (cost < 0).any():
        return None
    rates = np.divide(cost, existing, out=np.zeros(24), where=there) + cost[~there].sum() / existing.sum()
    return np.asarray(np.where(there, rates, 0.0) * (WHOLE / cost.sum()), np.float64)


def _days(frame: Frame) -> list[tuple[int, int]]:
    """The machines' days of a frame: place and day, in the order of `_places`."""
    pairs = np.unique(frame.machine * _FAR + frame.day)
    return list(zip((pairs // _FAR).tolist(), (pairs % _FAR).tolist(), strict=True))


def _places(frame: Frame) -> Ints:
    return np.asarray(np.unique(frame.machine * _FAR + frame.day, return_inverse=True)[1], np.int64)


_FAR = 1 << 20
"""More days than there are since 1970, for long."""


def _alike(frame: Frame, hours: Frame) -> tuple[Ints, Ints]:
    """A number for each row of two frames, the same where machine, day, state, reason, holder and team are."""
    columns = [[], []]  # type: list[list[Ints]]
    for names, place in (("machines", "machine"), ("reasons", "reason"), ("holders", "holder"), ("teams", "team")):
        known = {name: at for at, name in enumerate(dict.fromkeys([*getattr(frame, names), *getattr(hours, names)]))}
        for one, into in zip((frame, hours), columns, strict=True):
            code = np.array([known[name] for name in getattr(one, names)], np.int64)
            into.append(code[getattr(one, place)] if len(one) else np.zeros(0, np.int64))
    for one, into in zip((frame, hours), columns, strict=True):
        into += [one.day, one.state]
    code = np.zeros(len(frame) + len(hours), np.int64)
    for ours, theirs in zip(*columns, strict=True):
        part = np.concatenate([ours, theirs])
        code = np.asarray(np.unique(code * (part.max(initial=0) + 1) + part, return_inverse=True)[1], np.int64)
    return code[: len(frame)], code[len(frame) :]


def _of_devices(rows: Sequence[Mapping[str, Any]], rates: Rates) -> dict[str, dict[tuple[str, int, int], float]]:
    """By currency, machine, day and device what it weighs in the day."""
    found: dict[str, dict[tuple[str, int, int], float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        key = row["machine"], row["day"]
        for currency, each in rates.get(key, {}).items():
            found[currency][*key, row["device"]] += float(each[row["hour"]]) * row["amount"]
    return found


def costed_of(
    frame: Frame, existing: Mapping[MachineDay, int], priced: Priced, basis: Basis, hours: Hours | None = None
) -> Costed:
    """A frame with the costs of its rows: each machine's day is divided by part-milliseconds, what is not in the frame
    as one more part; a day of which the bill tells the hours apart, by what its hours cost. Pure."""
    rates = {} if hours is None else hours.rates(priced, basis)
    apart = {} if hours is None else hours.weights(frame, rates)
    groups: dict[tuple[int, int], list[int]] = {}
    for at, (machine, day) in enumerate(zip(frame.machine.tolist(), frame.day.tolist(), strict=True)):
        groups.setdefault((machine, day), []).append(at)
    rows: list[int] = []
    currencies: list[str] = []
    amounts: list[Decimal] = []
    estimated: list[bool] = []
    unpriced = np.zeros(len(frame), np.bool_)
    reasons: dict[str, str] = {}
    notes: dict[str, DayCost] = {}
    for (machine, day), places in groups.items():
        key = frame.machines[machine], day
        costs = priced.costs.get(key, ())
        if not costs:
            unpriced[places] = True
            reasons.setdefault(key[0], priced.unpriced.get(key, "no bill and no rate says its price"))
            continue
        for cost in costs:
            notes[key[0]] = cost
            by_hour = cost.currency in rates.get(key, {})
            weights = [int(frame.amount[at]) for at in places]
            rest = max(existing.get(key, 0) - sum(weights), 0)
            if by_hour:
                weights = [int(apart[cost.currency][at]) for at in places]
                rest = _rest_by_hour(rest, weights)
            for at, part in zip(places, apportion(cost.amounts[basis], [*weights, rest]), strict=False):
                rows.append(at)
                currencies.append(cost.currency)
                amounts.append(part)
                estimated.append(cost.estimated)
    leftover: dict[str, Decimal] = {}
    for key, costs in priced.costs.items():
        if not existing.get(key):
            for cost in costs:
                leftover[cost.currency] = leftover.get(cost.currency, Decimal(0)) + cost.amounts[basis]
    return Costed(
        frame,
        basis,
        np.array(rows, np.int64),
        currencies,
        amounts,
        np.array(estimated, np.bool_),
        unpriced,
        reasons,
        notes,
        leftover,
        {currency: sums[basis] for currency, sums in priced.elsewhere.items()},
        priced.closed_ms,
        priced.error,
    )


def _rest_by_hour(rest: int, weights: Sequence[int]) -> int:
    """What the part of a day weighs that is not asked for; nothing where all of it is, however weights were rounded."""
    return max(WHOLE - sum(weights), 0) if rest else 0


def device_costs_of(
    rows: Sequence[Mapping[str, Any]],
    existing: Mapping[MachineDay, int],
    priced: Priced,
    basis: Basis,
    hours: Hours | None = None,
) -> dict[tuple[str, int], DeviceCost]:
    """Rows of the query `device_days` with their costs: a machine's day is divided among its accelerators by
    part-milliseconds, what is not in the rows as one more part; or by what its hours cost, as `costed_of`. Pure."""
    rates = {} if hours is None else hours.rates(priced, basis)
    apart = {} if hours is None else _of_devices(hours.devices, rates)
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["machine"], row["day"]), []).append(row)
    amounts: dict[tuple[str, int], dict[str, Decimal]] = {}
    idle: dict[tuple[str, int], dict[str, Decimal]] = {}
    free: dict[tuple[str, int], dict[str, Decimal]] = {}
    for key, mine in groups.items():
        for cost in priced.costs.get(key, ()):
            weights = [int(row["amount"]) for row in mine]
            rest = max(existing.get(key, 0) - sum(weights), 0)
            if cost.currency in rates.get(key, {}):
                weights = [round(apart[cost.currency][*key, row["device"]]) for row in mine]
                rest = _rest_by_hour(rest, weights)
            for row, part in zip(mine, apportion(cost.amounts[basis], [*weights, rest]), strict=False):
                device = row["machine"], row["device"]
                idled, was_free = (_share(row, name) for name in ("idle", "free"))
                for sums, amount in ((amounts, part), (idle, part * idled), (free, part * was_free)):
                    found = sums.setdefault(device, {})
                    found[cost.currency] = found.get(cost.currency, Decimal(0)) + amount
    return {
        device: DeviceCost(sums, _rounded(idle[device]), _rounded(free[device])) for device, sums in amounts.items()
    }


def _share(row: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(repr(min(float(row[name]) / max(row["amount"], 1), 1.0)))


def _rounded(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: amount.quantize(DIGITS) for currency, amount in amounts.items()}
