"""Machines that only a scheduler, Kubernetes or telemetry knows, and that nobody uses in some hours of the week."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, NOW_MS, REGION, billed, given
from trimtab.advice.facts import Facts, MachineUse, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Evidence, Pillar
from trimtab.advice.judging import said
from trimtab.advice.quiet import HOUR_MS, WEEK, crontabs, hour_of_week, quiet_hours, words
from trimtab.fleet.model import MachineKey

_WAYS: Mapping[str, tuple[str, str]] = {
    "slurm": (
        "scontrol update nodename={name} state=POWER_DOWN_ASAP reason='nobody uses it then'",
        "scontrol update nodename={name} state=POWER_UP",
    ),
    "kubernetes": (
        "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data && ipmitool -H {name}-bmc chassis power soft",
        "ipmitool -H {name}-bmc chassis power on && kubectl uncordon {name}",
    ),
    "": ("ssh {name} sudo systemctl poweroff", "ipmitool -H {name}-bmc chassis power on"),
}
"""By scheduler ("" none) how a machine goes off and comes back; SLURM's needs SuspendProgram and ResumeProgram."""
_UNMEASURED = (
    "not known: nothing measures what its GPUs draw while nobody uses it; its purchase and its place are paid anyhow"
)


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.machine_uses:
        yield _of_machine(one, facts, knobs)


def _of_machine(one: MachineUse, facts: Facts, knobs: Knobs) -> Outcome:
    path = f"{one.provider}/{one.account}/{one.region}/node/{one.name}"
    thing = Thing(path, "node", one.name, one.name, one.type, one.account, one.region, provider=one.provider,
                  machine=one.machine)  # fmt: skip
    if not one.used:
        return Unsure(thing, "nobody tells whether it was used")
    found = quiet_hours(one.used, facts.now_ms, int(knobs["weeks"]), int(knobs["stretch"]))
    if found is None:
        return Unsure(thing, f"its use is known in fewer than the {knobs['weeks'] + 1:g} weeks that are needed")
    if not any(one.used.values()) or len(found.hours) < knobs["hours"] or not found.proved:
        return Fine(thing)  # what is never used is idle, which other checks say
    if found.missed > knobs["missed"] / 100 * found.proved:
        return Fine(thing)
    hours, share = set(found.hours), len(found.hours) / WEEK
    bill, watts = facts.bill(thing), quiet_watts(facts, one, hours)
    is_owned = bill is not None and bool(bill.power)
    unknown = bill is not None and is_owned and watts is None
    return Found(
        thing,
        f"not used in {len(hours)} hours of the week: {words(hours)}",
        (
            said("held or at work", f"in {sum(one.used.values()):,} of {len(one.used):,} hours that are known"),
            said("learnt over", f"{found.weeks} weeks"),
            said("proved", f"used in {found.missed} of the {found.proved} of them in the last week"),
            *((Evidence("power of its GPUs in them", f"{watts:,.0f} W, mean"),) if watts is not None else ()),
        ),
        round(min((found.proved - found.missed + 1) / (found.proved + 2), 0.95), 3),
        share=share,
        money=Decimal(0) if unknown else None,
        money_note=_UNMEASURED,
        currency=bill.currency if bill is not None else "USD",
        kwh=watts / 1000 * share * HOURS_A_MONTH if watts is not None and is_owned else None,
        gpu_hours=one.gpus * HOURS_A_MONTH * share,
        words={"commands": _commands(one, hours)},
        advised=f"off {words(hours)}",
        hours=found.hours,
    )


def quiet_watts(facts: Facts, one: MachineUse, hours: set[int]) -> float | None:
    """What a machine's GPUs drew together in some hours of the week, the mean; None where none of them was measured.

    What else of the machine draws power, and GPUs that do not tell, are not in it. A machine that telemetry told of
    before its scheduler was connected has its GPUs under its name then.
    """
    means = []
    for gpu in facts.gpus:
        if gpu.machine == one.machine or (gpu.account, gpu.host) == (one.account, one.name):
            drawn = [watts for at, watts in zip(gpu.watts.times, gpu.watts, strict=True) if hour_of_week(at) in hours]
            means += [sum(drawn) / len(drawn)] if drawn else []
    return sum(means) if means else None


def _commands(one: MachineUse, hours: set[int]) -> str:
    """Lines of a crontab that keeps UTC."""
    ways = _WAYS.get(one.scheduler, _WAYS[""])
    lines = ["CRON_TZ=UTC"]
    for times, way in zip(crontabs(hours), ways, strict=True):
        lines += [f"{at} {way.format(name=one.name)}" for at in times]
    return "\n".join(lines)


def _use(name: str, weeks: int, late: int = 0, scheduler: str = "slurm") -> MachineUse:
    """A node of eight GPUs that is held from Monday to Friday from 8 to 18; in the last week `late` nights too."""
    used = {}
    for hour in range(NOW_MS // HOUR_MS - weeks * WEEK, NOW_MS // HOUR_MS):
        at = hour_of_week(hour * HOUR_MS)
        last = hour >= NOW_MS // HOUR_MS - late * 24
        used[hour * HOUR_MS] = last or (at < 120 and 8 <= at % 24 < 18)
    path = MachineKey(ACCOUNT, "hall", name).path
    return MachineUse(path, name, "local", ACCOUNT, REGION, scheduler, "H100", 8, used)


CHECK = Check(
    id="trimtab-quiet-nodes",
    name="Nodes That Nobody Uses at Night",
    pillar=Pillar.COST,
    about="A node of a SLURM or Kubernetes cluster, or one that only its telemetry tells of, that nobody holds at "
    "night or at weekends draws power then, or is billed by the hour. The hours of the week without use are learnt "
    "over the earlier weeks and proved on the last one. One's own saves its electricity alone, as its GPUs were "
    "measured to draw it, with the hall's part, at the bill's price; one that is rented saves what its bill asks by "
    "the hour, once commitments are applied again; a contract that bills it whatever is used saves GPU-hours and no "
    "cash.",
    alert="not held and not at work in 24 hours or more of every week but the last, and in at most 2 % of them in the "
    "last",
    source="https://slurm.schedmd.com/power_save.html",
    settings=(
        Setting("weeks", 2, "weeks", "to learn on, beside the last one, which proves", "twice is a rhythm"),
        Setting("stretch", 4, "hours", "that a stop must last", "a start takes minutes and somebody's patience"),
        Setting("hours", 24, "hours a week", "without use from which it is told", "a day of seven"),
        Setting("missed", 2, "%", "of those hours that may have been used in the last week", "an hour of a weekend"),
    ),
    judge=_judge,
    wants=frozenset({Want.BILL, Want.GPUS, Want.USES}),
    action=Action.STOP,
    effort=Effort.LOW,
    restart=True,
    fix="{commands}",
    examples=Examples(
        Example(
            "held in office hours for four weeks",
            given(machine_uses=(_use("gpu-01", 4),), bills={"gpu-01": billed("16000.00")}),
            ("gpu-01",),
        ),
        Example("held at night in the last week", given(machine_uses=(_use("gpu-02", 4, late=2),))),
        Example("known for two weeks", given(machine_uses=(_use("gpu-03", 2),)), (), ("gpu-03",)),
    ),
)  # fmt: skip
