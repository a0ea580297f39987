"""AWS's own right-sizing rows of the Well-Architected Labs: computed anew by the product's rule, row by row.

Inputs of a row are its type, system, region, hours and highest CPU. A row is *wrong* where the rule says another
action, another projected CPU, or another saving where a price is known; AWS shows three options of those that the rule
allows, and which three is not among the inputs, so each option that AWS shows must be one of ours. Prices are those of
the catalogue (us-east-1, Linux), with what Windows and RHEL add by AWS's price list; elsewhere the saving is left open
and counted as such.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from trimtab.advice.rightsizing.prices import WINDOWS_A_VCPU
from trimtab.advice.rightsizing.strategies.cost_explorer import Smaller, month_of, smaller, terminates
from trimtab.inventory.catalog.book import HOME, load
from trimtab.inventory.catalog.model import InstanceType

FILE = "ec2_rightsizing_recommendations.csv"
_REGIONS = {"US East (N. Virginia)": HOME}
_WINDOWS_BURSTABLE = {
    "t2": {"nano": "0.0023", "micro": "0.0046", "small": "0.009", "medium": "0.018", "large": "0.028"},
    "t3": {
        "nano": "0.0046",
        "micro": "0.0092",
        "small": "0.0184",
        "medium": "0.0184",
        "large": "0.0276",
        "xlarge": "0.0736",
        "2xlarge": "0.1472",
    },
}
"""USD an hour that Windows adds to burstable types: AWS's price list for Windows less that for Linux."""
_RHEL_SMALL, _RHEL_LARGE = Decimal("0.06"), Decimal("0.13")
"""USD an hour that RHEL added until July 2024, to machines of up to 4 vCPUs and to larger ones."""
_OLD = {"t1.micro": Decimal("0.02"), "m3.large": Decimal("0.133"), "m3.xlarge": Decimal("0.266")}
"""USD an hour of types that the catalogue does not hold any more, us-east-1, Linux."""
_OLD_TYPES = {
    "t1.micro": (1, 0.613),
    "m3.medium": (1, 3.75),
    "m3.large": (2, 7.5),
    "m3.xlarge": (4, 15.0),
    "m3.2xlarge": (8, 30.0),
    "c3.large": (2, 3.75),
    "c3.xlarge": (4, 7.5),
    "c3.2xlarge": (8, 15.0),
    "c3.4xlarge": (16, 30.0),
    "c3.8xlarge": (32, 60.0),
}
"""vCPUs and GiB of retired types: their public specifications."""
_ROUNDING = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a row: `problems` make it wrong, `notes` say what was left open, and why."""

    number: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def rows(directory: Path) -> list[Row]:
    """Every row of the file; none where the directory has no such file."""
    path = directory / FILE
    if not path.exists():
        found = sorted(directory.glob("*rightsizing*.csv"))
        if not found:
            return []
        path = found[0]
    types = _types()
    with path.open(newline="") as text:
        return [_judged(row, types) for row in csv.DictReader(text)]


def _types() -> dict[str, InstanceType]:
    known = dict(load().types)
    for name, (vcpus, gib) in _OLD_TYPES.items():
        known.setdefault(name, InstanceType(name, vcpus, gib, "", 0.0, "", None, "public"))
    return known


def _judged(row: Mapping[str, str], types: Mapping[str, InstanceType]) -> Row:
    own = types.get(row["instance_type"])
    if own is None:
        return Row(row["row"], (), (f"{row['instance_type']} is not in the catalogue",))
    cpu = float(row["cpu_max_pct"])
    problems: list[str] = []
    notes: list[str] = []
    action = "Terminate" if terminates(cpu) else "Modify"
    if action != row["action"]:
        problems.append(f"AWS says {row['action']}, the rule {action}")
    elif action == "Terminate":
        _compare(row, own, None, row.get("sav1_usd", ""), problems, notes)
    else:
        ours = {one.type.type: one for one in smaller(own, types.values(), cpu)}
        shown = list(_shown(row))
        for name, saving, projected in shown:
            _option(row, own, ours.get(name), (name, saving, projected), problems, notes)
        left = [name for name in ours if name not in {name for name, _, _ in shown}]
        if left and len(shown) < 3 and not row["os"].startswith("Windows"):
            notes.append(f"the rule allows {', '.join(left)} too")
    return Row(row["row"], tuple(problems), tuple(dict.fromkeys(notes)))


def _option(
    row: Mapping[str, str],
    own: InstanceType,
    one: Smaller | None,
    shown: tuple[str, str, str],
    problems: list[str],
    notes: list[str],
) -> None:
    name, saving, projected = shown
    if one is None:
        problems.append(f"{name} is not an option of the rule")
        return
    if projected and abs(one.cpu - float(projected)) > 0.02:
        problems.append(f"{name}: projected CPU {one.cpu:.2f}, AWS has {projected}")
    _compare(row, own, one.type, saving, problems, notes)


def _compare(
    row: Mapping[str, str],
    own: InstanceType,
    to: InstanceType | None,
    saving: str,
    problems: list[str],
    notes: list[str],
) -> None:
    if not saving:
        return
    hours = Decimal(row["od_h"])
    before = price_of(own, row["os"], row["region"])
    after = price_of(to, row["os"], row["region"]) if to is not None else Decimal(0)
    if hours == 0:
        ours = Decimal("0.00")
    elif before is None or after is None:
        notes.append(f"saving left open: no {row['os']} price in {row['region']}")
        return
    else:
        ours = month_of(before - after, hours)
    told = Decimal(saving)
    if abs(ours - told) > max(_ROUNDING, told * Decimal("0.005")):
        problems.append(f"{to.type if to else 'terminate'}: saves {ours}, AWS has {told}")


def price_of(one: InstanceType, system: str, place: str) -> Decimal | None:
    """USD an hour on demand of a type with a system at a place, as AWS's files name them; None: not known."""
    region = _REGIONS.get(place)
    if region is None:
        return None
    listed = load().price(one.type, 1_796_000_000_000, region)
    base = listed.per_hour if listed is not None else _OLD.get(one.type)
    if base is None:
        return None
    match system:
        case "Linux/UNIX":
            return base
        case "Windows (Amazon VPC)" | "Windows":
            family, _, size = one.type.partition(".")
            more = _WINDOWS_BURSTABLE.get(family)
            if more is None:
                return base + WINDOWS_A_VCPU * one.vcpus
            return base + Decimal(more[size]) if size in more else None
        case "Red Hat Enterprise Linux":
            return base + (_RHEL_SMALL if one.vcpus <= 4 else _RHEL_LARGE)
    return None


def _shown(row: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for number in (1, 2, 3):
        if row.get(f"rec{number}"):
            yield row[f"rec{number}"], row.get(f"sav{number}_usd", ""), row.get(f"cpu{number}", "")
