"""Companies made for the plan: machines hour by hour, what is committed to, findings, and the true invoice of each.

The invoice is worked out here in plain Python, without anything of the plan's own: plans for one family, then the one
for all, each on the cheapest first, and the rest on demand.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

import numpy as np

from trimtab.advice.finding import Action as Fix
from trimtab.advice.finding import Finding, Pillar
from trimtab.advice.plan.books import Books, Part
from trimtab.advice.plan.model import Target
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import Holdings, Payment, Plan, PlanKind, Use, UseLine
from trimtab.advice.purchases.rates import Basis, Rates, Share

ACCOUNT, REGION = "111111111111", "us-east-1"
RATES = {
    "p5.48xlarge": 55.04, "p4d.24xlarge": 21.96, "g5.xlarge": 1.006, "g5.2xlarge": 1.212, "g5.4xlarge": 1.624,
    "m5.xlarge": 0.192, "m5.2xlarge": 0.384, "m5.4xlarge": 0.768, "c6i.2xlarge": 0.34,
}  # fmt: skip
SMALLER = {"g5.4xlarge": "g5.2xlarge", "g5.2xlarge": "g5.xlarge", "m5.4xlarge": "m5.2xlarge", "m5.2xlarge": "m5.xlarge"}
OTHER = {"m5.2xlarge": "c6i.2xlarge", "p5.48xlarge": "p4d.24xlarge"}
FAMILY_SHARE, ALL_SHARE = {"p5": 0.56, "p4d": 0.6, "g5": 0.62, "m5": 0.63, "c6i": 0.63}, 0.72


@dataclass(frozen=True)
class Machine:
    """A machine: in which hours it runs, and what it becomes by which finding."""

    name: str
    type: str
    hours: tuple[bool, ...]


@dataclass(frozen=True)
class Change:
    """What a finding would do to a machine: nothing is left of it, or it becomes another."""

    machine: str
    becomes: str
    finding: Finding


@dataclass(frozen=True)
class Company:
    """A company, and what could be done."""

    machines: tuple[Machine, ...]
    changes: tuple[Change, ...]
    family_plans: dict[str, float] = field(default_factory=dict)
    plan: float = 0.0

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
        return Books.of(Use.hourly(lines, quantity), Holdings(plans), parts)

    def without(self, changes: "list[Change]") -> "Company":
        """The company once changes are made."""
        becomes = {one.machine: one.becomes for one in changes}
        kept = [
            replace(one, type=becomes.get(one.name, one.type), hours=one.hours if becomes.get(one.name, "x") else
                    (False,) * self.hours)
            for one in self.machines
        ]  # fmt: skip
        return replace(self, machines=tuple(kept))

    def invoice(self) -> float:
        """Dollars a month of 730 hours, commitments included."""
        fees = sum(self.family_plans.values()) + self.plan
        return (sum(self._hour(at) for at in range(self.hours)) / self.hours + fees) * 730

    def _hour(self, at: int) -> float:
        left: dict[str, float] = {}
        for one in self.machines:
            if one.hours[at]:
                left[one.type] = left.get(one.type, 0.0) + RATES[one.type]
        pots = [(name, amount, FAMILY_SHARE[name]) for name, amount in self.family_plans.items()]
        for family, amount, share in [*pots, ("", self.plan, ALL_SHARE)]:
            rest = amount
            for name in sorted(left, key=lambda one: (share, share * RATES[one])):
                if family and family_of(name) != family:
                    continue
                pays = min(left[name] * share, rest)
                left[name] -= pays / share
                rest -= pays
        return sum(left.values())

    def targets(self, finding: Finding) -> Target | None:
        """The machine that a finding advises."""
        return Target(finding.advised, Decimal(str(RATES[finding.advised]))) if finding.advised in RATES else None


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
