"""Companies made for the plan: machines hour by hour, what is committed to, findings, and the true invoice of each.

The invoice is worked out here in plain Python, without anything of the plan's own: reservations, the smallest machine
first, then plans for one family, then the one for all, each on the cheapest first, and the rest on demand; spot by its
price in the hour, and what is no machine by the month.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import numpy as np

from trimtab.advice.finding import Action as Fix
from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.plan.books import Books, Part
from trimtab.advice.plan.model import Target
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import Holdings, Payment, Plan, PlanKind, Reservation, Use, UseLine
from trimtab.advice.purchases.rates import Basis, Rates, Share
from trimtab.base.records import replace

ACCOUNT, REGION = "111111111111", "us-east-1"
RATES = {
    "p5.48xlarge": 55.04, "p4d.24xlarge": 21.96, "g5.xlarge": 1.006, "g5.2xlarge": 1.212, "g5.4xlarge": 1.624,
    "m5.xlarge": 0.192, "m5.2xlarge": 0.384, "m5.4xlarge": 0.768, "c6i.2xlarge": 0.34,
}  # fmt: skip
SMALLER = {"g5.4xlarge": "g5.2xlarge", "g5.2xlarge": "g5.xlarge", "m5.4xlarge": "m5.2xlarge", "m5.2xlarge": "m5.xlarge"}
OTHER = {"m5.2xlarge": "c6i.2xlarge", "p5.48xlarge": "p4d.24xlarge"}
LOST = 0.03
FAMILY_SHARE, ALL_SHARE = {"p5": 0.56, "p4d": 0.6, "g5": 0.62, "m5": 0.63, "c6i": 0.63}, 0.72


@dataclass(frozen=True)
class Machine:
    """A machine: in which hours it runs, and whether on spot."""

    name: str
    type: str
    hours: tuple[bool, ...]
    spot: bool = False


@dataclass(frozen=True)
class Change:
    """What a finding would do to a machine: nothing is left of it, or it becomes another.

    `off` are the hours of the week (0: Monday 00:00 UTC) in which alone it stops, `spot` moves it there as it is.
    """

    machine: str
    becomes: str
    finding: Finding
    off: frozenset[int] = frozenset()
    spot: bool = False


@dataclass(frozen=True)
class Reserved:
    """Machines that are reserved: any size of their family counts by its units, or only theirs."""

    type: str
    count: int
    hourly: float
    flexible: bool = True
    end_ms: int = 0


@dataclass(frozen=True)
class Company:
    """A company, and what could be done."""

    machines: tuple[Machine, ...]
    changes: tuple[Change, ...]
    family_plans: dict[str, float] = field(default_factory=dict)
    plan: float = 0.0
    reserved: tuple[Reserved, ...] = ()
    flat: dict[str, float] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    """By plan when it ends: `all`, or `family-` and its family."""

    @property
    def hours(self) -> int:
        """Hours of its history."""
        return len(self.machines[0].hours)

    @property
    def rates(self) -> Rates:
        """What its commitments charge."""
        source = "", ""
        common = 1, Payment.NO_UPFRONT, "AmazonEC2"
        return Rates(
            [
                *(Share(PlanKind.EC2_INSTANCE, *common, name, Decimal(str(share)), Basis.OWN, *source)
                  for name, share in FAMILY_SHARE.items()),
                Share(PlanKind.COMPUTE, *common, "*", Decimal(str(ALL_SHARE)), Basis.OWN, *source),
            ]
        )  # fmt: skip

    def books(self) -> Books:
        """Its bill, as the plan reads it."""
        types = sorted({one.type for one in self.machines})
        lines = tuple(line_of(one) for one in types)
        quantity = np.zeros((len(types), self.hours))
        parts: dict[str, tuple[Part, ...]] = {}
        for one in self.machines:
            runs = np.array(one.hours, dtype=np.float64)
            at = types.index(one.type)
            quantity[at] += runs
            parts[one.name] = ((at, runs),)
        plans = tuple(
            Plan(f"family-{name}", ACCOUNT, PlanKind.EC2_INSTANCE, Decimal(str(amount)), family=name, region=REGION)
            for name, amount in self.family_plans.items()
        )
        plans += (Plan("all", ACCOUNT, PlanKind.COMPUTE, Decimal(str(self.plan))),) if self.plan else ()
        plans = tuple(replace(one, end_ms=self.ends.get(one.id, 0)) for one in plans)
        held = Holdings(plans, tuple(self._reservation(at) for at in range(len(self.reserved))))
        prices = {(name, REGION): np.array([spot_price(name, at) for at in range(self.hours)]) for name in RATES}
        flat = {name: Decimal(str(amount)) for name, amount in self.flat.items()}
        return replace(Books.of(Use.hourly(lines, quantity), held, parts), flat=flat, spot=prices)

    def _reservation(self, at: int) -> Reservation:
        one = self.reserved[at]
        return Reservation(
            f"reserved-{at}", ACCOUNT, one.type, REGION, one.count, Decimal(str(one.hourly)),
            family=family_of(one.type), units=units_of(one.type), flexible=one.flexible, end_ms=one.end_ms,
        )  # fmt: skip

    def without(self, changes: "list[Change]") -> "Company":
        """The company once changes are made."""
        made = {one.machine: one for one in changes}
        flat = {name: amount for name, amount in self.flat.items() if name not in made}
        return replace(self, machines=tuple(_changed(one, made.get(one.name)) for one in self.machines), flat=flat)

    def invoice(self) -> float:
        """Dollars a month of 730 hours, commitments included."""
        fees = sum(self.family_plans.values()) + self.plan + sum(one.hourly * one.count for one in self.reserved)
        hours = sum(self._hour(at) for at in range(self.hours)) / self.hours
        return (hours + fees) * 730 + sum(self.flat.values())

    def _hour(self, at: int) -> float:
        left: dict[str, float] = {}
        spot = 0.0
        for one in self.machines:
            if one.hours[at] and one.spot:
                spot += spot_price(one.type, at) * (1 + LOST)
            elif one.hours[at]:
                left[one.type] = left.get(one.type, 0.0) + RATES[one.type]
        self._reserve(left)
        pots = [(name, amount, FAMILY_SHARE[name]) for name, amount in self.family_plans.items()]
        for family, amount, share in [*pots, ("", self.plan, ALL_SHARE)]:
            rest = amount
            for name in sorted(left, key=lambda one: (share, share * RATES[one])):
                if family and family_of(name) != family:
                    continue
                pays = min(left[name] * share, rest)
                left[name] -= pays / share
                rest -= pays
        return sum(left.values()) + spot

    def _reserve(self, left: dict[str, float]) -> None:
        """Take what reservations cover out of what is left of an hour."""
        for one in self.reserved:
            units = one.count * float(units_of(one.type))
            for name in sorted(left, key=lambda each: units_of(each)):
                fits = family_of(name) == family_of(one.type) if one.flexible else name == one.type
                if fits:
                    machines = min(left[name] / RATES[name], units / float(units_of(name)))
                    left[name] -= machines * RATES[name]
                    units -= machines * float(units_of(name))

    def targets(self, finding: Finding) -> Target | None:
        """The machine that a finding advises."""
        if finding.lost is not None:
            mean = sum(spot_price(finding.current, at) for at in range(self.hours)) / self.hours
            return Target(finding.current, Decimal(str(mean)), spot=True)
        return Target(finding.advised, Decimal(str(RATES[finding.advised]))) if finding.advised in RATES else None


def _changed(one: Machine, change: Change | None) -> Machine:
    if change is None:
        return one
    if change.spot:
        return replace(one, spot=True)
    off = change.off or frozenset(range(168) if not change.becomes else ())
    hours = tuple(on and hour_of_week(at) not in off for at, on in enumerate(one.hours))
    return replace(one, type=change.becomes or one.type, hours=hours)


def hour_of_week(at: int) -> int:
    """The hour of the week of an hour since 1970 began, a Thursday; 0 is Monday 00:00."""
    return (at + 3 * 24) % 168


def spot_price(type_: str, at: int) -> float:
    """What an hour on spot costs: dearer by day, and each type at its own time."""
    by_day = 8 <= (at + len(type_)) % 24 < 20
    return RATES[type_] * (0.55 if by_day else 0.3)


def line_of(type_: str) -> UseLine:
    """The use of a type."""
    rate = Decimal(str(RATES[type_]))
    return UseLine(
        ACCOUNT, "AmazonEC2", REGION, type_, rate, family=family_of(type_), units=units_of(type_),
        usage_type=f"BoxUsage:{type_}",
    )  # fmt: skip


def finding(
    machine: Machine, becomes: str, check: str = "", takes: float = 1.0, part: str = "", parts: int = 1
) -> Finding:
    """What a check says of a machine: that it is idle, or should be another one."""
    return Finding(
        check or ("idle" if not becomes else "size"), Pillar.COST, f"aws/{machine.name}{part}", "ec2:instance",
        machine.name, ACCOUNT, REGION, "idle" if not becomes else f"{becomes} would do", part=becomes,
        action=Fix.STOP if not becomes else Fix.RIGHTSIZE, current=machine.type, advised=becomes,
        billed_as=machine.name, takes=takes, parts=parts,
    )  # fmt: skip


def company(seed: int, machines: int = 8, most_changes: int = 8, hours: int = 168) -> Company:
    """A company of its own kind for each seed: what runs, when, what is committed to, and what is idle or too large."""
    random = Random(seed)
    made = []
    for number in range(machines):
        type_ = random.choice(list(RATES))
        first, every = random.randrange(24), random.choice((24, 24, 24, 10, 8))
        steady = every == 24
        runs = tuple(steady or (at - first) % 24 < every for at in range(hours))
        made.append(Machine(f"i-{number:03}", type_, runs))
    changes = []
    for one in random.sample(made, min(len(made), most_changes)):
        options = ["", SMALLER.get(one.type, ""), OTHER.get(one.type, "")]
        said = dict.fromkeys(random.sample(options, random.choice((1, 1, 2, 3))))
        changes += [Change(one.name, becomes, finding(one, becomes)) for becomes in said]
    changes = changes[:most_changes]
    used: dict[str, float] = {}
    for one in made:
        share = sum(one.hours) / hours
        used[family_of(one.type)] = used.get(family_of(one.type), 0.0) + RATES[one.type] * share
    families = {
        name: round(amount * FAMILY_SHARE[name] * random.choice((0.4, 0.9, 1.3)), 3)
        for name, amount in used.items()
        if random.random() < 0.5
    }
    everything = sum(used.values()) * ALL_SHARE
    return Company(tuple(made), tuple(changes), families, round(everything * random.choice((0.0, 0.0, 0.2, 0.6)), 3))


def scheduled(machine: Machine, off: frozenset[int]) -> Change:
    """A machine that need not run in some hours of the week."""
    said = replace(finding(machine, "", "quiet hours"), hours=tuple(sorted(off)))
    return Change(machine.name, "", said, off)


def spotted(machine: Machine) -> Change:
    """A machine whose work may be interrupted."""
    said = replace(finding(machine, machine.type, "spot"), part="", lost=LOST, action=Fix.RIGHTSIZE)
    return Change(machine.name, machine.type, said, spot=True)


def deleted(name: str, amount: float) -> Change:
    """Something that is no machine and can go."""
    said = Finding(
        "unused", Pillar.COST, f"aws/{name}", "ec2:volume", name, ACCOUNT, REGION, "nobody uses it", action=Fix.DELETE,
        billed_as=name, takes=0.0, estimate=Decimal(str(amount)),
    )  # fmt: skip
    return Change(name, "", said)


def any_company(seed: int, machines: int = 8, most_changes: int = 12) -> Company:
    """A company with reservations beside its plans, whose machines can be scheduled or put on spot too, and volumes."""
    random = Random(seed)
    one = company(seed, machines, most_changes)
    changes = list(one.changes)
    for machine in random.sample(one.machines, min(6, machines)):
        first = random.randrange(168)
        off = frozenset((first + at) % 168 for at in range(random.choice((12, 48, 60))))
        changes.append(random.choice((scheduled(machine, off), spotted(machine))))
    flat = {f"vol-{at}": round(random.uniform(5, 200), 2) for at in range(2)}
    changes += [deleted(name, amount) for name, amount in flat.items()]
    random.shuffle(changes)
    types = sorted({machine.type for machine in one.machines})
    reserved = tuple(
        Reserved(name, random.choice((1, 1, 2)), round(RATES[name] * random.choice((0.55, 0.65)), 4),
                 random.choice((True, False)))
        for name in random.sample(types, min(2, len(types)))
    )  # fmt: skip
    return replace(one, changes=tuple(changes[:most_changes]), reserved=reserved, flat=flat)
